"""A directory as a place for shared clips, such as one on a file server."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cogvid_pipeline.durable import make_directory_durably, move_durably, replace_durably, staging_beside
from cogvid_pipeline.errors import DamagedObject, StateError, StoreError
from cogvid_pipeline.remote.bucket import BLOCK, Object

_STAGING = re.compile(r"\..+\.[0-9]+\.tmp")


@dataclass(frozen=True)
class Folder:
    """A bucket in a directory, which must be there: one that is not may be a disk that is not mounted."""

    root: Path

    @property
    def address(self) -> str:
        return str(self.root)

    def size(self, key: str) -> int | None:
        with self._failures_named():
            self._check_there()
            path = self.root / key
            try:
                status = path.stat()
            except FileNotFoundError:
                if not self._leads_nowhere(path):
                    return None
            else:
                if stat.S_ISREG(status.st_mode):
                    return status.st_size
        raise DamagedObject(
            f"{path} is damaged: it is no regular file", hint="see what put it there, and remove it"
        )

    def read(self, key: str, start: int, end: int) -> bytes:
        with self._failures_named(), (self.root / key).open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    def holds(self, key: str, file: Path) -> bool:
        if self.size(key) != file.stat().st_size:
            return False
        with self._failures_named(), (self.root / key).open("rb") as there, file.open("rb") as here:
            while block := here.read(BLOCK):
                if there.read(len(block)) != block:
                    return False
        return True

    def upload(self, file: Path, key: str) -> None:
        path = self._writable(key)
        with self._failures_named():
            staging = staging_beside(path)
            try:
                with staging.open("xb") as target, file.open("rb") as source:
                    while block := source.read(BLOCK):
                        target.write(block)
                move_durably(staging, path)
            finally:
                staging.unlink(missing_ok=True)

    def write(self, key: str, data: bytes) -> None:
        path = self._writable(key)
        with self._failures_named():
            replace_durably(path, data)

    def objects(self, below: str) -> Iterator[Object]:
        with self._failures_named():
            for path in self._files(self.root / below):
                if not _STAGING.fullmatch(path.name):
                    status = path.stat()
                    key = path.relative_to(self.root).as_posix()
                    yield Object(key, status.st_size, status.st_mtime)

    def remove(self, key: str) -> None:
        with self._failures_named():
            (self.root / key).unlink(missing_ok=True)

    def abandoned(self, before: float) -> dict[str, Callable[[], None]]:
        with self._failures_named():
            left = [
                path.relative_to(self.root).as_posix()
                for below in ("clips", "requests", "work")
                for path in self._files(self.root / below)
                if _STAGING.fullmatch(path.name) and path.stat().st_mtime < before
            ]
        return {key: partial(self.remove, key) for key in left}

    def _files(self, below: Path) -> Iterator[Path]:
        self._check_there()
        for at, _, names in os.walk(below):
            yield from (path for name in sorted(names) if (path := Path(at, name)).is_file())

    def _leads_nowhere(self, path: Path) -> bool:
        """Whether a link on the way to what is not there is why it is not."""
        way = (path, *path.parents)[: len(path.relative_to(self.root).parts)]
        return any(each.is_symlink() and not each.exists() for each in way)

    def _writable(self, key: str) -> Path:
        path = self.root / key
        with self._failures_named():
            self._check_there()
            make_directory_durably(path.parent)
        return path

    def _check_there(self) -> None:
        if not self.root.is_dir():
            raise StoreError(
                f"the shared store {self.root} is not there",
                hint="mount it, or make the directory if it is to be a new one",
            )

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = f": {error.filename}" if error.filename else ""
            raise StoreError(
                f"the shared store {self.root} cannot be used: {error.strerror or error}{where}"
            ) from error
        except StateError as error:
            raise StoreError(f"the shared store cannot be used: {error}", hint=error.hint) from error

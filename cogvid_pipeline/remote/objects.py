"""An object store, or whatever else fsspec knows, as a place for shared clips."""

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cogvid_pipeline.errors import StoreError, in_a_line
from cogvid_pipeline.remote.bucket import BLOCK, Object

# Not all servers know the newer checksums, and some answer with that of the whole to who asks for a part.
# What comes is checked by its digest anyway, what is sent by its MD5.
_S3 = {
    "config_kwargs": {
        "connect_timeout": 10,
        "read_timeout": 15,
        "retries": {"max_attempts": 1},  # once more, and s3fs tries all of it again
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
}
_ACCESS = "see that there are credentials in the environment, and that they may read, write and list there"
_LATER = "run the command again when it answers; what has been done stays done"


class Objects:
    """A bucket at an address with a scheme that fsspec knows. Credentials come from the environment."""

    def __init__(self, address: str) -> None:
        """Raises ModuleNotFoundError where what knows the scheme is not installed."""
        self.address = address
        self._s3 = address.startswith("s3://")
        for needed in ("fsspec", "s3fs") if self._s3 else ("fsspec",):
            if find_spec(needed) is None:
                raise ModuleNotFoundError(f"{needed} is missing", name=needed)

    @cached_property
    def _place(self) -> tuple[Any, str]:
        """The file system and the path in it: it takes a while to load, and an idle run needs none."""
        from fsspec.core import url_to_fs

        options: dict[str, Any] = _S3 if self._s3 else {}
        files, root = url_to_fs(self.address, use_listings_cache=False, skip_instance_cache=True, **options)
        if self._s3:
            files.retries = 2  # who waits for a server that says nothing is told so within a minute or so
            # What fails is raised to who asked; what else comes are echoes of it, as tracebacks.
            files.loop.set_exception_handler(lambda *_: None)
        return files, root.rstrip("/")

    @property
    def _files(self) -> Any:
        return self._place[0]

    @property
    def _root(self) -> str:
        return self._place[1]

    def size(self, key: str) -> int | None:
        info = self._info(key)
        return None if info is None else int(info["size"])

    def read(self, key: str, start: int, end: int) -> bytes:
        with self._failures_named():
            data: bytes = self._files.cat_file(self._path(key), start=start, end=end)
            return data

    def holds(self, key: str, file: Path) -> bool:
        info = self._info(key)
        if info is None or info["size"] != (size := file.stat().st_size):
            return False
        if self._s3 and str(info.get("ETag", "")).strip('"') == _md5(file).hexdigest():
            return True
        # Only of what went up in one piece, and is not encrypted with a key of one's own, is the tag an MD5.
        with file.open("rb") as here:
            return all(
                here.read(BLOCK) == self.read(key, start, min(start + BLOCK, size))
                for start in range(0, size, BLOCK)
            )

    def upload(self, file: Path, key: str) -> None:
        with self._failures_named():
            if self._s3:
                md5 = base64.b64encode(_md5(file).digest()).decode()
                # One request for up to 5 GB: what is sent in one is there whole or not at all.
                self._files.put_file(str(file), self._path(key), chunksize=5 * 2**30, ContentMD5=md5)
            else:
                self._files.put_file(str(file), self._path(key))

    def write(self, key: str, data: bytes) -> None:
        with self._failures_named():
            self._files.pipe_file(self._path(key), data)

    def objects(self, below: str) -> Iterator[Object]:
        with self._failures_named():
            found: dict[str, dict[str, Any]] = self._files.find(self._path(below), detail=True)
        for path, info in found.items():
            yield Object(path[len(self._root) + 1 :], int(info["size"]), _seconds(info))

    def remove(self, key: str) -> None:
        with self._failures_named():
            self._files.rm_file(self._path(key))

    def abandoned(self, before: float) -> dict[str, Callable[[], None]]:
        """Parts that went up to S3; cogvid sends none, but what copies a store from place to place may."""
        if not self._s3:
            return {}
        with self._failures_named():
            bucket, _, prefix = self._root.partition("/")
            try:
                uploads: list[dict[str, Any]] = self._files.list_multipart_uploads(bucket)
            except FileNotFoundError:  # how some servers say that there are none
                return {}
        return {
            f"{upload['Key']} (parts)": partial(
                self._files.abort_mpu, bucket, upload["Key"], upload["UploadId"]
            )
            for upload in uploads
            if upload["Key"].startswith(f"{prefix}/" if prefix else "")
            and upload["Initiated"].timestamp() < before
        }

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _info(self, key: str) -> dict[str, Any] | None:
        with self._failures_named():
            try:
                info: dict[str, Any] = self._files.info(self._path(key))
            except FileNotFoundError:
                return None
        return info if info.get("type") == "file" else None

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        """Whatever a library says goes as one StoreError; they all have exceptions of their own."""
        try:
            yield
        except PermissionError as error:
            raise StoreError(
                f"the shared store {self.address} refuses: {in_a_line(error)}", hint=_ACCESS
            ) from error
        except Exception as error:
            hint = _ACCESS if "credentials" in str(error) else _LATER
            raise StoreError(
                f"the shared store {self.address} cannot be used: {in_a_line(error)}", hint=hint
            ) from error


def _md5(file: Path) -> "hashlib._Hash":
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False))


def _seconds(info: dict[str, Any]) -> float:
    """When an object was written; now where nobody knows, which keeps it."""
    for name in ("LastModified", "last_modified", "mtime", "created", "updated"):
        moment = info.get(name)
        if isinstance(moment, datetime):
            return moment.timestamp()
        if isinstance(moment, int | float):
            return float(moment)
    return time.time()

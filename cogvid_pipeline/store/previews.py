"""Keep previews in a folder, beside a record of what each was made from."""

import json
import os
import re
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from cogvid_pipeline.durable import make_ignored_directory, replace_durably, write_failures_named
from cogvid_pipeline.errors import StateError
from cogvid_pipeline.store.clips import digest_of_file

_RECORD = ".previews.json"
_VERSION = 1

# Far above what ten thousand shots need.
_LARGEST_RECORD = 10_000_000

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_STAGING = re.compile(r"\..+\.mp4\.(\d+)\.tmp")


class PreviewFolder:
    """`previews/` in a project, or a folder in it for an environment.

    Whatever is wrong with the record, or was done to a file, only means that previews are rendered again;
    files that are not as they were made here are never deleted. Raises StateError when the disk refuses.
    """

    def __init__(self, project: Path, environment: str = "") -> None:
        folder = project / "previews"
        _check_inside(project, folder / environment)
        self.directory = make_ignored_directory(folder, environment)
        self._made = dict(_read(self.directory / _RECORD))

    def path(self, shot: str) -> Path:
        """Where the preview of a shot lies, or is to lie."""
        return self.directory / f"{shot}.mp4"

    def find(self, shot: str, key: str) -> str | None:
        """The digest of the preview that was made from this; None where there is none, or not as it was."""
        known, digest = self._made.get(shot, ("", ""))
        return digest if known == key and self._is_as_made(shot) else None

    def add(self, shot: str, key: str) -> str:
        """Note what the preview at `path` was made from. Its digest comes back."""
        digest = digest_of_file(self.path(shot))
        self._made[shot] = (key, digest)
        return digest

    def keep_only(self, shots: Container[str]) -> list[str]:
        """Delete the previews of all other shots, whose names come back."""
        gone = [shot for shot in self._made if shot not in shots]
        with write_failures_named(self.directory):
            deleted = [shot for shot in gone if self._is_as_made(shot)]
            for shot in deleted:
                self.path(shot).unlink()
        for shot in gone:
            del self._made[shot]
        return deleted

    def close(self) -> None:
        """Write the record, and delete what processes that have ended left unfinished."""
        with write_failures_named(self.directory):
            for staging in self._abandoned():
                staging.unlink(missing_ok=True)
        document = {"version": _VERSION, "previews": {shot: list(made) for shot, made in self._made.items()}}
        replace_durably(self.directory / _RECORD, json.dumps(document, indent=1, sort_keys=True).encode())

    def _is_as_made(self, shot: str) -> bool:
        path = self.path(shot)
        try:
            return path.is_file() and not path.is_symlink() and digest_of_file(path) == self._made[shot][1]
        except StateError:
            return False

    def _abandoned(self) -> Iterator[Path]:
        for path in self.directory.iterdir():
            found = _STAGING.fullmatch(path.name)
            if found and not _is_alive(int(found[1])):
                yield path


def _read(record: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """What a record says that makes sense."""
    document: Any = None
    with suppress(OSError, ValueError, RecursionError), record.open("rb") as file:
        document = json.loads(file.read(_LARGEST_RECORD))
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        return
    made = document.get("previews")
    for shot, entry in made.items() if isinstance(made, dict) else ():
        match entry:
            case [str(key), str(digest)] if _NAME.fullmatch(shot) and _DIGEST.fullmatch(digest):
                yield shot, (key, digest)


def _check_inside(project: Path, folder: Path) -> None:
    root, real = project.resolve(), folder.resolve()
    if not real.is_relative_to(root):
        raise StateError(
            f"{folder} leads to {real}, which is outside {root}", hint="remove the link, or move it away"
        )


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True

"""Notice that files of a project were changed.

By looking again and again: what an operating system tells of changes does not reach containers, network
drives and WSL, and a project has few files.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

# A save is several steps for many editors, and a checkout many.
_SECONDS_OF_REST = 0.2

# Looking takes at most this part of the time, however many files there are.
_SHARE = 0.1

_MOST_FILES = 100_000
_OTHERS = frozenset({"node_modules", "__pycache__"})


class Stamp(NamedTuple):
    """What differs when a file was written: its number in the file system, its size, its time."""

    number: int
    size: int
    nanoseconds: int


class Watched:
    """The files in `root` and below, without what is hidden or in `apart`, and the files `besides`."""

    def __init__(self, root: Path, *, apart: Iterable[Path] = (), besides: Iterable[Path] = ()) -> None:
        self._root = root
        self._apart = {path.resolve() for path in apart}
        self._besides = tuple(besides)
        self._seen = self._look()

    def changes(self) -> Iterator[set[str]]:
        """The paths that were changed, each time that some were, once they have come to rest."""
        while True:
            before, began = self._seen, time.monotonic()
            self._seen = self._look()
            took = time.monotonic() - began
            if changed := {path for path, _ in before.items() ^ self._seen.items()}:
                changed |= self._until_at_rest()
                yield changed
            time.sleep(max(_SECONDS_OF_REST, took / _SHARE))

    def _until_at_rest(self) -> set[str]:
        changed: set[str] = set()
        while True:
            time.sleep(_SECONDS_OF_REST)
            before, self._seen = self._seen, self._look()
            if before == self._seen:
                return changed
            changed |= {path for path, _ in before.items() ^ self._seen.items()}

    def _look(self) -> dict[str, Stamp]:
        found: dict[str, Stamp] = {}
        for path in self._besides:
            with suppress(OSError):
                found[str(path)] = _stamp(path.stat())
        folders = [str(self._root)]
        while folders and len(found) < _MOST_FILES:
            folders += self._look_into(folders.pop(), found)
        return found

    def _look_into(self, folder: str, found: dict[str, Stamp]) -> list[str]:
        """Add the files of a folder; the folders in it come back."""
        folders = []
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in _OTHERS and Path(entry.path).resolve() not in self._apart:
                            folders.append(entry.path)
                    else:
                        found[entry.path] = _stamp(entry.stat())
        return folders


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_ino, status.st_size, status.st_mtime_ns)

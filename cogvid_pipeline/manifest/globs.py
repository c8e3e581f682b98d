"""Find files by a pattern below a directory, whatever the pattern and the directory are made to do."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fnmatch import translate
from pathlib import Path

# What the patterns of one manifest may look at; a large project has a tenth of it.
MOST_ENTRIES = 100_000
ANY_DIRECTORIES = "**"

_SIGNS = re.compile(r"[*?\[]")


class TooMuchToSearch(Exception):
    """The patterns of a manifest lead through too many directories."""


class LeadsOut(Exception):
    """A directory on the way is a link out of the root."""


class Globs:
    """Matches patterns of names between slashes; the signs * ? and [ ] match no . that a name begins with.

    `**` stands for any directories, and follows no links.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real = root.resolve()
        self._left = MOST_ENTRIES

    def matches(self, pattern: str) -> list[str]:
        """What is there under the pattern, sorted name by name, relative to the root.

        Raises TooMuchToSearch and LeadsOut.
        """
        *directories, last = pattern.split("/")
        homes = [""]
        for part in directories:
            homes = list(dict.fromkeys(self._directories(homes, part)))
        found = (path for home in homes for path in self._named(home, last, directories=False))
        return sorted(set(found), key=lambda path: path.split("/"))

    def _directories(self, homes: Iterable[str], part: str) -> Iterator[str]:
        if part == ANY_DIRECTORIES:
            yield from self._below(homes)
        else:
            for home in homes:
                yield from (f"{path}/" for path in self._named(home, part, directories=True))

    def _named(self, home: str, part: str, *, directories: bool) -> Iterator[str]:
        if not is_pattern(part):
            if os.path.lexists(self._root / home / part):
                yield f"{home}{part}"
            return
        matches = re.compile(translate(part)).match
        for entry in self._entries(home):
            hidden = entry.name.startswith(".") and not part.startswith(".")
            if not hidden and matches(entry.name) and _is_directory(entry) is directories:
                yield f"{home}{entry.name}"

    def _below(self, homes: Iterable[str]) -> Iterator[str]:
        """The directories themselves and all below them, each once."""
        seen: set[str] = set()
        waiting = list(homes)
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                yield here
                waiting += [
                    f"{here}{entry.name}/"
                    for entry in self._entries(here)
                    if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
                ]

    def _entries(self, home: str) -> Iterator["os.DirEntry[str]"]:
        # What cannot be looked into has nothing to find.
        with suppress(OSError, RuntimeError, ValueError):
            if not (self._root / home).resolve().is_relative_to(self._real):
                raise LeadsOut(home.rstrip("/"))
            with os.scandir(self._root / home) as entries:
                for entry in entries:
                    self._left -= 1
                    if self._left < 0:
                        raise TooMuchToSearch
                    yield entry


def is_pattern(text: str) -> bool:
    """Whether the text may stand for several files, or for one of another name."""
    return _SIGNS.search(text) is not None


def _is_directory(entry: "os.DirEntry[str]") -> bool:
    with suppress(OSError):
        return entry.is_dir()
    return False

"""What a disk could hold after a power cut, worked out from what the process does to its files.

The bytes of a file are certain from the file's fsync on; a new, changed or removed name from the fsync of its
directory on. Whatever else was done may be there or not, the later without the earlier. A rename is there
whole or not at all. What SQLite writes is taken to be there, which its `synchronous = FULL` sees to.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePath
from typing import Any, TypeAlias

# Each file by its path below the project, and the directories (None).
Tree: TypeAlias = Mapping[PurePath, bytes | None]

TOP = PurePath()
LEDGER = "ledger.db"


@dataclass(slots=True)
class Change:
    """Something done to names: a node gives up `old`, gets `new`, or moves from one to the other."""

    node: int
    old: PurePath | None = None
    new: PurePath | None = None
    certain: bool = False

    def apply(self, names: dict[PurePath, int]) -> None:
        if self.old is not None and names.get(self.old) == self.node:
            del names[self.old]
        if self.new is not None:
            names[self.new] = self.node

    def lies_in(self, directory: PurePath) -> bool:
        return any(path is not None and path.parent == directory for path in (self.old, self.new))


# What may have become of the bytes of a file: from those that are certain, and those that were written.
CONTENTS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "certain": lambda certain, _: certain,
    "written": lambda _, written: written,
    "torn": lambda _, written: written[: len(written) // 2] + bytes(len(written) - len(written) // 2),
    "half of zeros": lambda _, written: bytes(len(written) // 2),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """What a power cut would find: names and bytes, the certain ones and those that were written since.

    A disk is called CHANGES/CONTENT. The changes that are there, of those that are uncertain, are "none",
    "all", "only N" or "all but N". The content, one of CONTENTS, is that of all files with uncertain bytes;
    or of the Nth of them, as in "torn N", and the others are as they were written.
    """

    at_first: Mapping[PurePath, int]
    changes: tuple[Change, ...]
    directories: frozenset[int]
    certain: Mapping[int, bytes]
    written: Mapping[int, bytes]
    ledger: Mapping[PurePath, bytes]

    def survey(self, *, thorough: bool) -> dict[str, int]:
        """The possible disks by name, each with a hash, but for the one that a mere crash leaves.

        Unless it is to be `thorough`, only the most telling ones.
        """
        files = range(len(self._uncertain_files()))
        if thorough:
            numbers = range(sum(not change.certain for change in self.changes))
            changes = ["none", "all", *(f"{which} {n}" for n in numbers for which in ("only", "all but"))]
            contents = [*CONTENTS, *(f"{content} {n}" for n in files for content in CONTENTS)]
            disks = [f"{which}/{content}" for which in changes for content in contents]
        else:
            disks = ["none/certain", "none/written", "all/certain", "all/torn"]
            disks += [f"all/{content} {n}" for n in files for content in ("torn", "half of zeros")]
        hashes = {disk: hash(tuple(self.tree(disk).items())) for disk in (*disks, "all/written")}
        crashed = hashes.pop("all/written")
        return {disk: digest for disk, digest in hashes.items() if digest != crashed}

    def tree(self, disk: str) -> Tree:
        """The disk of that name."""
        changes, _, contents = disk.partition("/")
        content = self._contents(contents)
        names = dict(self.at_first)
        numbers = count()
        for change in self.changes:
            if change.certain or _is_there(next(numbers), changes):
                change.apply(names)
        tree: dict[PurePath, bytes | None] = {}
        for path, node in sorted(names.items()):
            if path == TOP or path.parent in tree:  # else its directory was lost, and it with it
                tree[path] = None if node in self.directories else content[node]
        return tree | {path: data for path, data in self.ledger.items() if path.parent in tree}

    def _contents(self, name: str) -> Mapping[int, bytes]:
        """The bytes of each file on a disk whose content has this name."""
        content, _, number = name.rpartition(" ") if name[-1].isdigit() else (name, "", "")
        uncertain = self._uncertain_files()
        torn = uncertain[int(number) :][:1] if number else uncertain
        return {
            **self.written,
            **{node: CONTENTS[content](self.certain.get(node, b""), self.written[node]) for node in torn},
        }

    def _uncertain_files(self) -> list[int]:
        return [node for node, data in self.written.items() if self.certain.get(node, b"") != data]


class Disk:
    """Follows this process, from now on to its end, in what it does below a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._numbers = count(1)
        self._names: dict[PurePath, int] = {TOP: 0}
        self._directories: set[int] = {0}
        self._changes: list[Change] = []
        self._certain: dict[int, bytes] = {}
        self._last: dict[int, bytes] = {}  # of nodes that have lost their name
        for path, content in _walk(self._root):
            self._names[path] = node = next(self._numbers)
            if content is None:
                self._directories.add(node)
            else:
                self._certain[node] = content
        self._at_first = dict(self._names)
        self._following = True
        self._fsync, os.fsync = os.fsync, self._sync
        sys.addaudithook(self._follow)

    def moment(self) -> Moment:
        """How things are now."""
        while True:
            with suppress(FileNotFoundError):  # another thread is about to rename something
                return self._moment()

    def _moment(self) -> Moment:
        # Other threads go on meanwhile: each collection is looked at once.
        names = tuple(self._names.items())
        named = {node: self._bytes(path) for path, node in names if node not in self._directories}
        return Moment(
            at_first=self._at_first,
            changes=tuple(self._changes),
            directories=frozenset(self._directories),
            certain=dict(self._certain),
            written=dict(sorted((self._last | named).items())),
            # The index of the log, which is left out, lives in memory that processes share.
            ledger={path: data for path, data in _walk(self._root, ledger=True) if path.suffix != ".db-shm"},
        )

    def cut(self, disk: str) -> None:
        """Turn the directory into that disk. The process has to end then."""
        tree = self.moment().tree(disk)
        self._following = False
        for entry in self._root.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        for path, content in sorted(tree.items()):
            if content is None:
                (self._root / path).mkdir(exist_ok=True)
            else:
                (self._root / path).write_bytes(content)

    # --- what the process does ---

    def _follow(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Hear of something that is about to be done."""
        if not self._following:
            return
        match event, arguments:
            case "open", (str() | os.PathLike() as path, _, int(flags)) if flags & os.O_CREAT:
                self._make(self._below(path), directory=False)
            case "os.mkdir", (path, *_):
                self._make(self._below(path), directory=True)
            case "os.rename", (old, new, *_):
                self._move(self._below(old), self._below(new))
            case "os.remove", (path, *_):
                self._move(self._below(path), None)
            case _:
                pass

    def _below(self, path: str | os.PathLike[str]) -> PurePath | None:
        """The path below the root; None for what lies elsewhere, and for SQLite's own."""
        whole = Path(path).absolute()
        if not whole.is_relative_to(self._root) or whole.name.startswith(LEDGER):
            return None
        return whole.relative_to(self._root)

    def _make(self, path: PurePath | None, *, directory: bool) -> None:
        if path is None or path in self._names or self._names.get(path.parent) not in self._directories:
            return
        node = next(self._numbers)
        if directory:
            self._directories.add(node)
        self._change(Change(node, new=path))

    def _move(self, old: PurePath | None, new: PurePath | None) -> None:
        if old not in self._names:
            return
        for path in (old, new):
            if path in self._names:
                self._last[self._names[path]] = self._bytes(path)
        self._change(Change(self._names[old], old, new))

    def _change(self, change: Change) -> None:
        change.apply(self._names)
        self._changes.append(change)

    def _sync(self, descriptor: int) -> None:
        self._fsync(descriptor)
        path = self._below(Path(f"/proc/self/fd/{descriptor}").readlink())
        if path is None or path not in self._names:
            return
        if self._names[path] not in self._directories:
            self._certain[self._names[path]] = self._bytes(path)
            return
        for change in self._changes:
            change.certain |= change.lies_in(path)

    def _bytes(self, path: PurePath) -> bytes:
        return (self._root / path).read_bytes()


def _is_there(number: int, changes: str) -> bool:
    what, _, which = changes.rpartition(" ")
    match what:
        case "only":
            return number == int(which)
        case "all but":
            return number != int(which)
        case _:
            return changes == "all"


def _walk(root: Path, *, ledger: bool = False) -> Iterator[tuple[PurePath, bytes | None]]:
    """What lies below the root, directories before what is in them: SQLite's files, or all but those."""
    for place in sorted(root.rglob("*")):
        if place.is_dir():
            if not ledger:
                yield place.relative_to(root), None
        elif place.name.startswith(LEDGER) == ledger:
            yield place.relative_to(root), place.read_bytes()

"""Read and write `cogvid.lock`."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from cogvid_pipeline.durable import replace_durably
from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, Lock, LockEntry
from cogvid_pipeline.state.lockformat import Malformed, entry_data, is_for, read_entry
from cogvid_pipeline.state.locksides import Sides, check_size, load_sides
from cogvid_pipeline.state.locktext import VERSION, Document, Member


def read_lock(path: Path, genuine: Callable[[Attempt], bool] = lambda _: True) -> Lock:
    """The lock; empty when there is no such file, both sides of it where a merge left a conflict in it.

    `genuine` says whether an attempt's request is the one of its fingerprint, which is asked where an entry
    had to be put together from between conflict markers. Raises StateError, which says where and what,
    unless all of it is well-formed.
    """
    sides = load_sides(path)
    found: dict[str, list[LockEntry]] = {}
    for document in sides.documents:
        for name, member in document.entries:
            entry = _entry(document, name, member)
            if entry not in (known := found.setdefault(name, [])):
                known.append(entry)
    _refuse_mixtures(sides, found, genuine)
    return Lock(
        {name: entries[0] for name, entries in found.items()},
        sides.digest,
        {name: tuple(entries) for name, entries in found.items() if len(entries) > 1},
        conflicted=sides.conflicted,
    )


def _refuse_mixtures(
    sides: Sides, found: Mapping[str, Sequence[LockEntry]], genuine: Callable[[Attempt], bool]
) -> None:
    """Raise StateError where conflict markers go through an entry that may so have lines of both sides.

    Git merges what it can inside of an entry, too. It is certain that nothing was mixed only where the
    other side has no such entry, and the parts that are left fit together.
    """
    for document in sides.documents:
        for name, member in document.entries:
            if document.is_cut(member):
                entries = found[name]
                whole = len(entries) == 1 and all(map(genuine, entries[0].attempts))
                if not (whole and is_for(name, member.data)):
                    raise document.broken(
                        member, f"the conflict goes through shots.{name}, which may be a mixture of both"
                    )


class LockFile:
    """Changes a lock entry by entry, and leaves the text of all others alone.

    `output` is the folder, relative to the manifest, that clips are in.
    """

    def __init__(self, path: Path, output: str) -> None:
        self._path = path
        self._output = output
        self._changes: dict[str, LockEntry | None] = {}
        self._conflict = ""
        self._written: _Texts | None = None

    def put(self, name: str, entry: LockEntry | None) -> None:
        """Set an entry, or drop it (None), with the next `flush`."""
        self._changes[name] = entry

    def settle(self, digest: str, chosen: Mapping[str, LockEntry]) -> None:
        """Have the next `flush` write the file whole although it has conflicts.

        That is if it is still the one with this digest; `chosen` has an entry for each take that has
        alternatives.
        """
        self._conflict = digest
        self._changes.update(chosen)

    def flush(self) -> None:
        """Bring what was put into the file as it is now. Raises StateError; nothing is lost then."""
        if not self._changes and not self._conflict:
            return
        texts = self._as_written() or self._read()
        for name, entry in self._changes.items():
            if entry is None:
                texts.shots.pop(name, None)
            else:
                texts.shots[name] = _indented(entry_data(name, entry, self._output), "    ")
        new = texts.whole().encode("utf-8", "replace")
        if (digest := hashlib.sha256(new).hexdigest()) != texts.digest:
            check_size(self._path, len(new))
            replace_durably(self._path, new)
        self._written = replace(texts, digest=digest, size=len(new))
        self._changes.clear()
        self._conflict = ""

    def _as_written(self) -> "_Texts | None":
        """What was written last, if the file still is that: to take a large one apart takes long."""
        written = self._written
        with suppress(OSError), self._path.open("rb") as file:
            if written and os.fstat(file.fileno()).st_size == written.size:
                return written if hashlib.file_digest(file, "sha256").hexdigest() == written.digest else None
        return None

    def _read(self) -> "_Texts":
        sides = load_sides(self._path)
        if sides.conflicted and sides.digest != self._conflict:
            raise StateError(
                f"a merge has left conflicts in {self._path} since this run began",
                hint="run the command again: it reads both sides, and the ledger has what was done",
            )
        texts = _Texts(sides.digest)
        for document in reversed(sides.documents):
            text = partial(_text, document, anew=sides.conflicted)
            texts.shots.update((name, text(member, "    ")) for name, member in document.entries)
            texts.root.update((name, text(member, "  ")) for name, member in document.others.items())
        return texts


@dataclass(frozen=True, slots=True)
class _Texts:
    """The texts of a lock's entries, and of what else is at its root; `digest` and `size` are the file's."""

    digest: str
    size: int = 0
    shots: dict[str, str] = field(default_factory=dict)
    root: dict[str, str] = field(default_factory=dict)

    def whole(self) -> str:
        """The text of the file."""
        return _object({**self.root, "version": str(VERSION), "shots": _object(self.shots, "  ")}, "") + "\n"


def _entry(document: Document, name: str, member: Member) -> LockEntry:
    try:
        return read_entry(name, member.data)
    except Malformed as error:
        where = ".".join(("shots", name, *error.path))
        raise document.broken(member, f"{where} {error.message}") from None


def _text(document: Document, member: Member, indent: str, *, anew: bool) -> str:
    """A member as it is in the file, or written anew: between conflict markers its lines have gaps."""
    return _indented(member.data, indent) if anew else document.text_of(member)


def _indented(data: Any, indent: str) -> str:
    text = json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    return text.replace("\n", f"\n{indent}")


def _object(members: Mapping[str, str], indent: str) -> str:
    """The JSON object of these texts, as `json.dumps` would write it at that depth."""
    if not members:
        return "{}"
    lines = ",\n".join(f'{indent}  "{name}": {members[name]}' for name in sorted(members))
    return f"{{\n{lines}\n{indent}}}"

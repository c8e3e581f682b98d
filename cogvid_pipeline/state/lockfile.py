"""Read and write `cogvid.lock`."""

import gc
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cogvid_pipeline.durable import replace_durably
from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Lock, LockEntry
from cogvid_pipeline.state.lockformat import Malformed, entry_data, read_entry

_VERSION = 1
_LARGEST = 64 * 1024 * 1024

_KEY = re.compile(r'[ \t\r\n]*"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*')
_COMMA_OR_END = re.compile(r"[ \t\r\n]*([,}])")
_EMPTY = re.compile(r"{[ \t\r\n]*}")
# Begins with what it looks for, and asks only then whether it is at the start of a line: four times as fast.
_CONFLICT = re.compile(r"<<<<<<<(?<!.<<<<<<<)(?![^ \r\n])")
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")

# Reads one value at an index of the text, and says where it ends.
_Reader = Callable[[str, int], tuple[Any, int]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry's data, and where in the text it stands."""

    data: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Document:
    """A lock file's text, taken apart; `others` holds the text of the other members of its root."""

    text: str
    digest: str
    entries: Mapping[str, _Entry]
    others: Mapping[str, str]


def read_lock(path: Path) -> Lock:
    """The lock; empty when there is no such file.

    Raises StateError, which says where and what, unless all of it is well-formed.
    """
    with _collector_paused():
        document = _document(path)
        entries = {name: _read(path, document, name) for name in document.entries}
    return Lock(entries, document.digest)


class LockFile:
    """Changes a lock entry by entry, and leaves the text of all others alone.

    `output` is the folder, relative to the manifest, that clips are in.
    """

    def __init__(self, path: Path, output: str) -> None:
        self._path = path
        self._output = output
        self._changes: dict[str, LockEntry | None] = {}

    def put(self, name: str, entry: LockEntry | None) -> None:
        """Set an entry, or drop it (None), with the next `flush`."""
        self._changes[name] = entry

    def flush(self) -> None:
        """Bring what was put into the file as it is now. Raises StateError; nothing is lost then."""
        if not self._changes:
            return
        with _collector_paused():
            document = _document(self._path)
            new = self._changed(document).encode("utf-8", "replace")
        if hashlib.sha256(new).hexdigest() != document.digest:
            replace_durably(self._path, new)
        self._changes.clear()

    def _changed(self, document: _Document) -> str:
        texts = {name: document.text[entry.start : entry.end] for name, entry in document.entries.items()}
        for name, entry in self._changes.items():
            if entry is None:
                texts.pop(name, None)
            else:
                texts[name] = _indented(entry_data(name, entry, self._output), "    ")
        members = {**document.others, "version": str(_VERSION), "shots": _object(texts, "  ")}
        return _object(members, "") + "\n"


def _indented(data: Any, indent: str) -> str:
    text = json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    return text.replace("\n", f"\n{indent}")


def _object(members: Mapping[str, str], indent: str) -> str:
    """The JSON object of these texts, as `json.dumps` would write it at that depth."""
    if not members:
        return "{}"
    lines = ",\n".join(f'{indent}  "{name}": {members[name]}' for name in sorted(members))
    return f"{{\n{lines}\n{indent}}}"


def _document(path: Path) -> _Document:
    data = _bytes(path)
    if data is None:
        return _Document("", "", {}, {})
    try:
        text = data.decode("utf-8-sig")
        entries, others = _parse(path, text)
    except json.JSONDecodeError as error:
        raise _broken(path, error.lineno, error.msg) from None
    except RecursionError:
        raise _broken(path, 1, "it is nested too deeply") from None
    except ValueError as error:
        raise _broken(path, 1, str(error)) from None
    return _Document(text, hashlib.sha256(data).hexdigest(), entries, others)


def _bytes(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise StateError(f"{path} is larger than {_LARGEST >> 20} MiB, so it is no lock of cogvid")
    return data


def _parse(path: Path, text: str) -> tuple[dict[str, _Entry], dict[str, str]]:
    if conflict := _CONFLICT.search(text):
        raise StateError(
            f"{path}:{_line(text, conflict.start())}: the file has conflict markers of git",
            hint="keep one side of each conflict, or both where they are entries of different shots, "
            "and remove the lines of <<<<<<<, ======= and >>>>>>>",
        )
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant)

    def entry(_: str, start: int) -> tuple[_Entry, int]:
        data, end = decoder.raw_decode(text, start)
        return _Entry(data, start, end), end

    def member(name: str, start: int) -> tuple[Any, int]:
        if name == "shots" and text.startswith("{", start):
            return _members(text, start, entry)
        return entry(name, start)

    members, end = _members(text, len(text) - len(text.lstrip()), member)
    if text[end:].strip():
        raise json.JSONDecodeError("there is something behind the end", text, end)
    if _HALF_PAIR.search(text):
        json.dumps(decoder.decode(text), ensure_ascii=False).encode()
    _check_version(path, members.pop("version", None))
    shots = members.pop("shots", None)
    if not isinstance(shots, dict):
        raise _broken(path, 1, "it has no object named shots")
    return shots, {name: text[other.start : other.end] for name, other in members.items()}


def _members(text: str, start: int, read: _Reader) -> tuple[dict[str, Any], int]:
    """The members of the object that starts there, each as `read` gives it, and where the object ends."""
    if not text.startswith("{", start):
        raise json.JSONDecodeError("expected an object", text, start)
    if empty := _EMPTY.match(text, start):
        return {}, empty.end()
    members: dict[str, Any] = {}
    at, delimiter = start + 1, ","
    while delimiter == ",":
        if not (key := _KEY.match(text, at)):
            raise json.JSONDecodeError("expected a name in double quotes", text, at)
        name = key[1]
        if name in members:
            raise json.JSONDecodeError(f"{name!r} is there twice", text, key.start(1))
        members[name], at = read(name, key.end())
        if not (found := _COMMA_OR_END.match(text, at)):
            raise json.JSONDecodeError("expected a comma or a closing brace", text, at)
        at, delimiter = found.end(), found[1]
    return members, at


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice in one object")
    return data


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is too large a number")
    return number


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not allowed in JSON")


def _check_version(path: Path, version: _Entry | None) -> None:
    number = version.data if version else None
    if type(number) is int and number > _VERSION:
        raise StateError(
            f"{path} has version {number}; this cogvid reads version {_VERSION}", hint="upgrade cogvid"
        )
    if type(number) is not int or number != _VERSION:
        raise _broken(path, 1, f"its version is not {_VERSION}")


def _read(path: Path, document: _Document, name: str) -> LockEntry:
    entry = document.entries[name]
    try:
        return read_entry(name, entry.data)
    except Malformed as error:
        where = ".".join(("shots", name, *error.path))
        raise _broken(path, _line(document.text, entry.start), f"{where} {error.message}") from None


def _broken(path: Path, line: int, what: str) -> StateError:
    return StateError(
        f"{path}:{line}: not a lock of cogvid: {what}",
        hint="bring back the last good version with git; what was paid for since then is in the ledger",
    )


def _line(text: str, index: int) -> int:
    return text.count("\n", 0, index) + 1


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Half of the time of building many objects goes into looking for cycles that are not there."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

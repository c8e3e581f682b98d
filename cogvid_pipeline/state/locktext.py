"""Take the text of a lock apart, so that entries which nobody changes can keep theirs."""

import json
import re
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any

from cogvid_pipeline.errors import StateError

VERSION = 1

_KEY = re.compile(r'[ \t\r\n]*"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*')
_COMMA_OR_END = re.compile(r"[ \t\r\n]*([,}])")
_EMPTY = re.compile(r"{[ \t\r\n]*}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # looked for only where there is a backslash, which is fast

# Reads one value at an index of the text, and says where it ends.
_Reader = Callable[[str, int], tuple[Any, int]]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a text is from, for the errors about it: its name, which side of a conflict, what helps."""

    name: str
    side: str = ""
    hint: str = "bring back the last good version with git; what was paid for since then is in the ledger"

    def broken(self, line: int, what: str) -> StateError:
        """The error for something that is wrong in that line."""
        return StateError(f"{self.name}:{line}: not a lock of cogvid{self.side}: {what}", hint=self.hint)


@dataclass(frozen=True, slots=True)
class Member:
    """A value in the text: its data, and where it stands."""

    data: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """A lock's text, taken apart: the entries as they follow each other, a name being there twice perhaps.

    `others` are the members of its root that this version does not know. `cuts` are the indices where a
    conflict marker stood.
    """

    source: Source
    text: str
    entries: Sequence[tuple[str, Member]]
    others: Mapping[str, Member]
    cuts: Sequence[int] = ()

    def text_of(self, member: Member) -> str:
        """The member's text, as it is in the file."""
        return self.text[member.start : member.end]

    def is_cut(self, member: Member) -> bool:
        """Whether a conflict marker stood in it."""
        return bisect(self.cuts, member.start) < bisect(self.cuts, member.end)

    def broken(self, member: Member, what: str) -> StateError:
        """The error for something that is wrong in that member."""
        return self.source.broken(_line(self.text, member.start), what)


def decode(source: Source, data: bytes) -> str:
    """The text of a file. Raises StateError when it is none."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise source.broken(data.count(b"\n", 0, error.start) + 1, "it is not UTF-8") from None


def take_apart(source: Source, text: str, cuts: Sequence[int] = ()) -> Document:
    """The members of a lock's text. Raises StateError when it is no JSON of this version.

    What is in the entries is not looked at.
    """
    try:
        members = _root(text)
        _check_version(source, text, members.pop("version", Member(None, 0, 0)))
    except json.JSONDecodeError as error:
        raise source.broken(error.lineno, error.msg) from None
    shots = members.pop("shots", None)
    if not isinstance(shots, list):
        raise source.broken(1, "it has no object named shots")
    return Document(source, text, shots, members, cuts)


def _root(text: str) -> dict[str, Any]:
    """The members of the root; that of `shots` is a list of its own members."""
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant)
    surrogates = "\\" in text and _SURROGATE.search(text) is not None

    def value(_: str, start: int) -> tuple[Member, int]:
        try:
            data, end = decoder.raw_decode(text, start)
            if surrogates:  # which must come in pairs to be text
                json.dumps(data, ensure_ascii=False).encode()
        except json.JSONDecodeError:
            raise
        except RecursionError:
            raise json.JSONDecodeError("it is nested too deeply", text, start) from None
        except ValueError as error:
            raise json.JSONDecodeError(str(error), text, start) from None
        return Member(data, start, end), end

    names: set[str] = set()

    def member(name: str, start: int) -> tuple[Any, int]:
        if name in names:
            raise json.JSONDecodeError(f"{name!r} is there twice", text, start)
        names.add(name)
        if name == "shots" and text.startswith("{", start):
            return _members(text, start, value)
        return value(name, start)

    members, end = _members(text, len(text) - len(text.lstrip()), member)
    if text[end:].strip():
        raise json.JSONDecodeError("there is something behind the end", text, end)
    return dict(members)


def _members(text: str, start: int, read: _Reader) -> tuple[list[tuple[str, Any]], int]:
    """The members of the object that starts there, each as `read` gives it, and where the object ends."""
    if not text.startswith("{", start):
        raise json.JSONDecodeError("expected an object", text, start)
    if empty := _EMPTY.match(text, start):
        return [], empty.end()
    members: list[tuple[str, Any]] = []
    at, delimiter = start + 1, ","
    while delimiter == ",":
        if not (key := _KEY.match(text, at)):
            raise json.JSONDecodeError("expected a name in double quotes", text, at)
        value, at = read(key[1], key.end())
        members.append((key[1], value))
        if not (found := _COMMA_OR_END.match(text, at)):
            raise json.JSONDecodeError("expected a comma or a closing brace", text, at)
        at, delimiter = found.end(), found[1]
    return members, at


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = {intern(name): value for name, value in pairs}  # each entry has the same ones
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


def _check_version(source: Source, text: str, version: Member) -> None:
    number = version.data
    if type(number) is int and number > VERSION:
        raise StateError(
            f"{source.name} has version {number}; this cogvid reads version {VERSION}", hint="upgrade cogvid"
        )
    if type(number) is not int or number != VERSION:
        raise json.JSONDecodeError(f"its version is not {VERSION}", text, version.start)


def _line(text: str, index: int) -> int:
    return text.count("\n", 0, index) + 1

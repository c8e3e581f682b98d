"""Take a text with conflict markers of git apart into the texts of its two sides."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import accumulate

_STARTS = "<|=>"  # what the four markers are made of, in their order
_MARKER = re.compile(r"(<+|\|+|=+|>+)(?: .*)?\r?\n?", re.DOTALL)
_MARKED = re.compile(r"^(?:<+|\|+|=+|>+)(?:[ \r\n]|\Z)", re.MULTILINE)


class Tangled(Exception):
    """The markers make no sense; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class _Part(Enum):
    """What the lines between two markers belong to."""

    BOTH = auto()
    OURS = auto()
    BASE = auto()
    THEIRS = auto()


# Which marker ends a part, and what begins there.
_NEXT = {
    (_Part.BOTH, "<"): _Part.OURS,
    (_Part.OURS, "|"): _Part.BASE,
    (_Part.OURS, "="): _Part.THEIRS,
    (_Part.BASE, "="): _Part.THEIRS,
    (_Part.THEIRS, ">"): _Part.BOTH,
}


def first_marker(text: str) -> int | None:
    """The first line of this JSON text that is a marker, of whatever length; no line of JSON begins so."""
    # A character is looked for a hundred times as fast as a pattern.
    if not any(mark in text for mark in _STARTS) or not (marked := _MARKED.search(text)):
        return None
    return text.count("\n", 0, marked.start()) + 1


@dataclass(frozen=True, slots=True)
class Side:
    """The text of one side, each line where it is in the file; what is not the side's own is blank.

    `cuts` are the indices in the text where a marker stood: what lies around one may be from either side.
    """

    text: str
    cuts: tuple[int, ...]


def sides(text: str) -> tuple[Side, Side]:
    """Our side and their side of a JSON text. Raises Tangled.

    Commas that are missing or left over where a marker stood are mended: between the members of an object
    there is only one way.
    """
    ours, theirs = _Lines(), _Lines()
    part, size, opened = _Part.BOTH, 0, 0
    for number, line in enumerate(_lines(text), 1):
        marker = _MARKER.fullmatch(line)
        if marker is None or (part is _Part.BASE and len(marker[1]) > size):
            # In a base that was itself merged from several, git writes longer markers.
            ours.add(line if part in (_Part.BOTH, _Part.OURS) else "\n")
            theirs.add(line if part in (_Part.BOTH, _Part.THEIRS) else "\n")
            continue
        if part is _Part.BOTH:
            size, opened = len(marker[1]), number
        following = _NEXT.get((part, marker[1][0]))
        if following is None or len(marker[1]) != size:
            raise Tangled(number, f"a conflict marker ({marker[1]}) stands where none can")
        part = following
        ours.cut()
        theirs.cut()
    if part is not _Part.BOTH:
        raise Tangled(opened, "the conflict that begins here has no end")
    return ours.side(), theirs.side()


def _lines(text: str) -> Iterator[str]:
    """The lines with their ends. Only a line feed ends one: JSON may hold the other ends as they are."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


@dataclass(slots=True)
class _Lines:
    """One side as it grows; `_last` is the index of its last line that is not blank."""

    _lines: list[str] = field(default_factory=list)
    _cuts: list[int] = field(default_factory=list)
    _last: int | None = None
    _is_cut: bool = False

    def side(self) -> Side:
        starts = [0, *accumulate(map(len, self._lines))]
        return Side("".join(self._lines), tuple(starts[cut] for cut in self._cuts))

    def cut(self) -> None:
        """Leave a blank line where a marker stood."""
        self._cuts.append(len(self._lines))
        self._lines.append("\n")
        self._is_cut = True

    def add(self, line: str) -> None:
        if content := line.strip():
            if self._is_cut and self._last is not None:
                self._lines[self._last] = _joined(self._lines[self._last], content)
            self._last, self._is_cut = len(self._lines), False
        self._lines.append(line)


def _joined(before: str, after: str) -> str:
    """The line before a place where a marker stood, with the comma that what follows asks for."""
    content = before.rstrip()
    if content.endswith("}") and after.startswith('"'):
        return f"{content},\n"
    if content.endswith(",") and after.startswith("}"):
        return f"{content[:-1]}\n"
    return before

"""The text of a file that a user wrote, by line and column."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

from cogvid_pipeline.model.problem import Location

# What no text may have in it: C0 and C1 without tab and line breaks, and what is no character.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# Nor may a value, in which every line break is a line feed.
CONTROL_IN_VALUE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Text:
    """One file. Offsets are code points from its beginning; lines break where editors break them."""

    file: str
    content: str
    _lines: dict[int, str] = field(default_factory=dict, repr=False)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in _BREAK.finditer(self.content))]

    def location(self, offset: int) -> Location:
        line = bisect_right(self._starts, offset)
        return Location(self.file, line, offset - self._starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The line without its break; asked again, the same object, for a file may be one long line."""
        if number not in self._lines:
            start = self._starts[number - 1]
            found = _BREAK.search(self.content, start)
            self._lines[number] = self.content[start : found.start() if found else None]
        return self._lines[number]

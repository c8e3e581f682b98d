"""Data that knows where each of its values was written."""

from dataclasses import dataclass, field
from typing import Any

from cogvid_pipeline.manifest.mistakes import Mistake, Path, pointer
from cogvid_pipeline.manifest.text import Text
from cogvid_pipeline.model.problem import Problem

# How far beyond its beginning a piece of a text is looked for.
_SNIPPET_REACH = 8_192


@dataclass(frozen=True)
class Document:
    """Plain data and where it was written.

    `marks` has, by the `id` of each list, the offsets of its items, and by that of each mapping, the offset
    of every key followed by that of its value. What came through an alias or a merge is found where it
    was written. `values` is how many there are, each alias being one.
    """

    text: Text
    data: Any
    start: int
    marks: dict[int, list[int]]
    values: int
    _ranks: dict[int, dict[str, int]] = field(default_factory=dict, repr=False)

    def problem(self, mistake: Mistake) -> Problem:
        """Give a mistake its place; one about something that is not there stands at the nearest parent."""
        offset = self._offset(mistake.path, at_key=mistake.at_key)
        if mistake.snippet:
            offset = self._snippet(mistake.snippet, offset)
        return place(self.text, offset, mistake)

    def _offset(self, path: Path, *, at_key: bool) -> int:
        here, offset = self.data, self.start
        for number, step in enumerate(path, 1):
            marks = self.marks.get(id(here), [])
            if isinstance(here, dict) and step in here:
                rank = 2 * self._rank(here, str(step))
                offset = marks[rank] if at_key and number == len(path) else marks[rank + 1]
            elif isinstance(here, list) and isinstance(step, int) and step < len(here):
                offset = marks[step]
            else:
                break
            here = here[step]
        return offset

    def _snippet(self, snippet: str, offset: int) -> int:
        """Where the snippet stands in the tags of a template, or else where the template begins."""
        # Escapes and indentation make a value longer in the file than it is.
        tag = self.text.content.find("{", offset, offset + _SNIPPET_REACH)
        found = self.text.content.find(snippet, tag, tag + _SNIPPET_REACH) if tag >= 0 else -1
        return found if found >= 0 else offset

    def _rank(self, mapping: dict[str, Any], key: str) -> int:
        if id(mapping) not in self._ranks:
            self._ranks[id(mapping)] = {name: rank for rank, name in enumerate(mapping)}
        return self._ranks[id(mapping)][key]


def place(text: Text, offset: int, mistake: Mistake) -> Problem:
    """Make a problem of a mistake at a known offset."""
    location = text.location(offset)
    return Problem(
        code=mistake.code,
        message=mistake.message,
        location=location,
        pointer=pointer(mistake.path),
        hint=mistake.hint,
        excerpt=text.line(location.line),
        severity=mistake.severity,
    )

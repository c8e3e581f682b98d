"""YAML to plain data and the place of every value, in one pass over the parser's events."""

import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from cogvid_pipeline.manifest.document import Document, place
from cogvid_pipeline.manifest.mistakes import Mistake
from cogvid_pipeline.manifest.scalars import UnusableNumber, plain
from cogvid_pipeline.manifest.syntax import MAX_DEPTH, SIMPLER, TOO_DEEP, explain
from cogvid_pipeline.manifest.text import CONTROL_IN_VALUE, Text
from cogvid_pipeline.model.problem import Problem

MAX_VALUES = 2_000_000
# How many characters aliases may stand for: enough for a block of settings shared by every shot.
FREE_EXPANSION, EXPANSION_RATIO = 1_000_000, 4
# Whoever has that many mistakes in YAML itself has written no YAML.
MAX_PROBLEMS = 1_000

OTHER = object()


def read(text: Text) -> tuple[Document | None, list[Problem]]:
    """Parse one YAML document; None when it cannot be used at all. An empty one has the data None."""
    builder = _Builder(text)
    try:
        document = builder.document()
    except _Fatal:
        document = None
    except yaml.YAMLError as error:
        offset, mistake = explain(error, text.content, _last_event(text))
        broken = place(text, offset, mistake)
        # What stood out on the same line most likely did so for the same reason.
        problems = [each for each in builder.problems if each.location.line != broken.location.line]
        return None, [*problems, broken]
    return document, builder.problems


def _last_event(text: Text) -> Any:
    """What the parser could still make sense of before it failed."""
    parser, event = CParser(text.content), None
    with suppress(yaml.YAMLError):
        while True:
            event = parser.get_event()
    return event


class _Fatal(Exception):
    """Reading on makes no sense; the problem is noted."""


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A named value: where it starts, and how many characters it stands for."""

    value: Any
    offset: int
    size: int


class _Builder:
    """Walks the events of one document. Problems that leave usable data behind do not stop it."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self.noted: set[int] = set()
        self.marks: dict[int, list[int]] = {}
        self.next: Callable[[], Any] = CParser(text.content).get_event
        self.anchors: dict[str, _Anchor | None] = {}
        self.path: list[str | int] = []
        self.depth = self.values = self.expanded = 0
        self.most_expanded = FREE_EXPANSION + EXPANSION_RATIO * len(text.content)

    def document(self) -> Document:
        self.next()
        data, start = None, 0
        if isinstance(self.next(), DocumentStartEvent):
            data, start = self.node(self.next())
            self.next()
            after = self.next()
            if not isinstance(after, StreamEndEvent):
                hint = "keep one manifest in a file: remove the line `---`"
                self.note(after.start_mark.index, "CV108", "a second document begins here", hint)
        return Document(self.text, data, start, self.marks, self.values)

    def node(self, event: Any) -> tuple[Any, int]:
        """The value that begins with the event, and where it was written."""
        offset: int = event.start_mark.index
        if isinstance(event, AliasEvent):
            return self.alias(str(event.anchor), offset)
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            hint = "remove the tag; write text in quotes and numbers without"
            self.note(offset, "CV103", f"tags such as {tag} do not work here", hint)
        if event.anchor is None:
            return self.content(event, offset)[0], offset
        self.anchors[event.anchor] = None
        before = self.expanded
        value, end = self.content(event, offset)
        self.anchors[event.anchor] = _Anchor(value, offset, end - offset + self.expanded - before)
        return value, offset

    def content(self, event: Any, offset: int) -> tuple[Any, int]:
        """The value and the offset of its end."""
        kind = type(event)
        if kind is ScalarEvent:
            return self.scalar(event.value, event.style, offset), event.end_mark.index
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fatal(offset, "CV106", TOO_DEEP)
        value, end = self.mapping() if kind is MappingStartEvent else self.sequence()
        self.depth -= 1
        return value, end.end_mark.index

    def scalar(self, value: str, style: str, offset: int) -> Any:
        if not style:
            try:
                return plain(value)
            except UnusableNumber as error:
                self.note(offset, "CV112", str(error), "write an ordinary number, or put text in quotes")
                return 0
        if style == '"' and not value.isprintable() and (found := CONTROL_IN_VALUE.search(value)):
            name = f"U+{ord(found[0]):04X}"
            self.note(offset, "CV111", f"this text has the control character {name}", "remove the escape")
        return value

    def member(self, key: str | int, event: Any) -> tuple[Any, int]:
        """What `node` gives for a value that is the member of a mapping or a list."""
        if (value := ordinary(event)) is not OTHER:
            return value, event.start_mark.index
        self.path.append(key)
        found = self.node(event)
        self.path.pop()
        return found

    def sequence(self) -> tuple[list[Any], Any]:
        items: list[Any] = []
        marks: list[int] = []
        while type(event := self.next()) is not SequenceEndEvent:
            value, offset = self.member(len(items), event)
            items.append(value)
            marks.append(offset)
        self.marks[id(items)] = marks
        self.count(len(items), event)
        return items, event

    def mapping(self) -> tuple[dict[str, Any], Any]:
        data: dict[str, Any] = {}
        marks: list[int] = []
        merged: list[tuple[dict[str, Any], list[int]]] = []
        twice: list[tuple[str, int]] = []
        while type(event := self.next()) is not MappingEndEvent:
            start: int = event.start_mark.index
            key = self.key(event, start)
            value, offset = self.member(key, self.next())
            if key == "<<" and not event.style:
                merged += self.sources(value, offset)
            elif key in data:
                twice.append((key, start))
            else:
                data[key] = value
                marks += (start, offset)
        if twice:
            self.duplicates(twice, dict(zip(data, marks[::2], strict=True)))
        if merged:
            data, marks = _merge(merged, data, marks)
        self.marks[id(data)] = marks
        self.count(len(data), event)
        return data, event

    def duplicates(self, twice: list[tuple[str, int]], firsts: dict[str, int]) -> None:
        for key, offset in twice:
            line = self.text.location(firsts[key]).line
            hint = "remove one of the two, or give it another name"
            self.note(offset, "CV102", f"`{key}` is given twice; the first is on line {line}", hint, key)

    def key(self, event: Any, offset: int) -> str:
        """The key; what is not text, which is noted, as the text that it was most likely meant to be."""
        key = ordinary(event)
        if key is OTHER:
            self.indentation(offset)
            key = self.node(event)[0]
        if type(key) is str:
            return key
        if isinstance(key, dict | list):
            self.complex_key(offset)
            return ""
        shown: str = event.value if isinstance(event, ScalarEvent) else ""
        message = f"the key {shown} is not text" if shown else "this key is empty"
        hint = f'put it in quotes: "{shown}"' if shown else "write a name before the colon"
        self.note(offset, "CV113", message, hint)
        return shown

    def indentation(self, offset: int) -> None:
        """Refuse a key that begins with a space which YAML takes for a letter."""
        space = self.text.content[offset : offset + 1]
        if space.isspace() and not space.isascii():
            name = unicodedata.name(space, "space").lower()
            message = f"this is a {name} (U+{ord(space):04X}), which does not indent"
            self.note(offset, "CV101", message, "indent with ordinary spaces")
            raise _Fatal

    def complex_key(self, offset: int) -> None:
        if self.text.content.startswith("{{", offset - 1):
            hint = 'put the whole text in quotes: "{{ … }}"'
            self.note(offset - 1, "CV113", "a text that begins with {{ needs quotes", hint)
        else:
            hint = "write a name before the colon"
            self.note(offset, "CV113", "a mapping or a list cannot be a key", hint)

    def sources(self, value: Any, offset: int) -> list[tuple[dict[str, Any], list[int]]]:
        """The mappings that a `<<` takes in."""
        mappings = value if isinstance(value, list) else [value]
        if all(isinstance(mapping, dict) for mapping in mappings):
            return [(mapping, self.marks[id(mapping)]) for mapping in mappings]
        hint = "write `<<: *name`, where `&name` marks a mapping, or a list of such"
        self.note(offset, "CV114", "`<<` takes a mapping or a list of mappings", hint)
        return []

    def alias(self, name: str, offset: int) -> tuple[Any, int]:
        if name not in self.anchors:
            hint = f"put text that begins with * in quotes, or mark the value that is meant with &{name}"
            self.note(offset, "CV104", f"*{name} stands for a value, but none is marked &{name} above", hint)
            return "", offset
        anchor = self.anchors[name]
        if anchor is None:
            hint = "write out what is meant instead of the alias"
            self.note(offset, "CV105", f"*{name} stands inside of what it stands for", hint)
            return "", offset
        self.expanded += anchor.size
        if self.expanded > self.most_expanded:
            message = (
                f"*{name} makes this too large: aliases stand for over {self.most_expanded:,} characters"
            )
            raise self.fatal(offset, "CV107", message)
        return anchor.value, anchor.offset

    def count(self, values: int, end: Any) -> None:
        self.values += values
        if self.values > MAX_VALUES:
            message = f"the file has more than {MAX_VALUES:,} values"
            raise self.fatal(end.start_mark.index, "CV107", message)

    def note(self, offset: int, code: str, message: str, hint: str, *at: str) -> None:
        # Whatever else is wrong at one place follows from the first.
        if offset in self.noted:
            return
        if len(self.problems) == MAX_PROBLEMS:
            raise _Fatal
        self.noted.add(offset)
        self.problems.append(place(self.text, offset, Mistake(code, message, (*self.path, *at), hint)))

    def fatal(self, offset: int, code: str, message: str) -> _Fatal:
        self.note(offset, code, message, SIMPLER)
        return _Fatal()


def ordinary(event: Any) -> Any:
    """The value of a scalar as most are, or OTHER where more has to be looked at."""
    if type(event) is not ScalarEvent or event.anchor is not None or event.tag is not None:
        return OTHER
    text: str = event.value
    if event.style:
        return text if event.style != '"' or text.isprintable() else OTHER
    return plain(text) if text[:1].isalpha() else OTHER


def _merge(
    merged: list[tuple[dict[str, Any], list[int]]], own: dict[str, Any], own_marks: list[int]
) -> tuple[dict[str, Any], list[int]]:
    """Own keys win over merged ones, and earlier merges over later ones."""
    data: dict[str, Any] = {}
    places: dict[str, tuple[int, int]] = {}
    for source, marks in (*reversed(merged), (own, own_marks)):
        data.update(source)
        places.update(zip(source, zip(marks[::2], marks[1::2], strict=True), strict=True))
    return data, [offset for pair in places.values() for offset in pair]

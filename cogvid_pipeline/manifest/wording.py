"""Values, names and choices as they stand in messages and hints."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from cogvid_pipeline.manifest.mistakes import Path

KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
NUMBERS = frozenset({"integer", "number"})
_YES = frozenset({"yes", "y", "on", "true", "t", "1"})
_NO = frozenset({"no", "n", "off", "false", "f", "0"})
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_UNQUOTED = re.compile(r"\w[\w ./-]*")
_SIZE = re.compile(r"[0-9]{1,6}x[0-9]{1,6}")
# Sizes by the names that televisions have for them.
_SIZES = {
    "720p": "1280x720",
    "hd": "1280x720",
    "1080p": "1920x1080",
    "fullhd": "1920x1080",
    "2k": "2048x1080",
    "4k": "3840x2160",
    "2160p": "3840x2160",
}
_SEPARATORS = re.compile(r"\s*[*×xX:, ]\s*")


def shown(value: Any) -> str:
    """A value as it was written, cut when it is long; mappings and lists by their kind."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def described(value: Any) -> str:
    """A value with its kind, to set against the kind that was expected."""
    if isinstance(value, str):
        return f'the text "{shown(value)}"' if value else "an empty text"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"the number {value}"
    return shown(value)


def either(values: Sequence[Any]) -> str:
    """`a, b or c`."""
    *rest, last = [shown(value) for value in values]
    return f"{', '.join(rest)} or {last}" if rest else last


def listed(keys: Iterable[str]) -> str:
    """`` `a`, `b` and `c` ``."""
    *rest, last = [f"`{shown(key)}`" for key in keys]
    return f"{', '.join(rest)} and {last}" if rest else last


def kinds(names: Sequence[str]) -> str:
    """`text, a mapping or a list`."""
    return either([KINDS[name] for name in names])


def name(path: Path) -> str:
    """What a user calls the value at a path: its key, or its place in the list under that key."""
    places = ""
    for step in reversed(path):
        if isinstance(step, str):
            return f"`{shown(step)}{places}`"
        places = f"[{step}]{places}"
    return "this file"


def noun(title: str) -> str:
    """A schema's title as it stands in a sentence: no unit, lower case."""
    return title.partition(" (")[0].lower()


def unit(title: str) -> str:
    """The unit that a schema's title ends with: ` (seconds)`, or nothing."""
    _, opening, rest = title.partition(" (")
    return opening + rest


def with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def example(schema: dict[str, Any]) -> str:
    """The first example of a schema, as one may write it in YAML."""
    return flow(schema["examples"][0])


def flow(value: Any) -> str:
    """A value as one may write it in YAML, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and not _UNQUOTED.fullmatch(value):
        return json.dumps(value, ensure_ascii=False)
    return shown(value)


def choice_hint(value: Any, options: Sequence[Any], title: str) -> str:
    """Which of the options was probably meant, or else all of them."""
    wanted = _SEPARATORS.sub("x", str(value).strip().lower())
    wanted = _SIZES.get(wanted, wanted)
    texts = {str(option).lower(): option for option in options}
    if isinstance(value, str) and (near := _nearest(wanted, list(texts))):
        return f"write {shown(texts[near])}"
    return either(options) + unit(title) if options[1:] else f"write {shown(options[0])}"


def _nearest(wanted: str, options: Sequence[str]) -> str:
    """The option most like the text, among sizes one of the same shape; "" when none is."""
    sizes = {text: _size(text) for text in options if _SIZE.fullmatch(text)}
    if not sizes or not _SIZE.fullmatch(wanted):
        return next(iter(get_close_matches(wanted, options, 1, 0.75)), "")
    width, height = _size(wanted)
    alike = [text for text, (w, h) in sizes.items() if (w > h, w < h) == (width > height, width < height)]
    by_area = sorted(alike, key=lambda text: abs(math.prod(sizes[text]) - width * height))
    return next(iter([*get_close_matches(wanted, alike, 1, 0.75), *by_area]), "")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def type_hint(value: Any, expected: Sequence[str], schema: dict[str, Any]) -> str:
    """How to write a value of an expected type, given what was written."""
    options = schema.get("enum", [])
    if list(expected) == ["boolean"]:
        return _boolean_hint(str(value).lower())
    if isinstance(value, str) and not NUMBERS.isdisjoint(expected):
        return _number_hint(value, options, schema)
    if options:
        return choice_hint(value, options, schema["title"])
    if list(expected) == ["array"] and isinstance(value, str) and value:
        return f"write it as a list: {flow([value])}"
    if list(expected) == ["string"]:
        return f'put it in quotes: "{"…" if isinstance(value, dict | list) else shown(value)}"'
    return f"as in: {example(schema)}" if "examples" in schema else "write `name: value` lines"


def is_number(value: Any) -> bool:
    """Whether a value is a number in quotes."""
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None


def _number_hint(text: str, options: Sequence[Any], schema: dict[str, Any]) -> str:
    if is_number(text) and (not options or float(text) in options):
        return f"write {text} without quotes"
    return choice_hint(text, options, schema["title"]) if options else f"as in: {example(schema)}"


def _boolean_hint(text: str) -> str:
    if text in _YES:
        return "write true, without quotes"
    if text in _NO:
        return "write false, without quotes"
    return "write true or false"

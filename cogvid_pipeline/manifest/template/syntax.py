"""The syntax tree of a template, by Jinja2's parser; nothing is ever compiled."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import zip_longest

from jinja2 import Environment, TemplateSyntaxError, nodes

from cogvid_pipeline.manifest.template import TemplateMistake
from cogvid_pipeline.manifest.template.meter import MAX_TEXT, Meter

_PARSING = 30
_PER_TOKEN = 5
_PER_PIECE = 3
_PLACES = 20

# A tag that surely ends where it seems to; behind any other tag everything is taken for code.
_TAGS = re.compile(r"\{\{[^{}%'\"]*\}\}|\{%[^{}%'\"]*%\}|\{[{%#].*", re.DOTALL)
_TOKEN = re.compile(r"\w+|[^\w\s]")

_NAME_TAG = re.compile(r"\{\{[ \t]*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)[ \t]*\}\}", re.ASCII)
_NOT_TEXT = re.compile(r"\{(?:[{%#]|\Z)|\r")
_NOT_NAMES = frozenset({"true", "false", "none", "True", "False", "None", "not"})

_SPELLING = (
    "a tag is {{ name }}, {% if … %}…{% endif %} or {# a comment #}; for literal braces write {{ '{{' }}"
)

_PARSER_WORDS = {
    "end of print statement": "}}",
    "end of statement block": "%}",
    "begin of print statement": "{{",
    "begin of statement block": "{%",
    "Jinja was looking for the following tags": "It lacks one of these tags",
}


def parse(text: str, meter: Meter) -> nodes.Template:
    """Raises TemplateMistake for what Jinja2's parser cannot take, or RecursionError."""
    if len(text) > MAX_TEXT:
        raise TemplateMistake(
            "CV304",
            f"this template has {len(text):,} characters; at most {MAX_TEXT:,} are allowed",
            hint="a prompt has at most 512 characters",
            line=1,
        )
    meter.charge(_PARSING + len(text) // 8)
    if (template := names_only(text, meter)) is not None:
        return template
    meter.charge(_PER_TOKEN * sum(len(_TOKEN.findall(tag)) for tag in _TAGS.findall(text)))
    try:
        return _environment().parse(text)
    except TemplateSyntaxError as error:
        raise TemplateMistake(
            "CV301", f"not a valid template: {_plain(error.message or '')}", hint=_SPELLING, line=error.lineno
        ) from error
    except ValueError as error:
        # Python refuses to read an integer of thousands of digits.
        raise TemplateMistake("CV304", "a number in this template is too large", line=1) from error


def names_only(text: str, meter: Meter) -> nodes.Template | None:
    """The tree of a template that only has tags like {{ city.name }}, as most do; None for any other.

    It is what Jinja2's parser gives, in a fraction of the time.
    """
    pieces = _NAME_TAG.split(text)
    texts, paths = pieces[::2], [path.split(".") for path in pieces[1::2]]
    if any(map(_NOT_TEXT.search, texts)) or any(path[0] in _NOT_NAMES for path in paths):
        return None
    meter.charge(_PER_PIECE * (len(texts) + sum(map(len, paths))))
    line, output = 1, list[nodes.Expr]()
    for data, path in zip_longest(texts, paths, fillvalue=()):
        if data:
            output.append(nodes.TemplateData(data, lineno=line))
            line += data.count("\n")
        if path:
            output.append(_look_up(path, line))
    return nodes.Template([nodes.Output(output, lineno=1)], lineno=1)


def _look_up(path: Sequence[str], line: int) -> nodes.Expr:
    found: nodes.Expr = nodes.Name(path[0], "load", lineno=line)
    for key in path[1:]:
        found = nodes.Getattr(found, key, "load", lineno=line)
    return found


def _plain(message: str) -> str:
    for jinja, written in _PARSER_WORDS.items():
        message = message.replace(jinja, written)
    return message[:1].lower() + message[1:].rstrip(".")


def snippet(text: str, line: int, words: str) -> str:
    """The words as they stand in a tag on that line, with what is before them if that makes them findable.

    A reader who looks for the result from the left of the line finds the tag, not prose with the same words.
    """
    lines = text.split("\n")
    if not words or line > len(lines):
        return ""
    row = lines[line - 1]
    for found in _places(words, row):
        opening = max(row.rfind("{{", 0, found), row.rfind("{%", 0, found))
        closing = max(row.rfind("}}", 0, found), row.rfind("%}", 0, found))
        if opening > closing:
            return words if row.find(words) == found else row[opening : found + len(words)]
    return words if words in row else ""


def _places(words: str, row: str) -> Iterator[int]:
    """Where the words stand by themselves; only the first few places are tried."""
    found = -1
    for _ in range(_PLACES):
        found = row.find(words, found + 1)
        if found < 0:
            return
        around = row[max(found - 1, 0) : found] + row[found + len(words) : found + len(words) + 1]
        if not (words.isidentifier() and any(each.isalnum() or each == "_" for each in around)):
            yield found


@cache
def _environment() -> Environment:
    return Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701 - prompts are not HTML

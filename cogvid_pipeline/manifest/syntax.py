"""Text that is not YAML, explained in the user's words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from cogvid_pipeline.manifest.mistakes import Mistake
from cogvid_pipeline.manifest.text import CONTROL

_CONFLICT = re.compile(r"^(<{7} |>{7} |={7}$)", re.MULTILINE)
_ESCAPE = re.compile(r"\\[xuU][0-9A-Fa-f]*|\\.", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', re.DOTALL)

MAX_DEPTH = 64
TOO_DEEP = f"this is nested more than {MAX_DEPTH} levels deep"
SIMPLER = "split the manifest, or write it more simply"


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where the parser gave up; `context` is where what it was reading began, `last` the event before."""

    text: str
    offset: int
    context: int
    last: Any

    @property
    def character(self) -> str:
        return self.text[self.offset : self.offset + 1]

    @property
    def line(self) -> str:
        return self.before + re.split(r"[\r\n]", self.text[self.offset :], maxsplit=1)[0]

    @property
    def before(self) -> str:
        """The line up to the place."""
        return re.split(r"[\r\n]", self.text[: self.offset])[-1]

    @property
    def line_start(self) -> int:
        return self.offset - len(self.before)

    @property
    def line_above(self) -> tuple[int, str]:
        """The offset and the text of the nearest line above that is not blank."""
        above = self.text[: self.line_start].rstrip()
        line = re.split(r"[\r\n]", above)[-1]
        return len(above) - len(line.lstrip()), line


# An offset, a message and a hint.
_Said: TypeAlias = tuple[int, str, str]


def explain(error: yaml.YAMLError, text: str, last: Any) -> tuple[int, Mistake]:
    """Where the text stops being YAML, and what to write instead; `last` is the last good event."""
    if conflict := _CONFLICT.search(text):
        hint = "keep one of the two sides and remove the lines with <<<<<<<, ======= and >>>>>>>"
        return conflict.start(), Mistake("CV115", "here is an unresolved merge conflict", (), hint)
    if isinstance(error, yaml.reader.ReaderError):
        found = CONTROL.search(text)
        offset = found.start() if found else 0
        message = f"here is the control character U+{ord(text[offset]):04X}"
        return offset, Mistake("CV111", message, (), "remove it; editors may show it as nothing at all")
    problem = getattr(error, "problem", "")
    offset, context = (_offset(error, name, text) for name in ("problem_mark", "context_mark"))
    if problem == "exceeded maximum nesting depth":  # libyaml's own limit, since 0.2.6
        return offset, Mistake("CV106", TOO_DEEP, (), SIMPLER)
    stop = _Stop(text, offset, context, last)
    offset, message, hint = _EXPLAINED.get(problem, _unexplained)(stop)
    return offset, Mistake("CV101", message, (), hint)


def _offset(error: yaml.YAMLError, name: str, text: str) -> int:
    """The place of a mark; at the end of the text, the last place where something stands."""
    mark = getattr(error, name, None)
    return min(mark.index, max(0, len(text.rstrip()) - 1)) if mark else 0


def _second_colon(stop: _Stop) -> _Said:
    if ": " in stop.before:
        message, value = "here is a second colon on one line", stop.line.split(": ", 1)[1].strip()
        if value[:1] in "“‘”„«":
            return stop.offset, message, f'use straight quotes, ", not {value[0]}'
        shown = value if len(value) <= 60 and '"' not in value else "…"
        return stop.offset, message, f'put the text after the first one in quotes: "{shown}"'
    start, above = stop.line_above
    first = stop.line_start + len(stop.line) - len(stop.line.lstrip())
    if ": " in above:
        name = above.strip().split(":")[0]
        message = "this line is indented deeper than the one above, which has its value already"
        return first, message, f"begin it in the same column as `{name}`"
    return start, *_no_colon(above.strip())


def _no_colon(line: str) -> tuple[str, str]:
    message = "here is no key and value: a colon and a space are missing"
    if "：" in line:
        return message, "write an ordinary colon and a space, `: `, instead of ："
    if re.match(r"\w+:\S", line):
        return message, f"write a space after the colon: `{line.replace(':', ': ', 1)}`"
    return message, "write `name: value`; a text that goes on here belongs into quotes"


def _missing_colon(stop: _Stop) -> _Said:
    line = re.split(r"[\r\n]", stop.text[stop.context :], maxsplit=1)[0]
    return stop.context, *_no_colon(line)


def _no_key(stop: _Stop) -> _Said:
    before = stop.before.rstrip()
    if before:
        return _trailing(stop, before)
    if stop.character == ":":
        return stop.offset, "there is no key before this colon", "write one, or put the text in quotes"
    if stop.character == "-":
        hint = "write `name: value`, or indent the list item deeper than its key"
        return stop.offset, "here is a list item among keys", hint
    hint = "begin it in the same column as the lines that it belongs to"
    return stop.offset, "this line is indented like none of the lines above", hint


def _trailing(stop: _Stop, before: str) -> _Said:
    """Something after the end of a value."""
    if stop.character in {"]", "}"}:
        return stop.offset, f"this {stop.character} closes nothing", "remove it"
    if "{{" in before:
        start = stop.line_start + before.index("{{")
        return start, "a text that begins with {{ needs quotes", 'put the whole text in quotes: "{{ … }} …"'
    if before.endswith(('"', "'")):
        return _after_quote(stop)
    return stop.offset, "this does not belong here", "put the text in quotes"


def _after_quote(stop: _Stop) -> _Said:
    start, end = stop.last.start_mark, stop.last.end_mark
    quote = stop.before.rstrip()[-1]
    if start.line != end.line:
        message = f"the text that begins here with {quote} ends on line {end.line + 1}, where more follows"
        return start.index, message, f"close the quotes with {quote} at the end of this text"
    message = f"the text in quotes ends before this, at the second {quote}"
    if quote == "'":
        return stop.offset, message, "write '' for an apostrophe inside of '…', or use \"…\""
    return stop.offset, message, 'write \\" for a quote inside of "…", or use \'…\''


def _unclosed_quote(stop: _Stop) -> _Said:
    quote = stop.text[stop.context]
    return stop.context, f"this {quote} is not closed", f"end the text with {quote}"


def _no_comma(stop: _Stop) -> _Said:
    opening = stop.text[stop.context]
    closing = "]" if opening == "[" else "}"
    rest = _QUOTED.sub("", stop.text[stop.context :])
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", rest):
        depth += 1 if bracket in "[{" else -1
        if depth == 0:
            break
    else:
        return stop.context, f"this {opening} is not closed", f"end it with {closing}"
    word = re.search(r"\S+\s*$", stop.before) if stop.character == ":" else None
    offset = stop.line_start + word.start() if word else stop.offset
    name = re.split(r"[\s:]", stop.text[offset : offset + 60])[0]
    return offset, f"a comma is missing before {name}", "put commas between what stands in brackets"


def _no_token(stop: _Stop) -> _Said:
    if stop.character == "\t":
        return _tab(stop)
    if stop.text.startswith("{%", stop.offset - 1):
        return (
            stop.offset - 1,
            "a text that begins with {% needs quotes",
            'put the whole text in quotes: "{% … %}"',
        )
    return _needs_quotes(stop.offset, stop.character)


def _tab(stop: _Stop) -> _Said:
    hint = "indent with spaces; most editors can change all tabs of a file at once"
    return stop.offset, "here is a tab, and YAML does not indent with tabs", hint


def _mark(stop: _Stop) -> _Said:
    return _needs_quotes(stop.context, stop.text[stop.context])


def _needs_quotes(offset: int, character: str) -> _Said:
    return offset, f"a text that begins with {character} needs quotes", f'put it in quotes: "{character}…"'


def _escape(stop: _Stop) -> _Said:
    start = stop.text.rindex("\\", 0, stop.offset + 1)
    found = _ESCAPE.match(stop.text, start)
    escape = found[0] if found else "\\"
    if len(escape) > 2:
        return start, f"{escape} is not a character", "write the character itself"
    hint = "write \\\\ for a backslash, or put the text in single quotes"
    return start, f"{escape} means nothing in double quotes", hint


def _no_dash(stop: _Stop) -> _Said:
    hint = "begin it with `- ` to make it an item, or indent it like the key of the list"
    return stop.offset, "this line stands between list items, but is none", hint


def _inline_dash(stop: _Stop) -> _Said:
    hint = "put each `- item` on a line of its own below the key, or put a text that begins with - in quotes"
    return stop.offset, "a list cannot begin on the line of its key", hint


def _block_header(stop: _Stop) -> _Said:
    sign = stop.text[stop.context]
    return stop.offset, f"no text can follow {sign} on its line", "begin the text on the next line, indented"


def _nothing(stop: _Stop) -> _Said:
    return (
        stop.offset,
        "a value is missing here",
        "write one, or remove the comma or bracket that is too many",
    )


def _directive(stop: _Stop) -> _Said:
    return stop.context, "YAML directives do not work here", "remove the line that begins with %"


def _unexplained(stop: _Stop) -> _Said:
    return stop.offset, "this is not YAML", "put a text with signs such as : # & * ! | > % @ in quotes"


_EXPLAINED: dict[str, Callable[[_Stop], _Said]] = {
    "mapping values are not allowed in this context": _second_colon,
    "could not find expected ':'": _missing_colon,
    "did not find expected key": _no_key,
    "found unexpected end of stream": _unclosed_quote,
    "did not find expected ',' or ']'": _no_comma,
    "did not find expected ',' or '}'": _no_comma,
    "found character that cannot start any token": _no_token,
    "found a tab character that violates indentation": _tab,
    "found a tab character where an indentation space is expected": _tab,
    "did not find expected alphabetic or numeric character": _mark,
    "mapping keys are not allowed in this context": lambda stop: _needs_quotes(stop.offset, stop.character),
    "found unknown escape character": _escape,
    "did not find expected hexdecimal number": _escape,
    "found invalid Unicode character escape code": _escape,
    "did not find expected '-' indicator": _no_dash,
    "block sequence entries are not allowed in this context": _inline_dash,
    "did not find expected comment or line break": _block_header,
    "did not find expected node content": _nothing,
    "found unknown directive name": _directive,
    "found incompatible YAML document": _directive,
}

"""Strict, sandboxed and bounded rendering of the templates in a manifest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


class TemplateMistake(Exception):
    """What is wrong with a template, in the user's words.

    CV301: not Jinja syntax; CV302: an undefined name or key; CV303: not allowed in a template; CV304: too
    much work or too large; CV305: an operation that does not fit its values. `line` counts from 1 inside
    the template's text, and `snippet` is what stands there, or empty where that is not known. `name` is the
    one that is not defined.
    """

    def __init__(self, code: str, message: str, *, hint: str = "", line: int = 0, name: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.line = line
        self.name = name
        self.snippet = ""


class Fuel:
    """The work that the templates of one manifest may do together, beyond a small allowance for each.

    A step takes about a microsecond.
    """

    __slots__ = ("depth", "floor", "left")

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.floor = 0
        self.depth = 0

    @property
    def spent(self) -> bool:
        """Whether a template was refused because the others had used everything up."""
        return self.left < 0


@dataclass(frozen=True, slots=True)
class Deferred:
    """A value of the scope, or of a mapping in it, that is worked out each time it is looked up."""

    value: Callable[[], object]


def is_template(text: str) -> bool:
    """Whether the text has a tag; a text without one renders to itself."""
    return "{" in text and ("{{" in text or "{%" in text or "{#" in text)


def render(text: str, scope: Mapping[str, object], fuel: Fuel) -> str:
    """The text with its tags worked out.

    Raises TemplateMistake, and whatever a Deferred of the scope raises.
    """
    if not is_template(text):
        return text
    from cogvid_pipeline.manifest.template.statements import render_template  # it loads Jinja2

    return render_template(text, scope, fuel)

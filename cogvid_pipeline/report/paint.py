"""Colour for a terminal, by what a text is about."""

from collections.abc import Callable
from typing import Literal, TypeAlias

Tone: TypeAlias = Literal["added", "removed", "changed", "quiet", "strong"]
Paint: TypeAlias = Callable[[str, Tone], str]

_CODES: dict[Tone, str] = {"added": "32", "removed": "31", "changed": "33", "quiet": "2", "strong": "1"}


def plain(text: str, tone: Tone) -> str:
    """The text as it is, for what is no terminal."""
    return text


def ansi(text: str, tone: Tone) -> str:
    """The text with the escape codes that colour it. It has to be printable already."""
    return f"\x1b[{_CODES[tone]}m{text}\x1b[0m" if text else text

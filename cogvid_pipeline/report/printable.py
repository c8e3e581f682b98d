"""Text from manifests and vendors, made fit for a terminal."""

import re
import unicodedata

# A zero-width joiner between two pictographs makes one picture of them, as in a family.
_PICTOGRAPH = r"[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]"
_JOINER = re.compile(rf"(?<={_PICTOGRAPH})\u200d(?={_PICTOGRAPH})")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """The text on one line, with what is invisible or acts on the terminal written as escapes."""
    if text.isprintable():
        return text
    joiners = {found.start() for found in _JOINER.finditer(text)}
    return "".join(
        _escape(character)
        if unicodedata.category(character) in _HIDDEN and place not in joiners
        else character
        for place, character in enumerate(text)
    )


def display_width(text: str) -> int:
    """How many columns of a terminal a printable text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_width, _JOINER.sub("", text)))


def _width(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _escape(character: str) -> str:
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

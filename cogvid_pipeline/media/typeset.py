"""Set text in type: clean it, break it into lines, fit it into a box."""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

from PIL import ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont
from pylopdf_fonts_zh_cn import sans_path, serif_path

Face: TypeAlias = Callable[[int], FreeTypeFont]

# From one line's middle to the next one's, in type sizes; ideographs need more air than Latin letters.
LEADING = 1.5

# What may not begin a line, what may not end one, and after what a word may be broken.
_CLOSING = "!%),.:;?]}»’”…‥·、。〉》」』】〕〗〙ー々！％），．：；？］｝～"
_OPENING = "([{«‘“〈《「『【〔〖〘（［｛"
_JOINTS = "-–—/_"


@dataclass(frozen=True, slots=True)
class Setting:
    """Text that is set: its lines and their type."""

    lines: tuple[str, ...]
    font: FreeTypeFont

    @property
    def leading(self) -> int:
        return round(self.font.size * LEADING)

    @property
    def height(self) -> int:
        return self.leading * len(self.lines)

    def draw(self, on: ImageDraw.ImageDraw, at: tuple[int, int], colour: str) -> None:
        """Draw the lines downwards from the top left corner."""
        left, top = at
        for number, line in enumerate(self.lines):
            on.text((left, top + self.leading * (2 * number + 1) // 2), line, colour, self.font, anchor="lm")


@lru_cache(maxsize=64)
def serif(size: int) -> FreeTypeFont:
    """The face for prompts."""
    # The other layout engine would kern Latin, but is not on every machine and lets text reorder itself.
    return ImageFont.truetype(serif_path(), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=64)
def sans(size: int) -> FreeTypeFont:
    """The face for what is said about a shot."""
    return ImageFont.truetype(sans_path(), size, layout_engine=ImageFont.Layout.BASIC)


def readable(text: str) -> str:
    """The text without what would disturb a layout: control and format characters, stacked marks."""
    kept = []
    for character in unicodedata.normalize("NFC", text):
        if character == "\n":
            kept.append(character)
        elif character.isspace():
            kept.append(" ")
        elif unicodedata.category(character) not in {"Cc", "Cf", "Cn", "Co", "Cs", "Me", "Mn"}:
            kept.append(character)
    lines = (" ".join(line.split()) for line in "".join(kept).split("\n"))
    return "\n".join(line for line in lines if line)


def fit(text: str, face: Face, box: tuple[int, int], sizes: range) -> Setting:
    """Set the text in the largest of the sizes that fits the box, with lines of about equal length.

    What does not fit in the smallest size is cut off, with an ellipsis.
    """
    text = readable(text)

    def at(size: int) -> Setting:
        return Setting(wrap(text, face(size), box[0]), face(size))

    fitting = bisect_right(sizes, False, key=lambda size: at(size).height > box[1])
    setting = at(sizes[max(fitting - 1, 0)])
    room = max(box[1] // setting.leading, 1)
    if len(setting.lines) > room:
        return Setting((*setting.lines[: room - 1], setting.lines[room - 1][:-1] + "…"), setting.font)
    widths = range(box[0] // 2, box[0])
    narrow = bisect_left(
        widths, True, key=lambda width: len(wrap(text, setting.font, width)) <= len(setting.lines)
    )
    return Setting(wrap(text, setting.font, box[0] // 2 + narrow), setting.font)


def shorten(text: str, font: FreeTypeFont, width: int) -> str:
    """The text on one line, cut off with an ellipsis where it is wider than that."""
    text = readable(text).replace("\n", " ")
    if font.getlength(text) <= width:
        return text
    room = bisect_right(range(len(text)), False, key=lambda end: font.getlength(text[:end] + "…") > width)
    return text[: max(room - 1, 0)] + "…"


def wrap(text: str, font: FreeTypeFont, width: int) -> tuple[str, ...]:
    """Break the text into lines of at most that width, by the rules of Chinese and of Latin."""
    return tuple(line for paragraph in text.split("\n") for line in _fill(paragraph, font, width))


def _fill(paragraph: str, font: FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    room = float(width)
    for piece in _pieces(paragraph, font, width):
        if font.getlength(piece.rstrip()) > room and lines[-1]:
            lines.append("")
            room = width
        lines[-1] += piece
        room -= font.getlength(piece)
    return [line.rstrip() for line in lines]


def _pieces(paragraph: str, font: FreeTypeFont, width: int) -> list[str]:
    """What stays together; a piece that is wider than a line falls into its characters."""
    ends = [end for end, pair in enumerate(pairwise(paragraph), start=1) if _may_break(*pair)]
    pieces = [paragraph[start:end] for start, end in pairwise([0, *ends, len(paragraph)])]
    return [
        part for piece in pieces for part in (piece if font.getlength(piece.rstrip()) > width else [piece])
    ]


def _may_break(before: str, after: str) -> bool:
    if after.isspace() or after in _CLOSING or before in _OPENING:
        return False
    if before in _JOINTS:
        return before != after
    return before.isspace() or _is_wide(before) or _is_wide(after)


def _is_wide(character: str) -> bool:
    """Whether it belongs to a script that is written without spaces."""
    return unicodedata.east_asian_width(character) in {"W", "F"}

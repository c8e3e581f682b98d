"""How two texts differ, word by word; what is written without spaces, character by character."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, takewhile
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["same", "removed", "added"]

# Chinese and Japanese, of which each character counts, and signs that end a word.
_CJK = "\u2e80-\u2fdf\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SIGNS = r"!-/:-@\[-`{-~\u2010-\u2027\u2030-\u205e\u3000-\u303f\uff00-\uff65"
_TOKEN = re.compile(rf"[{_CJK}]|[^\s{_SIGNS}{_CJK}]+|\s+|.", re.DOTALL)

# More pairs of words than this are not compared: a prompt has no more than 512 characters.
_PAIRS = 1_000_000
_LEAST_ALIKE = 0.25
_CONTEXT = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both have, or only one of them."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class _Hunk:
    old: str
    new: str

    @property
    def differs(self) -> bool:
        return self.old != self.new


def word_diff(before: str, after: str) -> tuple[Piece, ...] | None:
    """The pieces of both texts in order; None where too little is alike to be read side by side."""
    pieces = tuple(_pieces(before, after))
    alike = sum(len(piece.text) for piece in pieces if piece.kind == "same")
    return pieces if alike >= _LEAST_ALIKE * max(len(before), len(after)) else None


def shortened(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The pieces, where what is long and the same in both is cut down to what stands beside a change."""
    last = len(pieces) - 1
    return tuple(
        Piece("same", _cut(piece.text, first=place == 0, last=place == last))
        if piece.kind == "same"
        else piece
        for place, piece in enumerate(pieces)
    )


def _cut(text: str, *, first: bool, last: bool) -> str:
    before = "" if first else _head(text[:_CONTEXT])
    after = "" if last else _head(text[: -_CONTEXT - 1 : -1])[::-1]
    return f"{before}…{after}" if len(before) + len(after) + 1 < len(text) else text


def _head(text: str) -> str:
    """The text up to its last word, which may be cut off, unless that is most of it."""
    space = text.rfind(" ")
    return text[:space] if space > _CONTEXT // 2 else text


def _pieces(before: str, after: str) -> Iterator[Piece]:
    hunks = [hunk for hunk in _hunks(_TOKEN.findall(before), _TOKEN.findall(after)) if hunk.old or hunk.new]
    # A sign or a space between two changes would only break up what is read as one.
    loose = [
        hunk.differs or (0 < place < len(hunks) - 1 and len(hunk.old.strip()) <= 1)
        for place, hunk in enumerate(hunks)
    ]
    for differs, group in groupby(zip(loose, hunks, strict=True), key=lambda pair: pair[0]):
        members = [hunk for _, hunk in group]
        old, new = "".join(hunk.old for hunk in members), "".join(hunk.new for hunk in members)
        if not differs:
            yield Piece("same", old)
            continue
        if old:
            yield Piece("removed", old)
        if new:
            yield Piece("added", new)


def _hunks(old: list[str], new: list[str]) -> Iterator[_Hunk]:
    """What both begin and end with is found first, since most changes are small."""
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    first, last = "".join(old[:start]), "".join(old[len(old) - end :])
    yield _Hunk(first, first)
    yield from _compared(old[start : len(old) - end], new[start : len(new) - end])
    yield _Hunk(last, last)


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many tokens are the same from the start on."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _compared(old: list[str], new: list[str]) -> Iterator[_Hunk]:
    if len(old) * len(new) > _PAIRS:
        yield _Hunk("".join(old), "".join(new))
        return
    for _, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield _Hunk("".join(old[a:b]), "".join(new[c:d]))

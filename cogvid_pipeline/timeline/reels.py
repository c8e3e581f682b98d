"""Name the reels of an edit decision list."""

import re
from collections.abc import Iterable

_LENGTH = 8
_FOREIGN = re.compile("[^A-Za-z0-9_-]")

# Names that stand for no reel: black, colour bars, and what has no time code.
_RESERVED = ("BL", "BLACK", "BARS", "AX", "NONE")


def reels_of(names: Iterable[str]) -> dict[str, str]:
    """A reel for each take, different even in capitals: its own name where that fits, else numbered."""
    reels: dict[str, str] = {}
    taken = set(_RESERVED)
    numbers: dict[str, int] = {}
    for name in dict.fromkeys(names):
        stem = _FOREIGN.sub("", name)
        reel = stem[:_LENGTH] or "R"
        first = reel.upper()
        while reel.upper() in taken:
            number = numbers[first] = numbers.get(first, 1) + 1
            reel = f"{stem[: _LENGTH - len(str(number))]}{number}"
        taken.add(reel.upper())
        reels[name] = reel
    return reels

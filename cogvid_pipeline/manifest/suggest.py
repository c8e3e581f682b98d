"""Which of the known names was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


class Suggestions:
    """Finds the nearest of many names. Comparing takes a while, so it gives up after so many."""

    def __init__(self, comparisons: int = 5_000) -> None:
        self._left = comparisons

    def nearest(self, name: str, known: Iterable[str]) -> str:
        """The known name most like this one; "" when none is, or when there was too much to compare."""
        if not self._left:
            return ""
        similar = [each for each in known if abs(len(each) - len(name)) <= 3][: self._left]
        self._left -= len(similar)
        return next(iter(get_close_matches(name, similar, 1)), "")

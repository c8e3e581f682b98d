"""What an open page has to know."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Mood: TypeAlias = Literal["", "busy", "wrong"]


@dataclass(frozen=True, slots=True)
class News:
    """Which `page` is the newest, and what is to be said over whatever page is open."""

    page: str = ""
    mood: Mood = ""
    words: str = ""


class Board:
    """Where the newest news hangs; one thread writes, others look."""

    def __init__(self) -> None:
        self.newest = News()

    def busy(self, words: str) -> None:
        """Something is being done."""
        self.newest = replace(self.newest, mood="busy", words=words)

    def wrong(self, words: str) -> None:
        """The last good page stays, for this reason."""
        self.newest = replace(self.newest, mood="wrong", words=words)

    def show(self, page: str, wrong: str = "") -> None:
        """There is a page, perhaps a new one; what is `wrong` with it is said."""
        self.newest = News(page, "wrong" if wrong else "", wrong)

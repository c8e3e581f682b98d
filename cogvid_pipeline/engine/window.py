"""Bound how many tasks a vendor has in hand at once: fewer when it turns some away, more as it takes them."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Window:
    """At most `size` tasks are in hand, and never more than `most`; who comes later waits in order."""

    most: int
    size: int = field(init=False)
    inside: int = 0
    _waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.size = self.most

    @contextmanager
    def visit(self) -> Iterator["Visit"]:
        """A task's way in and out; it is out at the end of the block at the latest."""
        visit = Visit(self)
        try:
            yield visit
        finally:
            visit.leave()

    def narrow(self) -> None:
        """Let in half as many as there are besides the one that is turned away, but at least one."""
        self.size = max(1, min(self.size, self.inside - 1) // 2)

    def widen(self) -> None:
        """Let in one more, since the vendor took one: twice as many when it has taken all."""
        self.size = min(self.most, self.size + 1)
        self._let_in()

    def open(self) -> None:
        """Let everybody in: nothing is going to be asked of the vendor."""
        self.size = self.most = self.inside + len(self._waiting)
        self._let_in()

    async def wait(self) -> None:
        """Wait for a place, and take it."""
        if self.inside < self.size:
            self.inside += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was let in at the same moment
                self.give_back()
            raise

    def give_back(self) -> None:
        """Leave a place to others."""
        self.inside -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self.inside < self.size:
            place = self._waiting.popleft()
            if not place.cancelled():
                self.inside += 1
                place.set_result(None)


@dataclass(slots=True)
class Visit:
    """One task's use of the window."""

    window: Window
    inside: bool = False

    async def enter(self) -> None:
        """Wait for a place, unless there is one already."""
        if not self.inside:
            await self.window.wait()
            self.inside = True

    def take(self) -> None:
        """The vendor has the task in hand already, whether there is room for it or not."""
        self.window.inside += 1
        self.inside = True

    def leave(self) -> None:
        """Make room for another one."""
        if self.inside:
            self.inside = False
            self.window.give_back()

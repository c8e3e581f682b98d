"""Gather what many takes record at the same time into one commit, away from the event loop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, TypeVar

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, Full
from cogvid_pipeline.state.database import Unreachable
from cogvid_pipeline.state.ledger import Ledger

T = TypeVar("T")

_LONGEST_PAUSE = 10.0  # seconds between two tries to reach a database
_GRACE = 5.0  # seconds for what is still to be written once the run is to end

_GIVEN_UP = (
    "the ledger could not be told in time; the lock has what was answered, and the next apply records it"
)


class GatheredLedger:
    """Fits engine.ports.Ledger. A commit costs a sync of the disk, whether it has one row or a hundred.

    Each method returns when its row is durable. The ledger is used by this object alone while a run lasts.
    A database that cannot be reached is tried until it can, and `say` is told why: an answer must not be
    lost. What is only intended is given up once others may take the run for dead, and all of it soon after
    somebody is in a `hurry`.
    """

    def __init__(self, ledger: Ledger, say: Callable[[str], None] = lambda _: None) -> None:
        self._ledger = ledger
        self._say = say
        self._waiting: list[_Write] = []
        self._work: asyncio.Task[None] | None = None
        self._pending: set[asyncio.Future[Any]] = set()
        self._hurried = False
        self._roused = asyncio.Event()
        self._asking = asyncio.Lock()

    def hurry(self) -> None:
        """The run is to end: what cannot be written soon is given up, with StateError."""
        self._hurried = True
        self._ledger.hurry(_GRACE)
        self._roused.set()
        for future in self._pending:
            self._limit(future)

    async def ask(self, question: Callable[[], T]) -> T:
        """The answer to what looks into a ledger, one question at a time; asked until there is one."""
        failures = 0
        async with self._asking:
            while True:
                try:
                    return await asyncio.to_thread(question)
                except Unreachable as error:
                    failures += 1
                    await self._pause(error, failures)

    async def intend(
        self, attempt: Attempt, *, again: bool = False, room: int | None = None
    ) -> Attempt | Full | None:
        """Record an intent, or return what stands in its way."""
        intend = partial(self._ledger.intend, attempt, again=again, room=room)
        other: Attempt | Full | None = await self._do(intend, only_intended=True)
        return other

    async def intend_again(self, held: Attempt) -> Attempt | None:
        """Record the intent to send an attempt in doubt once more, or return what became of it."""
        other: Attempt | None = await self._do(partial(self._ledger.intend_again, held), only_intended=True)
        return other

    async def record(self, attempt: Attempt) -> Attempt:
        """Record what became of an attempt, and return it as it then stands."""
        standing: Attempt = await self._do(partial(self._ledger.record, attempt))
        return standing

    async def take_in(self, attempt: Attempt) -> Attempt:
        """Add an attempt that came from elsewhere unless it is known, and return it as it stands."""
        standing: Attempt = await self._do(partial(self._ledger.take_in, attempt))
        return standing

    async def take_over(self, attempt: Attempt) -> None:
        """See to a task from now on, unless the run that does is alive."""
        await self._do(partial(self._ledger.take_over, attempt))

    async def _do(self, write: Callable[[], Any], *, only_intended: bool = False) -> Any:
        future = asyncio.get_running_loop().create_future()
        self._pending.add(future)
        future.add_done_callback(self._pending.discard)
        if self._hurried:
            self._limit(future)
        self._waiting.append(_Write(write, future, only_intended))
        if self._work is None:
            self._work = asyncio.create_task(self._write_all())
        # Whoever is cancelled while waiting must not keep the others' rows, or its own, off the disk.
        return await asyncio.shield(future)

    def _limit(self, future: asyncio.Future[Any]) -> None:
        """Give it up after the grace; a thread may go on waiting as long again for a server that is gone."""

        def give_up() -> None:
            if not future.done():
                self._say(_GIVEN_UP)
                future.set_exception(StateError(_GIVEN_UP))

        asyncio.get_running_loop().call_later(_GRACE, give_up)

    async def _write_all(self) -> None:
        failures = 0
        while batch := [write for write in self._waiting if not write.future.done()]:
            self._waiting = []
            unreachable: dict[_Write, Unreachable] = {}
            for write, result in zip(batch, await asyncio.to_thread(self._commit, batch), strict=True):
                if isinstance(result.error, Unreachable) and not self._is_given_up(write):
                    unreachable[write] = result.error
                else:
                    result.hand_over(write.future)
            failures = failures + 1 if unreachable else 0
            if unreachable:
                self._waiting = [*unreachable, *self._waiting]
                await self._pause(next(iter(unreachable.values())), failures)
        self._work = None

    async def _pause(self, error: Unreachable, failures: int) -> None:
        self._say(f"{error}; trying again")
        longest = _LONGEST_PAUSE if not self._hurried else _GRACE / 5
        self._roused.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._roused.wait(), min(0.25 * 2 ** min(failures, 9), longest))

    def _is_given_up(self, write: "_Write") -> bool:
        return write.only_intended and (self._hurried or not self._ledger.may_submit())

    def _commit(self, batch: list["_Write"]) -> list["_Result"]:
        try:
            with self._ledger.together():
                return [_Result(write.do()) for write in batch]
        except Unreachable as error:
            return [_Result(error=error)] * len(batch)
        except Exception:
            return [_Result.of(write.do) for write in batch]


@dataclass(frozen=True, slots=True)
class _Write:
    do: Callable[[], Any]
    future: asyncio.Future[Any]
    only_intended: bool


@dataclass(frozen=True, slots=True)
class _Result:
    value: Any = None
    error: Exception | None = None

    @classmethod
    def of(cls, write: Callable[[], Any]) -> Self:
        try:
            return cls(write())
        except Exception as error:
            return cls(error=error)

    def hand_over(self, future: asyncio.Future[Any]) -> None:
        if future.done():  # it was given up
            return
        if self.error is not None:
            future.set_exception(self.error)
        else:
            future.set_result(self.value)

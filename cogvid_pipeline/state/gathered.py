"""Gather what many takes record at the same time into one commit, away from the event loop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.state.ledger import SqliteLedger

_Waiting = tuple[Callable[[], Any], asyncio.Future[Any]]


class GatheredLedger:
    """Fits engine.ports.Ledger. A commit costs a sync of the disk, whether it has one row or a hundred.

    Each method returns when its row is durable. The ledger is used by this object alone while a run lasts.
    """

    def __init__(self, ledger: SqliteLedger) -> None:
        self._ledger = ledger
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def intend(self, attempt: Attempt, *, again: bool = False) -> Attempt | None:
        """Record an intent, or return the attempt that stands in its way."""
        other: Attempt | None = await self._do(partial(self._ledger.intend, attempt, again=again))
        return other

    async def record(self, attempt: Attempt) -> None:
        """Record what became of an attempt."""
        await self._do(partial(self._ledger.record, attempt))

    async def take_in(self, attempt: Attempt) -> None:
        """Add an attempt that came from a lock file, unless it is known."""
        await self._do(partial(self._ledger.take_in, attempt))

    async def _do(self, write: Callable[[], Any]) -> Any:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((write, future))
        if self._work is None:
            self._work = asyncio.create_task(self._write_all())
        # Whoever is cancelled while waiting must not keep the others' rows, or its own, off the disk.
        return await asyncio.shield(future)

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            for (_, future), result in zip(
                batch, await asyncio.to_thread(self._commit, [write for write, _ in batch]), strict=True
            ):
                result.hand_over(future)
        self._work = None

    def _commit(self, writes: list[Callable[[], Any]]) -> list["_Result"]:
        try:
            with self._ledger.together():
                return [_Result(write()) for write in writes]
        except Exception:
            return [_Result.of(write) for write in writes]


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
        if self.error is not None:
            future.set_exception(self.error)
        else:
            future.set_result(self.value)

"""What all takes of one run share: the ports, the limits and the signal to stop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from cogvid_pipeline.engine.ports import Ports
from cogvid_pipeline.engine.retry import Throttle
from cogvid_pipeline.engine.window import Window
from cogvid_pipeline.model.event import Event, EventName
from cogvid_pipeline.model.shot import split_take
from cogvid_pipeline.model.wire import NotAccepted

T = TypeVar("T")

# Submissions that may be out at once. Each has its intent in the ledger, and what is killed before its answer
# came is in doubt: the fewer the better.
_SUBMISSIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """How a plan is carried out.

    `jobs` bounds the takes that are under way at once, `task_timeout` how long a task is waited for and
    `patience` how long a vendor may turn submissions away; both in seconds.
    """

    jobs: int = 4
    fail_fast: bool = False
    task_timeout: float = 3600.0
    patience: float = 600.0


@dataclass(slots=True)
class Run:
    """The state of one run. `closed` says why nothing more is submitted, and is empty while all is well."""

    ports: Ports
    options: ApplyOptions
    throttle: Throttle = field(init=False)
    window: Window = field(init=False)
    gate: asyncio.Semaphore = field(init=False)
    submissions: asyncio.Semaphore = field(init=False)
    closed: str = ""
    closed_hint: str = ""
    stopping: bool = False
    _stoppable: set[asyncio.Task[Any]] = field(default_factory=set)
    _shared: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.throttle = Throttle(self.ports.clock, self.options.patience)
        self.window = Window(self.options.jobs)
        self.gate = asyncio.Semaphore(self.options.jobs)
        self.submissions = asyncio.Semaphore(_SUBMISSIONS)

    def now(self) -> str:
        """The time as the ledger and the lock have it."""
        return datetime.fromtimestamp(self.ports.clock(), UTC).isoformat(timespec="milliseconds")

    def tell(self, event: EventName, take: str = "", **details: Any) -> None:
        """Say what happens to a take, or to the whole run.

        When nobody can hear it any more, the run ends as if it had been stopped.
        """
        try:
            self.ports.observe(Event(event, self.now(), *split_take(take), details))
        except OSError:
            # The reader of a pipe has gone, say. Requests that are out must not be lost over that.
            self.stop()

    def may_submit(self) -> bool:
        """Whether anything may be bought now; look again after each wait."""
        return not self.closed and not self.stopping

    def close(self, reason: str, hint: str = "") -> None:
        """Submit nothing more; what runs is still collected."""
        self.closed = self.closed or reason
        self.closed_hint = self.closed_hint or hint
        self.window.open()

    def turned_away(self, verdict: NotAccepted) -> None:
        """Ask the vendor later, and for less at once: a rate limit is the account's, not a shot's."""
        if self.throttle.turned_away(verdict.retry_after, self.ports.jitter()) and verdict.reached:
            self.window.narrow()

    def progressed(self) -> None:
        """Note that the vendor accepted something."""
        self.throttle.progressed()
        self.window.widen()

    def stop(self) -> None:
        """End the run: requests that are out are finished, everything else is left for the next apply."""
        self.stopping = True
        self.ports.ledger.hurry()
        for task in self._stoppable:
            task.cancel()

    @asynccontextmanager
    async def stoppable(self) -> AsyncIterator[None]:
        """Run the block so that `stop` cancels it. A submission that is out never runs inside."""
        task = asyncio.current_task()
        assert task is not None
        if self.stopping:
            raise asyncio.CancelledError
        self._stoppable.add(task)
        try:
            yield
        finally:
            self._stoppable.discard(task)

    async def pause(self, seconds: float) -> None:
        """Sleep, unless the run is stopped."""
        async with self.stoppable():
            await self.ports.sleep(seconds)

    async def once(self, key: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work for a key a single time, whoever asks first; the others get its result."""
        if (shared := self._shared.get(key)) is not None:
            async with self.stoppable():
                result: T = await asyncio.shield(shared)
                return result
        future = self._shared[key] = asyncio.get_running_loop().create_future()
        try:
            result = await work()
        except asyncio.CancelledError:
            future.cancel()
            raise
        except Exception as error:
            future.set_exception(error)
            future.exception()  # marks it as seen: there may be nobody else who waits
            raise
        future.set_result(result)
        return result

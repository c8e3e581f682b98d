"""How long to wait before asking again, and when to stop asking; pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cogvid_pipeline.model.attempt import Attempt

_REPEATABLE_SECONDS = 600.0


def poll_delays() -> Iterator[float]:
    """Seconds before each poll of a task: soon at first, then ever slower, at most 15.

    A task of half a second is seen at the first poll; one of five minutes costs about thirty.
    """
    delay = 0.5
    while True:
        yield delay
        delay = min(delay * 1.5, 15.0)


def backoff(failures: int, jitter: float, *, at_most: float = 60.0) -> float:
    """Seconds to wait after so many failures in a row (from 1); `jitter`, 0 to 1, spreads callers apart."""
    return min(2.0 ** (failures - 1), at_most) * (0.5 + jitter / 2)


def is_repeatable(attempt: Attempt, now: float) -> bool:
    """Whether a submission in doubt may be sent again; `now` is in seconds since the epoch.

    The vendors do not say how long they remember a request id. Where the clock was set back, nobody knows
    how long it has been.
    """
    try:
        age = now - datetime.fromisoformat(attempt.created_at).timestamp()
    except ValueError:
        return False
    return bool(attempt.seal) and 0 <= age <= _REPEATABLE_SECONDS


@dataclass(slots=True)
class Throttle:
    """How one provider is doing, shared by all takes: a rate limit is the account's, not a shot's.

    `patience` is how many seconds the provider may turn everything away before takes are given up.
    """

    clock: Callable[[], float]
    patience: float
    failures: int = 0
    until: float = 0.0
    since: float = field(default=0.0)

    def wait(self) -> float:
        """Seconds until the provider should be asked again."""
        return max(0.0, self.until - self.clock())

    def turned_away(self, retry_after: float | None, jitter: float) -> bool:
        """Note that a submission was not accepted, and say whether that is news.

        Submissions that were out together are turned away together, which is one failure and not many.
        """
        now = self.clock()
        if self.failures == 0:
            self.since = now
        if news := self.failures == 0 or now >= self.until:
            self.failures += 1
        pause = backoff(self.failures, jitter) if retry_after is None else retry_after
        self.until = max(self.until, now + pause)
        return news

    def progressed(self) -> None:
        """Note that the provider accepted or finished something."""
        self.failures = 0

    @property
    def exhausted(self) -> bool:
        """Whether nothing has moved, or is going to, for longer than the patience."""
        return self.failures > 0 and max(self.clock(), self.until) - self.since >= self.patience

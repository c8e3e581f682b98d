"""A connection to PostgreSQL that does not wait for ever for an answer."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import DictRow

T = TypeVar("T")


class Connection(psycopg.Connection[DictRow]):
    """Gives up, with OperationalError, when it has heard nothing for as long as its `patience` says.

    Neither libpq nor the system can notice a server that does not answer on a line that is up.
    """

    patience: Callable[[], float]  # in seconds; it may change while something is waited for

    def wait(self, gen: PQGen[T], *options: Any, **more: Any) -> T:
        return super().wait(_heard(gen, self.patience), *options, **more)


def _heard(steps: PQGen[T], patience: Callable[[], float]) -> PQGen[T]:
    """The same steps, up to a silence that is too long; the driver looks in several times a second."""
    heard = time.monotonic()
    try:
        awaited = next(steps)
        while True:
            ready = yield awaited
            if ready:
                heard = time.monotonic()
            elif time.monotonic() - heard > patience():
                raise psycopg.OperationalError(f"there was no answer for {patience():g} seconds")
            awaited = steps.send(ready)
    except StopIteration as end:
        answer: T = end.value
        return answer

"""Show the other machines that a run is alive: a row with a date, which is put off again and again.

All dates are the database's: machines disagree about the time. Whoever acts on a date that has passed removes
the row in the same transaction (state/postgres.py), and a row that is gone never comes back: a run that wakes
up after that may still record answers, but sends nothing any more. One that finds its row there has been
missed by nobody, and goes on.
"""

import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.state.exclusive import introduction
from cogvid_pipeline.state.patience import Connection
from cogvid_pipeline.state.server import Server, elapsed

_BEATS = 6  # in the time after which others take over
_FAREWELL = 2  # seconds that the end waits; when the server is gone, others learn of it by the date
_MARGIN = 1 / 4  # of that time: what is sent has to be under way well before its end

_BEGIN = """
INSERT INTO runs (run, until, began, host, pid, command) VALUES (
    %(run)s, clock_timestamp() + make_interval(secs => %(seconds)s), clock_timestamp(),
    %(host)s, %(pid)s, %(what)s
)
RETURNING CAST(extract(epoch FROM clock_timestamp()) AS double precision) AS now
"""
_BEAT = """
UPDATE runs SET until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE run = %(run)s
RETURNING CAST(extract(epoch FROM clock_timestamp()) AS double precision) AS now
"""
_END = "DELETE FROM runs WHERE run = %(run)s"


class Lease:
    """One run's; it is kept by a thread with a connection of its own while the block lasts."""

    def __init__(self, server: Server, run: str, what: str, *, seconds: float) -> None:
        self._server = server
        self._run = {"run": run, "seconds": seconds, **introduction(what)}
        self._seconds = seconds
        self._good_until = 0.0
        self._connection: Connection | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._say(_BEGIN)
        except BaseException:
            self._close()
            raise
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(timeout=_FAREWELL)

    def holds(self) -> bool:
        """Whether others will take this run to be alive for some time yet. Asks nobody."""
        return elapsed() < self._good_until - _MARGIN * self._seconds

    def _keep(self) -> None:
        self._renew()
        with suppress(StateError):
            self._say(_END)
        self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _renew(self) -> None:
        while not self._ended.wait(self._seconds / _BEATS):
            with suppress(StateError):  # the next beat connects again
                if not self._say(_BEAT):
                    self._good_until = 0.0
                    return

    def _say(self, statement: str) -> bool:
        """Whether the statement found the run's row."""
        if self._connection is None or self._connection.closed:
            self._connection = self._server.connect()
        # From before it was sent, so that the database's date is never the earlier one.
        sent = elapsed()
        with self._server.failures(self._connection):
            answer = self._connection.execute(statement, self._run)
            row = answer.fetchone() if answer.description else None
        if row is None:
            return False
        self._server.note_time(row["now"])
        self._good_until = sent + self._seconds
        return True

"""Keep the durable record of every attempt, one row each."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

from cogvid_pipeline.durable import make_ignored_directory
from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, Attempts, Clip, State
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.state.database import (
    damaged,
    failures_named,
    open_for_reading,
    open_for_writing,
    transaction,
)
from cogvid_pipeline.state.exclusive import is_running, running

_FILE = "ledger.db"
_ELSEWHERE = ""  # in place of a run's id: submitted by somebody else, as a lock file says

_IN_THE_WAY = """
SELECT * FROM attempts
WHERE fingerprint = :fingerprint AND paid
    AND (state IN ('intent', 'accepted', 'adopted', 'held') OR state = 'succeeded' AND NOT :again)
ORDER BY state = 'succeeded' DESC, state IN ('intent', 'held'), run = '', rowid DESC LIMIT 1
"""

# Rows are numbered in the order in which they were learned, which a clock that jumps cannot upset. A free
# attempt counts only if it has come to something: one that was cut off can be made again for nothing.
_NEWEST = """
WITH candidates AS (
    SELECT attempts.*, row_number() OVER (
        PARTITION BY fingerprint
        ORDER BY paid DESC, state = 'succeeded' DESC, state IN ('intent', 'held'),
            state != 'succeeded' AND run = '', attempts.rowid DESC
    ) AS place
    FROM attempts
    WHERE fingerprint IN (SELECT value FROM json_each(?))
        AND (state IN ('succeeded', 'accepted', 'adopted') OR paid AND state IN ('held', 'intent'))
)
SELECT * FROM candidates WHERE place = 1
"""

_OF_REQUEST = "SELECT * FROM attempts WHERE request_id = ?"
_IN_STATES = "SELECT * FROM attempts WHERE state IN (SELECT value FROM json_each(?))"
_IN_DOUBT = "SELECT * FROM attempts WHERE paid AND state IN ('held', 'intent') ORDER BY rowid"

_ADD = """
INSERT INTO attempts VALUES (
    :request_id, :fingerprint, :state, :paid, :provider, :base_url, :task_id, :url, :request, :clip,
    :amount, :currency, :created_at, :completed_at, :error, :run, :seal, :own
)
ON CONFLICT DO NOTHING
"""

# The host of a row that was submitted from here can be trusted: a lock that says otherwise takes that away.
_SAVE = _ADD.replace(
    "DO NOTHING",
    """(request_id) DO UPDATE SET
    state = :state, paid = :paid, provider = :provider, base_url = :base_url,
    task_id = :task_id, url = :url, request = :request, clip = :clip, amount = :amount,
    currency = :currency, created_at = :created_at, completed_at = :completed_at, error = :error,
    run = iif(run = '', '', :run), seal = :seal, own = :own OR own AND base_url = :base_url
    WHERE fingerprint = :fingerprint
    """,
)

_UNANSWERED = "the run that sent the request ended before the answer was recorded"


@contextmanager
def open_ledger(state: Path, run: str, what: str = "cogvid") -> Iterator["SqliteLedger"]:
    """The ledger in a state directory, for a run with this id, which others see alive until the end.

    It is made when it is not there. `what` is the command that is run. Raises StateError.
    """
    path = make_ignored_directory(state) / _FILE
    with running(state, run, what), closing(open_for_writing(path)) as connection:
        yield SqliteLedger(path, connection, run)


@contextmanager
def read_ledger(state: Path) -> Iterator["SqliteLedger"]:
    """The ledger in a state directory, to be read only; empty when there is none. Raises StateError."""
    path = state / _FILE
    with closing(open_for_reading(path)) as connection:
        yield SqliteLedger(path, connection, run="")


class SqliteLedger:
    """The attempts of all runs; every method raises StateError when the file cannot be used.

    An attempt is live while it is intended, accepted, adopted or held. By fingerprint there is at most one
    live attempt that is paid and was submitted here. Free ones (preview, emulator) never stand in a paid
    one's way.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, run: str) -> None:
        connection.row_factory = sqlite3.Row
        self._path = path
        self._connection = connection
        self._run = run

    def newest(self, fingerprints: Iterable[str]) -> Attempts:
        """By fingerprint, the newest paid attempt that succeeded, else the live one.

        Where nothing was paid it is the newest free one that has come to something. An intent whose run is
        gone counts as held. Fingerprints without an attempt are left out.
        """
        with failures_named(self._path):
            rows = self._connection.execute(_NEWEST, (json.dumps(list(fingerprints)),))
            alive = self._alive()
            return {row["fingerprint"]: self._attempt(row, alive) for row in rows}

    def recorded(self, request_id: str) -> Attempt | None:
        """The attempt with this request id, whatever has become of it."""
        with failures_named(self._path):
            row = self._connection.execute(_OF_REQUEST, (request_id,)).fetchone()
            return self._attempt(row, self._alive()) if row else None

    def in_states(self, states: Iterable[State]) -> Iterator[Attempt]:
        """All attempts that are recorded in one of these states, whosever they are."""
        with failures_named(self._path):
            alive = self._alive()
            for row in self._connection.execute(_IN_STATES, (json.dumps(list(states)),)):
                yield self._attempt(row, alive)

    def in_doubt(self) -> list[Attempt]:
        """Paid attempts of which it is not known whether they were accepted, the oldest first.

        Those that a run that is alive is about to settle are left out.
        """
        with failures_named(self._path):
            rows = self._connection.execute(_IN_DOUBT).fetchall()
            alive = self._alive()
            found = [self._attempt(row, alive) for row in rows]
        return [attempt for attempt in found if attempt.state is State.HELD]

    def of_task(self, task_id: str) -> list[Attempt]:
        """The attempts that this task was accepted for."""
        with failures_named(self._path):
            rows = self._connection.execute("SELECT * FROM attempts WHERE task_id = ?", (task_id,))
            alive = self._alive()
            return [self._attempt(row, alive) for row in rows]

    def intend(self, attempt: Attempt, *, again: bool = False) -> Attempt | None:
        """Record an intent, unless it is a paid one and its fingerprint has another paid attempt.

        Then that attempt is returned: a live one, or one that has succeeded (another run may have been
        faster) unless the clip is wanted `again`.
        """
        with self._commit() as execute:
            wanted = {"fingerprint": attempt.fingerprint, "again": again}
            if attempt.paid and (row := execute(_IN_THE_WAY, wanted).fetchone()):
                return self._attempt(row, self._alive())
            execute(_SAVE, self._row(attempt))
        return None

    def record(self, attempt: Attempt) -> None:
        """Record what became of the attempt with this request id, which may be new here.

        Raises StateError when the ledger knows the id as that of another request: a lock that came with a
        pull request may claim anything.
        """
        with self._commit() as execute:
            if execute(_SAVE, self._row(attempt)).rowcount == 0:
                raise StateError(
                    f"the ledger knows {attempt.request_id!r} as the attempt at another request",
                    hint="the lock says something else; see in git who changed it",
                )

    def take_in(self, attempt: Attempt) -> None:
        """Add an attempt that came from a lock file.

        Nothing happens when it is known. It may stand beside a live attempt with its fingerprint: two
        machines have then paid for the same request, and neither of the tasks is to be lost.
        """
        with self._commit() as execute:
            execute(_ADD, {**self._row(attempt), "run": _ELSEWHERE})

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that the block changes is on the disk when it has ended, or none; every change passes here."""
        with failures_named(self._path), transaction(self._connection):
            yield

    @contextmanager
    def _commit(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        if self._connection.in_transaction:
            yield self._connection.execute
        else:
            with self.together():
                yield self._connection.execute

    def _alive(self) -> Callable[[str], bool]:
        return cache(partial(is_running, self._path.parent))

    def _attempt(self, row: sqlite3.Row, alive: Callable[[str], bool]) -> Attempt:
        try:
            state, error = State(row["state"]), row["error"]
            if state is State.INTENT and not alive(row["run"]):
                state, error = State.HELD, _UNANSWERED
            return Attempt(
                state=state,
                fingerprint=row["fingerprint"],
                request=json.loads(row["request"]),
                provider=row["provider"],
                base_url=row["base_url"],
                request_id=row["request_id"],
                task_id=row["task_id"],
                url=row["url"],
                clip=Clip(**json.loads(row["clip"])) if row["clip"] else None,
                cost=Money(Decimal(row["amount"]), row["currency"]) if row["amount"] else None,
                created_at=row["created_at"],
                completed_at=row["completed_at"],
                error=error,
                seal=row["seal"],
                own=bool(row["own"]),
            )
        except (ValueError, TypeError, LookupError, ArithmeticError) as cause:
            raise damaged(self._path, cause) from cause

    def _row(self, attempt: Attempt) -> dict[str, Any]:
        row = {
            "request_id": attempt.request_id,
            "fingerprint": attempt.fingerprint,
            "state": attempt.state.value,
            "paid": attempt.paid,
            "provider": attempt.provider,
            "base_url": attempt.base_url,
            "task_id": attempt.task_id,
            "url": attempt.url,
            "request": json.dumps(attempt.request),
            "clip": json.dumps(asdict(attempt.clip)) if attempt.clip else None,
            "amount": str(attempt.cost.amount) if attempt.cost else None,
            "currency": attempt.cost.currency if attempt.cost else None,
            "created_at": attempt.created_at,
            "completed_at": attempt.completed_at,
            "error": attempt.error,
            "run": self._run,
            "seal": attempt.seal,
            "own": attempt.own,
        }
        return {name: _storable(value) for name, value in row.items()}


def _storable(value: object) -> object:
    """Text from a vendor may hold half a surrogate pair, which must not keep a task id off the disk."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

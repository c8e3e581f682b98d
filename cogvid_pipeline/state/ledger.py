"""Keep the durable record of every attempt, one row each."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, Attempts, Clip, Full, State
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.state.database import Database
from cogvid_pipeline.state.succession import replaces

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
    WHERE fingerprint IN ({listed})
        AND (state IN ('succeeded', 'accepted', 'adopted') OR paid AND state IN ('held', 'intent'))
)
SELECT * FROM candidates WHERE place = 1
"""

_OF_REQUEST = "SELECT * FROM attempts WHERE request_id = :request_id"
_OF_TASK = "SELECT * FROM attempts WHERE task_id = :task_id ORDER BY rowid"
_AMONG = "SELECT request_id FROM attempts WHERE request_id IN ({listed})"
_IN_STATES = "SELECT * FROM attempts WHERE state IN ({listed}) ORDER BY rowid"
_IN_DOUBT = "SELECT * FROM attempts WHERE paid AND state IN ('held', 'intent') ORDER BY rowid"
_IN_HAND = """
SELECT run, count(*) AS tasks FROM attempts
WHERE account = :account AND state IN ('intent', 'accepted', 'adopted') AND run NOT IN ('', :run)
GROUP BY run
"""

_COLUMNS = (
    *("request_id", "fingerprint", "state", "paid", "provider", "base_url", "task_id", "url", "request"),
    *("clip", "amount", "currency", "created_at", "completed_at", "error", "run", "seal", "own", "account"),
)
_VALUES = ", ".join(f":{name}" for name in _COLUMNS)
_CHANGES = ", ".join(f"{name} = :{name}" for name in _COLUMNS[2:] if name != "own")
_ADD = f"INSERT INTO attempts ({', '.join(_COLUMNS)}) VALUES ({_VALUES})"  # noqa: S608 -- all are constants
_ADD_UNKNOWN = f"{_ADD} ON CONFLICT DO NOTHING"

# The host of a row that was submitted from here can be trusted: a lock that says otherwise takes that away.
_SAVE = f"""
UPDATE attempts SET {_CHANGES}, own = :own OR own AND base_url = :base_url WHERE request_id = :request_id
"""  # noqa: S608 -- all are constants
# What came with a lock may be a second one that is live; only the first can have a run.
_SENT_AGAIN = """
UPDATE attempts SET state = 'intent', run = CASE WHEN EXISTS (
    SELECT * FROM attempts AS other
    WHERE other.fingerprint = attempts.fingerprint AND other.request_id != attempts.request_id
        AND other.paid AND other.run != '' AND other.state IN ('intent', 'accepted', 'adopted', 'held')
) THEN run ELSE :run END
WHERE request_id = :request_id
"""
_TAKEN_OVER = "UPDATE attempts SET run = :run WHERE request_id = :request_id"

_UNANSWERED = "the run that sent the request ended before the answer was recorded"


class Ledger:
    """The attempts of all runs; every method raises StateError when the database cannot be used.

    An attempt is live while it is intended, accepted, adopted or held. By fingerprint there is at most one
    live attempt that is paid and was submitted here. Free ones (preview, emulator) never stand in a paid
    one's way. An intent says that its run may be sending the request right now; once that run is dead,
    nobody knows, and it counts as held.
    """

    def __init__(self, database: Database, run: str) -> None:
        """`run` is the id of the run that uses it, which others see alive; empty when it only reads."""
        self._database = database
        self._run = run

    def now(self) -> float:
        """The time in seconds since the epoch, by the clock that all runs go by."""
        return self._database.now()

    def may_submit(self) -> bool:
        """Whether what was intended may be sent; to be asked at the last moment."""
        return self._database.holds()

    def hurry(self, within: float) -> None:
        """The run is to end: wait for a database that does not answer only these seconds, in any thread."""
        self._database.hurry(within)

    def newest(self, fingerprints: Iterable[str]) -> Attempts:
        """By fingerprint, the newest paid attempt that succeeded, else the live one.

        Where nothing was paid it is the newest free one that has come to something. Fingerprints without an
        attempt are left out.
        """
        found = self._attempts(self._list(_NEWEST, fingerprints))
        return {attempt.fingerprint: attempt for attempt in found}

    def recorded(self, request_id: str) -> Attempt | None:
        """The attempt with this request id, whatever has become of it."""
        return next(self._attempts(self._database.query(_OF_REQUEST, request_id=request_id)), None)

    def in_states(self, states: Iterable[State]) -> Iterator[Attempt]:
        """All attempts that are recorded in one of these states, whosever they are."""
        yield from self._attempts(self._list(_IN_STATES, states))

    def in_doubt(self) -> list[Attempt]:
        """Paid attempts of which it is not known whether they were accepted, the oldest first.

        Those that a run that is alive is about to settle are left out.
        """
        found = self._attempts(self._database.query(_IN_DOUBT))
        return [attempt for attempt in found if attempt.state is State.HELD]

    def of_task(self, task_id: str) -> list[Attempt]:
        """The attempts that this task was accepted for."""
        return list(self._attempts(self._database.query(_OF_TASK, task_id=task_id)))

    def unknown(self, attempts: Iterable[Attempt]) -> list[Attempt]:
        """Those of these attempts whose request ids the ledger has never heard of."""
        attempts = list(attempts)
        rows = self._list(_AMONG, [attempt.request_id for attempt in attempts])
        known = {row["request_id"] for row in rows}
        return [attempt for attempt in attempts if attempt.request_id not in known]

    def intend(
        self, attempt: Attempt, *, again: bool = False, room: int | None = None
    ) -> Attempt | Full | None:
        """Record an intent, unless it is a paid one and its fingerprint has another paid attempt.

        Then that attempt is returned: a live one, or one that has succeeded (another run may have been
        faster) unless the clip is wanted `again`. With `room`, nothing is recorded either while other runs
        have more than so many tasks of the account in hand.
        """
        with self.together():
            self._check_alive()
            wanted = {"fingerprint": attempt.fingerprint, "again": again}
            for row in self._database.query(_IN_THE_WAY, **wanted) if attempt.paid else ():
                # Its own intent: that it was recorded was not heard the first time.
                own = row["request_id"] == attempt.request_id and self._is_mine(row)
                return None if own else next(self._attempts([row]))
            if room is not None and (others := self._others(attempt.account)) > room:
                return Full(others)
            self._database.change(_ADD, **self._row(attempt))
        return None

    def intend_again(self, held: Attempt) -> Attempt | None:
        """Record the intent to send an attempt in doubt once more, under its own request id.

        Where it is no longer in doubt, or another run is sending it, it is returned as it is now.
        """
        with self.together():
            self._check_alive()
            for row in self._database.query(_OF_REQUEST, request_id=held.request_id):
                standing = next(self._attempts([row]))
                if standing.state is not State.HELD and not (
                    standing.state is State.INTENT and self._is_mine(row)
                ):
                    return standing
                self._database.change(_SENT_AGAIN, run=self._run, request_id=held.request_id)
                return None
            self._database.change(_ADD, **self._row(replace(held, state=State.INTENT)))
        return None

    def record(self, attempt: Attempt) -> Attempt:
        """Record what became of the attempt with this request id, which may be new here.

        Returns the attempt as it then stands: another run may know more (state/succession.py). Raises
        StateError when the ledger knows the id as that of another request: a lock that came with a pull
        request may claim anything.
        """
        with self.together():
            for row in self._database.query(_OF_REQUEST, request_id=attempt.request_id):
                return self._succeed(attempt, row)
            self._database.change(_ADD, **self._row(attempt))
        return attempt

    def take_in(self, attempt: Attempt) -> Attempt:
        """Add an attempt that came from a lock file or the shared store, and return it as it stands.

        Nothing happens when it is known. It may stand beside a live attempt with its fingerprint: two
        machines have then paid for the same request, and neither of the tasks is to be lost.
        """
        with self.together():
            self._database.change(_ADD_UNKNOWN, **{**self._row(attempt), "run": _ELSEWHERE})
            return next(self._attempts(self._database.query(_OF_REQUEST, request_id=attempt.request_id)))

    def take_over(self, attempt: Attempt) -> None:
        """See to a task from now on, unless the run that does is alive."""
        with self.together():
            for row in self._database.query(_OF_REQUEST, request_id=attempt.request_id):
                if row["run"] not in (_ELSEWHERE, self._run) and not self._database.holders()(row["run"]):
                    self._database.change(_TAKEN_OVER, run=self._run, request_id=attempt.request_id)

    def together(self) -> AbstractContextManager[None]:
        """All that the block changes is durable when it has ended, or none; every change passes here."""
        return self._database.transaction()

    def _succeed(self, attempt: Attempt, row: Any) -> Attempt:
        """Record it over an older row, if it says more."""
        old = next(self._attempts([row]))
        if old.fingerprint != attempt.fingerprint:
            raise StateError(
                f"the ledger knows {attempt.request_id!r} as the attempt at another request",
                hint="the lock says something else; see in git who changed it",
            )
        if not replaces(attempt, old, mine=self._is_mine(row)):
            return old
        # Somebody may have paid again by now, and this one is not to be lost.
        beside = attempt.state is State.ACCEPTED and old.state in {State.RELEASED, State.REFUSED}
        run = _ELSEWHERE if beside else row["run"]
        account = attempt.account or old.account
        self._database.change(_SAVE, **{**self._row(attempt), "run": run, "account": account})
        return attempt

    def _check_alive(self) -> None:
        if not self._database.holders()(self._run):
            raise StateError(
                "others have taken this run for dead, since it was paused or cut off from the ledger for too "
                "long; nothing more is submitted",
                hint="run the command again: it goes on where it was",
            )

    def _is_mine(self, row: Any) -> bool:
        return bool(row["run"] == self._run != _ELSEWHERE)

    def _others(self, account: str) -> int:
        """How many tasks of an account other runs that are alive have in hand."""
        if not account:
            return 0
        alive = self._database.holders()
        rows = self._database.query(_IN_HAND, account=account, run=self._run)
        return sum(row["tasks"] for row in rows if alive(row["run"]))

    def _list(self, statement: str, values: Iterable[str]) -> Iterable[Any]:
        """The rows of a statement about one of these values."""
        listed = statement.format(listed=self._database.listed)
        return self._database.query(listed, list=json.dumps(list(values)))

    def _attempts(self, rows: Iterable[Any]) -> Iterator[Attempt]:
        holders = self._database.holders()
        return (self._attempt(row, holders) for row in rows)

    def _attempt(self, row: Any, holders: Callable[[str], str | None]) -> Attempt:
        try:
            state, error = State(row["state"]), row["error"]
            if state is State.INTENT and not self._is_mine(row):
                who = holders(row["run"])
                state = State.INTENT if who else State.HELD
                error = f"{who} is submitting this very request" if who else _UNANSWERED
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
                # Who can write to a shared database could have keys sent anywhere.
                own=bool(row["own"]) and self._database.private,
                account=row["account"],
            )
        except (ValueError, TypeError, LookupError, ArithmeticError) as cause:
            raise self._database.damaged(cause) from cause

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
            "account": attempt.account,
        }
        return {name: _storable(value) for name, value in row.items()}


def _storable(value: object) -> object:
    """Text from a vendor may hold what no database takes, which must not keep a task id off the disk."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "replace").decode().replace("\0", "")

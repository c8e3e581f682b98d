"""Keep the ledger in a SQLite file, in the one format that this version knows."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from cogvid_pipeline.effects import reached
from cogvid_pipeline.errors import StateError
from cogvid_pipeline.state.exclusive import holder, in_turn

_APPLICATION = 0x436F6756  # "CogV": what `file` shows, and how a stranger's database is told apart
_PATIENCE = 30.0  # seconds to wait for another process's transaction

# Each step brings the format from one version to the next; a released step is never changed.
_STEPS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE attempts (
            request_id   TEXT PRIMARY KEY,
            fingerprint  TEXT NOT NULL,
            state        TEXT NOT NULL,
            paid         INTEGER NOT NULL,
            provider     TEXT NOT NULL,
            base_url     TEXT NOT NULL,
            task_id      TEXT NOT NULL,
            url          TEXT NOT NULL,
            request      TEXT NOT NULL,
            clip         TEXT,
            amount       TEXT,
            currency     TEXT,
            created_at   TEXT NOT NULL,
            completed_at TEXT NOT NULL,
            error        TEXT NOT NULL,
            run          TEXT NOT NULL
        )
        """,
        "CREATE INDEX attempts_by_fingerprint ON attempts (fingerprint)",
        """
        CREATE UNIQUE INDEX one_live_attempt ON attempts (fingerprint)
            WHERE paid AND state IN ('intent', 'accepted', 'adopted', 'held')
        """,
        f"PRAGMA application_id = {_APPLICATION}",
    ),
    (
        "ALTER TABLE attempts ADD COLUMN seal TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE attempts ADD COLUMN own INTEGER NOT NULL DEFAULT 0",
    ),
    (
        # What came with a lock has no run; it may be a second one, which nobody here could prevent.
        "DROP INDEX one_live_attempt",
        """
        CREATE UNIQUE INDEX one_live_attempt ON attempts (fingerprint)
            WHERE paid AND run != '' AND state IN ('intent', 'accepted', 'adopted', 'held')
        """,
    ),
    (
        "ALTER TABLE attempts ADD COLUMN account TEXT NOT NULL DEFAULT ''",
        """
        CREATE INDEX attempts_in_hand ON attempts (account)
            WHERE state IN ('intent', 'accepted', 'adopted')
        """,
    ),
)
_VERSION = len(_STEPS)

_IDENTITY = """
SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
FROM pragma_application_id, pragma_user_version
"""

_DAMAGED = (
    "move it aside and run the command again: what the lock says is taken in from there, but an attempt that "
    "is held or unfinished and not in the lock is forgotten, so look at the vendor's list of tasks first"
)
_HINTS = {
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_BUSY: "another process is writing; run the command again when it has finished",
    sqlite3.SQLITE_CONSTRAINT: "another attempt at the same request is unfinished; run the command again",
}
_NO_ROOM = "free some space or make the directory writable, then run the command again"


class SqliteDatabase:
    """Fits state.database.Database: a file, whose users show by locks of the system that they are alive."""

    listed = "SELECT value FROM json_each(:list)"
    private = True

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        self._path = path
        self._connection = connection

    def now(self) -> float:
        return time.time()

    def query(self, statement: str, **parameters: Any) -> Iterable[Any]:
        with failures_named(self._path):
            return self._connection.execute(statement, parameters).fetchall()

    def change(self, statement: str, **parameters: Any) -> int:
        with failures_named(self._path):
            return self._connection.execute(statement, parameters).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._connection.in_transaction:
            yield
        else:
            with failures_named(self._path), transaction(self._connection):
                yield

    def holders(self) -> Callable[[str], str | None]:
        @cache
        def who(run: str) -> str | None:
            with failures_named(self._path):
                return holder(self._path.parent, run)

        return who

    def holds(self) -> bool:
        # The lock of a process that is paused is still there.
        return True

    def hurry(self, within: float) -> None:
        """A file answers soon enough."""

    def damaged(self, cause: Exception) -> StateError:
        return StateError(f"the ledger {self._path} is damaged: {cause}", hint=_DAMAGED)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The database, made when it is not there. Raises StateError."""
    # The change to a write-ahead log waits for nobody, whatever the patience: who comes second fails.
    with in_turn(path.parent), failures_named(path), _closed_on_failure(_connect(path)) as connection:
        _version(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        with transaction(connection):
            _bring_up_to_date(connection, _version(connection, path))
        return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """The database, or an empty one where there is none; no file is made or changed. Raises StateError."""
    with failures_named(path):
        try:
            return _as_it_is(path)
        except (sqlite3.Error, StateError):
            # It may have been read while another process began to write, which now has its log there.
            return _as_it_is(path)


def _as_it_is(path: Path) -> sqlite3.Connection:
    if not path.exists():
        return _in_memory(None, path)
    with _closed_on_failure(_connect(_reading_uri(path))) as connection:
        if _version(connection, path) == _VERSION:
            return connection
        with closing(connection):
            return _in_memory(connection, path)


def _in_memory(original: sqlite3.Connection | None, path: Path) -> sqlite3.Connection:
    """A copy in today's format."""
    with _closed_on_failure(_connect(":memory:")) as copy:
        if original:
            original.backup(copy)
        with transaction(copy):
            _bring_up_to_date(copy, _version(copy, path))
        return copy


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing of what the block changes; durable when the block has ended."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        reached("committing", "the ledger")
    reached("committed", "the ledger")


@contextmanager
def failures_named(path: Path) -> Iterator[None]:
    """Turn what SQLite or the system raises into a StateError that names the file and says what to do."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        raise StateError(f"cannot use the ledger {path}: {error}", hint=_HINTS.get(code, _NO_ROOM)) from error


def _connect(target: Path | str) -> sqlite3.Connection:
    # A run commits in a thread, one at a time, which SQLite allows and Python forbids unless told.
    return sqlite3.connect(
        target,
        timeout=_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
        uri=isinstance(target, str),
    )


@contextmanager
def _closed_on_failure(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _reading_uri(path: Path) -> str:
    # Without a log beside it nobody is writing, and even a reader would leave a log and an index behind.
    logs = (path.with_name(f"{path.name}{end}") for end in ("-wal", "-journal"))
    mode = "mode=ro" if any(log.exists() for log in logs) else "immutable=1"
    return f"{path.absolute().as_uri()}?{mode}"


def _bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    if version < _VERSION:
        for statement in chain.from_iterable(_STEPS[version:]):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the format, 0 when there is nothing yet. Raises StateError unless it can be read."""
    # One statement sees one moment: another process may be making the database right now.
    application, version, objects = connection.execute(_IDENTITY).fetchone()
    if application != _APPLICATION and objects:
        raise StateError(
            f"{path} is a database, but not a ledger of cogvid", hint="move it aside, or set COGVID_LEDGER"
        )
    if version > _VERSION:
        raise StateError(
            f"the ledger {path} has version {version}; this cogvid reads up to version {_VERSION}",
            hint="upgrade cogvid",
        )
    return int(version)

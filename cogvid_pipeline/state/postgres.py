"""Keep the ledger in a PostgreSQL database that several machines share."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from typing import Any

import psycopg

from cogvid_pipeline.effects import reached
from cogvid_pipeline.errors import StateError
from cogvid_pipeline.state.database import Unreachable
from cogvid_pipeline.state.exclusive import in_words
from cogvid_pipeline.state.lease import Lease
from cogvid_pipeline.state.patience import Connection
from cogvid_pipeline.state.server import Server
from cogvid_pipeline.state.shared_format import BEGIN, IN_TURN, VERSION, bring_up_to_date, version_of

# Writers take turns, so what one of them looks up holds until it commits. Runs whose time has passed are
# removed first: a beat that comes at the same moment is either before that, or finds nothing.
_BEGIN = "; ".join((BEGIN, IN_TURN, "DELETE FROM runs WHERE until <= clock_timestamp()"))
_REGISTERED = "SELECT * FROM runs"
_ALIVE = "SELECT * FROM runs WHERE until > clock_timestamp()"

_PARAMETER = re.compile(r":([a-z_]+)")


class PostgresDatabase:
    """Fits state.database.Database. A connection that is lost is made anew for the next transaction."""

    listed = "SELECT json_array_elements_text(CAST(:list AS json))"
    private = False

    def __init__(self, server: Server, connection: Connection, lease: Lease | None = None) -> None:
        self._server = server
        self._connection = connection
        self._lease = lease
        self._inside = False
        self._registered: dict[str, str] | None = None

    def now(self) -> float:
        return self._server.now()

    def query(self, statement: str, **parameters: Any) -> Iterable[Any]:
        return self._execute(statement, parameters).fetchall()

    def change(self, statement: str, **parameters: Any) -> int:
        return self._execute(statement, parameters).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._inside:
            yield
            return
        try:
            self._execute(_BEGIN, None)
            self._inside, self._registered = True, None
            yield
            reached("committing", "the ledger")
            self._execute("COMMIT", None)
        except BaseException:
            with suppress(StateError), self._server.failures(self._connection):
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._inside = False
        reached("committed", "the ledger")

    def holders(self) -> Callable[[str], str | None]:
        if not self._inside:
            alive = cache(lambda: self._runs(_ALIVE))
            return lambda run: alive().get(run)
        return self._holder

    def holds(self) -> bool:
        return self._lease is not None and self._lease.holds()

    def hurry(self, within: float) -> None:
        self._server.hurry(within)

    def damaged(self, cause: Exception) -> StateError:
        return StateError(f"{self._server.name} is damaged: {cause}", hint="restore it from a backup")

    def close(self) -> None:
        """Close the connection; another may have taken the place of the first."""
        self._connection.close()

    def _holder(self, run: str) -> str | None:
        if self._registered is None:
            self._registered = self._runs(_REGISTERED)
        return self._registered.get(run)

    def _runs(self, statement: str) -> dict[str, str]:
        return {row["run"]: _words(row) for row in self.query(statement)}

    def _execute(self, statement: str, parameters: dict[str, Any] | None) -> psycopg.Cursor[Any]:
        lasting = not (self._inside or self._connection.closed)
        try:
            return self._once(statement, parameters)
        except Unreachable:
            if not lasting:
                raise
        return self._once(statement, parameters)  # the connection may have been lost long ago

    def _once(self, statement: str, parameters: dict[str, Any] | None) -> psycopg.Cursor[Any]:
        if self._connection.closed and not self._inside:
            self._connection = self._server.connect(reading=self._lease is None)
        with self._server.failures(self._connection):
            return self._connection.execute(_translated(statement), parameters)


@contextmanager
def share(url: str, run: str, what: str, *, lease: float) -> Iterator[PostgresDatabase]:
    """The database for a run with this id, whose lease lasts as long as the block."""
    server = Server(url)
    with closing(server.connect()) as connection:
        bring_up_to_date(connection, server)
    with (
        Lease(server, run, what, seconds=lease) as kept,
        closing(PostgresDatabase(server, server.connect(), kept)) as database,
    ):
        yield database


@contextmanager
def look_into(url: str) -> Iterator[PostgresDatabase | None]:
    """The database, to be read only; None when nothing has been recorded yet."""
    server = Server(url)
    with closing(PostgresDatabase(server, connection := server.connect(reading=True))) as database:
        version = version_of(connection, server)
        if 0 < version < VERSION:
            raise StateError(
                f"{server.name} has version {version}, and this cogvid works with version {VERSION}",
                hint="cogvid apply brings it up to date",
            )
        yield database if version else None


@cache
def _translated(statement: str) -> str:
    return _PARAMETER.sub(r"%(\1)s", statement)


def _words(row: dict[str, Any]) -> str:
    since = row["began"].astimezone().strftime("%H:%M")
    return in_words({"pid": row["pid"], "host": row["host"], "since": since, "what": row["command"]})

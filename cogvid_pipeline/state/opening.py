"""Open the ledger where it is kept: in a file of this machine, or in a database that several share."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cogvid_pipeline.durable import make_ignored_directory
from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import State
from cogvid_pipeline.state.exclusive import running
from cogvid_pipeline.state.ledger import Ledger
from cogvid_pipeline.state.sqlite import SqliteDatabase, open_for_reading, open_for_writing

LEASE = 60.0  # seconds after which a run that shows no sign of life is taken for dead
_FILE = "ledger.db"
_COUNTS = (State.INTENT, State.ACCEPTED, State.ADOPTED, State.HELD, State.SUCCEEDED)


@contextmanager
def open_ledger(
    state: Path, run: str, what: str = "cogvid", *, server: str = "", lease: float = LEASE
) -> Iterator[Ledger]:
    """The ledger for a run with this id, which others see alive until the end.

    It is in the state directory, or at the URL of a `server`, and is made when it is not there. `what` is the
    command that is run. Raises StateError.
    """
    path = make_ignored_directory(state) / _FILE
    with running(state, run, what):
        if not server:
            with closing(open_for_writing(path)) as connection:
                yield Ledger(SqliteDatabase(path, connection), run)
            return
        _need_psycopg()
        from cogvid_pipeline.state.postgres import share

        with share(server, run, what, lease=lease) as database:
            ledger = Ledger(database, run)
            if path.exists():
                _bring_along(path, ledger)
            yield ledger


@contextmanager
def read_ledger(state: Path, *, server: str = "") -> Iterator[Ledger]:
    """The ledger, to be read only; empty when there is none. Raises StateError.

    Until a server has one, it is what `open_ledger` will bring along to it.
    """
    if server:
        _need_psycopg()
        from cogvid_pipeline.state.postgres import look_into

        with look_into(server) as database:
            if database is not None:
                yield Ledger(database, run="")
                return
    path = state / _FILE
    with closing(open_for_reading(path)) as connection:
        yield Ledger(SqliteDatabase(path, connection), run="")


def _bring_along(path: Path, shared: Ledger) -> None:
    """What was paid for before the ledger was shared is known there from now on."""
    with closing(open_for_reading(path)) as connection:
        here = Ledger(SqliteDatabase(path, connection), run="")
        paid = [attempt for attempt in here.in_states(_COUNTS) if attempt.paid]
    with shared.together():
        for attempt in shared.unknown(paid):
            shared.take_in(attempt)


def _need_psycopg() -> None:
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise StateError(
            f"COGVID_LEDGER names a PostgreSQL server, and psycopg cannot be used: {error}",
            hint="pip install 'cogvid-pipeline[postgres]'",
        ) from error

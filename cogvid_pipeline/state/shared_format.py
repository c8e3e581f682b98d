"""Make the tables of a shared ledger, and bring those of an earlier version up to date."""

from itertools import chain

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.state.patience import Connection
from cogvid_pipeline.state.server import Server

# Writers take turns by this lock, which ends with their transaction. The number stands for "CogV".
IN_TURN = "SELECT pg_advisory_xact_lock(1131374422)"
BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"

# Each step brings the format from one version to the next; a released step is never changed. Runs of an
# earlier version may still be going on, and must be able to record their answers afterwards.
_STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE SCHEMA IF NOT EXISTS cogvid",
        "CREATE TABLE cogvid.format (version integer NOT NULL)",
        "INSERT INTO cogvid.format VALUES (0)",
        """
        CREATE TABLE cogvid.attempts (
            rowid        bigint GENERATED ALWAYS AS IDENTITY,
            request_id   text PRIMARY KEY,
            fingerprint  text NOT NULL,
            state        text NOT NULL,
            paid         boolean NOT NULL,
            provider     text NOT NULL,
            base_url     text NOT NULL,
            task_id      text NOT NULL,
            url          text NOT NULL,
            request      text NOT NULL,
            clip         text,
            amount       text,
            currency     text,
            created_at   text NOT NULL,
            completed_at text NOT NULL,
            error        text NOT NULL,
            run          text NOT NULL,
            seal         text NOT NULL,
            own          boolean NOT NULL,
            account      text NOT NULL
        )
        """,
        "CREATE INDEX attempts_by_fingerprint ON cogvid.attempts (fingerprint)",
        """
        CREATE UNIQUE INDEX one_live_attempt ON cogvid.attempts (fingerprint)
            WHERE paid AND run <> '' AND state IN ('intent', 'accepted', 'adopted', 'held')
        """,
        """
        CREATE INDEX attempts_in_hand ON cogvid.attempts (account)
            WHERE state IN ('intent', 'accepted', 'adopted')
        """,
        # The runs that are alive: until when, and who they are.
        """
        CREATE TABLE cogvid.runs (
            run     text PRIMARY KEY,
            until   timestamptz NOT NULL,
            began   timestamptz NOT NULL,
            host    text NOT NULL,
            pid     bigint NOT NULL,
            command text NOT NULL
        )
        """,
    ),
)
VERSION = len(_STEPS)

# Asked of the catalogue: what to_regclass() says may be remembered from before another has made it.
_IS_THERE = "SELECT 1 AS it FROM pg_tables WHERE schemaname = 'cogvid' AND tablename = 'format'"


def version_of(connection: Connection, server: Server) -> int:
    """The version of the format, 0 when there is nothing yet. Raises StateError for a newer one."""
    with server.failures(connection):
        if connection.execute(_IS_THERE).fetchone() is None:
            return 0
        row = connection.execute("SELECT version FROM cogvid.format").fetchone()
    version = int(row["version"]) if row else 0
    if version > VERSION:
        raise StateError(
            f"{server.name} has version {version}; this cogvid reads up to version {VERSION}",
            hint="upgrade cogvid",
        )
    return version


def bring_up_to_date(connection: Connection, server: Server) -> None:
    """Make what is missing; of several who try at once, the others find it done."""
    if version_of(connection, server) == VERSION:
        return
    with server.failures(connection), connection.transaction():
        connection.execute(IN_TURN)
        for statement in chain.from_iterable(_STEPS[version_of(connection, server) :]):
            connection.execute(statement)
        connection.execute("UPDATE cogvid.format SET version = %s", [VERSION])

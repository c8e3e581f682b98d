"""Connect to the PostgreSQL server that a URL names, and say what goes wrong there without its password."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from cogvid_pipeline.errors import StateError, UsageError
from cogvid_pipeline.state.database import Unreachable
from cogvid_pipeline.state.patience import Connection

_OLDEST = 12_00_00  # as the server gives its version

# It goes on while the machine sleeps, unlike what Python calls monotonic.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

# A server that is gone without a word is noticed within half a minute. The URL may say otherwise.
_DEFAULTS: dict[str, Any] = {
    "application_name": "cogvid",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}

_PATIENCE = 40.0  # seconds of silence; a server that is there says sooner that something takes too long

# A run that is paused in the middle of a transaction must not keep the others from theirs.
_SESSION = """
SET search_path TO cogvid;
SET client_encoding TO 'UTF8';
SET idle_in_transaction_session_timeout TO '10s';
SET lock_timeout TO '20s';
SET statement_timeout TO '30s'
"""
_READ_ONLY = "SET default_transaction_read_only TO on"
# What a commit promises is that a power cut does not undo it, whatever the server is set to.
_DURABLE = "SET synchronous_commit TO on"
_FACTS = """
SELECT current_setting('server_encoding') AS encoding, current_setting('synchronous_commit') AS commits,
    CAST(current_setting('server_version_num') AS integer) AS version,
    CAST(extract(epoch FROM clock_timestamp()) AS double precision) AS now
"""

_HINTS: dict[type[psycopg.Error], str] = {
    errors.InvalidPassword: "look at the user and the password in COGVID_LEDGER",
    errors.InsufficientPrivilege: "the user needs CREATE on the database once, and then what is in "
    "its schema `cogvid`; see docs/shared-ledger.md",
    errors.InvalidCatalogName: "create the database, or correct COGVID_LEDGER",
    errors.UniqueViolation: "another attempt at the same request is unfinished; run the command again",
    errors.ReadOnlySqlTransaction: "COGVID_LEDGER must lead to the primary server",
}
_LATER = "look whether the server runs and can be reached, then run the command again"


def elapsed() -> float:
    """Seconds since some moment; neither a set clock nor sleep takes any away."""
    return time.clock_gettime(_CLOCK)


def _is_plausible(options: dict[str, Any]) -> bool:
    """Whether no piece of a password has got into what messages show, for want of a %40 or %2F."""
    ports = str(options.get("port") or "").split(",")
    shown = f"{options.get('host', '')}{options.get('dbname', '')}"
    return "@" not in shown and all(port.isdecimal() for port in ports if port)


class Server:
    """A database on a server; its URL is a secret."""

    def __init__(self, url: str) -> None:
        """Raises UsageError, which does not show the URL."""
        try:
            options = conninfo_to_dict(url)
        except psycopg.Error:
            options = {"host": "@"}
        if not _is_plausible(options):
            raise UsageError(
                "COGVID_LEDGER is not the URL of a PostgreSQL database",
                hint="it looks like postgresql://USER:PASSWORD@HOST/DATABASE; characters such as @ and / in "
                "a password are written as %40 and %2F",
            )
        self._secrets = [str(options[name]) for name in ("password", "sslpassword") if options.get(name)]
        self._conninfo = make_conninfo("", **{**_DEFAULTS, **options})
        self.name = f"the ledger at {options.get('host', 'the PostgreSQL server')}"
        self._patience = _PATIENCE
        self._ahead = 0.0  # how far its clock is ahead of `elapsed`

    def connect(self, *, reading: bool = False) -> Connection:
        """A connection on which each statement is a transaction of its own. Raises StateError."""
        with self.failures():
            connection = Connection.connect(
                self._conninfo, autocommit=True, row_factory=dict_row, prepare_threshold=None
            )
            connection.patience = lambda: self._patience
            try:
                self._prepare(connection, reading=reading)
            except BaseException:
                connection.close()
                raise
            return connection

    def _prepare(self, connection: Connection, *, reading: bool) -> None:
        connection.execute(_SESSION)
        if reading:
            connection.execute(_READ_ONLY)
        facts = connection.execute(_FACTS).fetchone()
        assert facts is not None
        self.note_time(facts["now"])
        if facts["version"] < _OLDEST:
            raise StateError(
                f"{self.name} is on PostgreSQL {facts['version'] // 10_000}, which is too old",
                hint=f"use PostgreSQL {_OLDEST // 10_000} or newer",
            )
        if facts["encoding"] != "UTF8":
            raise StateError(
                f"{self.name} is in a database with the encoding {facts['encoding']}",
                hint="create one with the encoding UTF8; otherwise not every answer could be recorded",
            )
        if facts["commits"] == "off":
            connection.execute(_DURABLE)

    def hurry(self, within: float) -> None:
        """Wait for no answer and no connection for longer than these seconds, from now on and now."""
        self._patience = within
        self._conninfo = make_conninfo(self._conninfo, connect_timeout=math.ceil(within))

    def note_time(self, now: float) -> None:
        """Take notice of what the server's clock says at this moment."""
        self._ahead = now - elapsed()

    def now(self) -> float:
        """The time in seconds since the epoch, by the server's clock."""
        return elapsed() + self._ahead

    @contextmanager
    def failures(self, connection: Connection | None = None) -> Iterator[None]:
        """Turn what the driver raises into a StateError that says what to do.

        It is Unreachable where the same may work later; the connection is of no use then, and is closed.
        """
        try:
            yield
        except psycopg.Error as error:
            known = [hint for kind, hint in _HINTS.items() if isinstance(error, kind)]
            gone = isinstance(error, psycopg.OperationalError | errors.ReadOnlySqlTransaction)
            if gone or (connection is not None and connection.closed):
                if connection is not None:
                    connection.close()
                raise Unreachable(self._words(error), hint=(known or [_LATER])[0]) from error
            raise StateError(self._words(error), hint=(known or [""])[0]) from error

    def _words(self, error: psycopg.Error) -> str:
        words = " ".join(str(error).split())
        for secret in self._secrets:
            words = words.replace(secret, "***")
        return f"cannot use {self.name}: {words}"

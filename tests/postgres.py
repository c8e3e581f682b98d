"""A PostgreSQL server of the tests' own, on 127.0.0.1, and a way to cut what goes to it."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import psycopg

PASSWORD = "not-for-show"
_TRIES = 5  # to find a port that nobody else takes at the same moment

# Waits for the end of the process that holds the other end of its pipe, however that ends, and tidies up.
_JANITOR = """
import shutil, subprocess, sys
sys.stdin.read()
home, *stop = sys.argv[1:]
subprocess.run(stop, cwd="/", stdin=subprocess.DEVNULL, capture_output=True)
shutil.rmtree(home, ignore_errors=True)
"""


def binaries() -> Path:
    """Where the server's programs are; `make postgres` sees to it that they are there."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        raise AssertionError("the tests need a PostgreSQL server (initdb); run `make postgres`")
    return places[-1]


def unprivileged() -> list[str]:
    """What a command begins with, so that it does not run as root, which the server refuses."""
    return [] if os.getuid() else ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


class Server:
    """Its data are as safe as a test needs them: nothing survives a power cut, or the end of this process."""

    options = "-c fsync=off"

    def __init__(self) -> None:
        self.home = Path(mkdtemp(prefix="cogvid-postgres-"))
        self._stop = [str(binaries() / "pg_ctl"), "stop", "-m", "immediate", "-D", str(self.home / "data")]
        self._janitor = subprocess.Popen(
            [sys.executable, "-c", _JANITOR, str(self.home), *unprivileged(), *self._stop],
            stdin=subprocess.PIPE,
            start_new_session=True,  # what ends the tests from a terminal is not to end it as well
        )
        password = self.home / "password"
        password.write_text(PASSWORD)
        self.home.chmod(0o755)
        if not os.getuid():
            for path in (self.home, password):
                shutil.chown(path, "nobody", "nogroup")
        self._run(
            "initdb",
            "--username=cogvid",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "-N",
            "--encoding=UTF8",
            "--no-locale",
            str(self.home / "data"),
        )
        self._start_somewhere()

    def _start_somewhere(self) -> None:
        for left in reversed(range(_TRIES)):
            self.port = free_port()
            try:
                self.start()
            except AssertionError:
                if not left:
                    raise
            else:
                return

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self.port} -k {self.home} {self.options} -c max_connections=200"
        self._run(
            "pg_ctl",
            "start",
            "-w",
            "-D",
            str(self.home / "data"),
            "-l",
            str(self.home / "log"),
            "-o",
            options,
        )

    def stop(self) -> None:
        self._run(*self._stop)

    def remove(self) -> None:
        self._janitor.communicate()

    def database(self, name: str = "ledger") -> "Database":
        """An empty one, the same each time: to make one takes longer than to clear it."""
        database = Database(self, name)
        if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            self.execute(f"CREATE DATABASE {name}")
        database.cut_connections()
        database.execute("DROP SCHEMA IF EXISTS cogvid CASCADE")
        return database

    def execute(self, statement: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str, *, port: int = 0) -> str:
        return f"postgresql://cogvid:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def dump(self, database: str) -> str:
        """What `pg_dump` writes, without what changes from one to the next."""
        text = self._run("pg_dump", "--no-owner", "--inserts", self.url(database))
        return re.sub(r"^\\(un)?restrict .*\n", "", text, flags=re.MULTILINE)

    def _run(self, program: str, *arguments: str) -> str:
        # A server keeps what it inherits, so that nobody may wait for the end of a pipe.
        with (self.home / "said").open("w+") as said:
            done = subprocess.run(
                [*unprivileged(), binaries() / program, *arguments],
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                check=False,
            )
            said.seek(0)
            text = said.read()
        assert done.returncode == 0, text
        return text


class Database:
    """One on that server."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.url = server.url(name)

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        return self.server.execute(statement, database=self.name)

    def transactions(self) -> int:
        """How many there have been, in sessions that have ended."""
        ((number,),) = self.server.execute(
            f"SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{self.name}'"
        )
        return int(str(number))

    def cut_connections(self) -> None:
        """End every session of a client, whatever it is doing."""
        self.server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{self.name}' AND pid != pg_backend_pid()"
        )


@cache
def server() -> Server:
    """The one of this process, started when it is first asked for; tests/conftest.py removes it."""
    return Server()


def remove_server() -> None:
    if server.cache_info().currsize:
        server().remove()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Line:
    """A connection's way to the server: bytes are passed on until it is cut or goes silent."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.down = False
        self.passing = threading.Event()  # while it is cleared, bytes wait on the way
        self.passing.set()
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Reset what is connected."""
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.passing.set()
        self.cut()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.down:
                client.close()
                continue
            try:
                there = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            self._ends += [client, there]
            for source, target in ((client, there), (there, client)):
                threading.Thread(target=_pass_on, args=(source, target, self.passing), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, passing: threading.Event) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            passing.wait()
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def line_to(database: Database) -> Iterator[tuple[Line, str]]:
    """A line to a database, and the URL by which it is reached through that."""
    line = Line(database.server.port)
    try:
        yield line, database.server.url(database.name, port=line.port)
    finally:
        line.close()

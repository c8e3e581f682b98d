"""Run the command in forks of one warm process, each of which may crash at its Nth effect.

The program reads orders from its standard input, one JSON object a line, and answers each with how the
command ended. A crash is SIGKILL, which the fork sends to itself. With a `disk` it is a power cut: first the
fork turns the project into what a disk could hold then (tests/proof/disks.py).
"""

import asyncio
import ctypes
import dataclasses
import gc
import itertools
import json
import os
import resource
import signal
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from PIL import Image

from cogvid_pipeline import effects
from cogvid_pipeline.cli import wiring
from cogvid_pipeline.cli.main import main
from cogvid_pipeline.engine.ports import Ports
from cogvid_pipeline.state import patience
from tests.proof.disks import Disk
from tests.proof.mutants import MUTANTS

# What a run imports late is imported once, before the forks.
WARM = (
    "anyio._backends._asyncio",
    "httpcore",
    "cogvid_pipeline.cli.apply",
    "cogvid_pipeline.cli.recover",
    "cogvid_pipeline.media.probe",
    "cogvid_pipeline.state.postgres",
)

DAY = 24 * 3600
END = -1  # of a run that has said that all is done


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run, and what is to happen to it.

    `crash` is the number of an effect, from 1, or END; a file that is written is two, of which the first
    leaves half of it. `disk` names the disk that a crash leaves; a `survey`, few or thorough, lists them at
    each effect. Effects are written down in `trace`. `room` is how large a file can become, in bytes; then
    no effects are written down. A `clock` is "ahead" or "behind" by a day, or "jumps" from one to the other
    each time it is looked at. A `plain` user has none of root's privileges.
    """

    arguments: list[str]
    directory: str
    environment: dict[str, str]
    trace: str
    crash: int = 0
    disk: str = ""
    survey: str = ""
    mutant: str = ""
    room: int = 0
    clock: str = ""
    plain: bool = False


# --- what a fork has besides the command ----------------------------------------------------------------


class Witness:
    """Writes down each effect, and ends the process at one of them."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._count = 0
        self._one_at_a_time = threading.Lock()
        self._trace = os.open(order.trace, os.O_WRONLY | os.O_APPEND)
        self._disk = Disk(Path(order.directory)) if order.disk or order.survey else None
        self._connections = remembered_connections()

    def __call__(self, effect: str, what: str) -> None:
        with self._one_at_a_time:
            if effect == "written":
                self._pass(f"half {effect}", what, lambda: os.truncate(what, Path(what).stat().st_size // 2))
            if effect == "committing":
                what = self._how_it_is_committed()
            self._pass(effect, what, lambda: None)

    def _pass(self, effect: str, what: str, before_a_crash: Callable[[], None]) -> None:
        self._count += 1
        line: dict[str, Any] = {"effect": effect, "what": Path(what).name}
        if self._disk and self._order.survey:
            line["disks"] = self._disk.moment().survey(thorough=self._order.survey == "thorough")
        os.write(self._trace, f"{json.dumps(line)}\n".encode())
        if self._order.crash == (END if effect == "ended" else self._count):
            before_a_crash()
            if self._disk:
                self._disk.cut(self._order.disk)
            os.kill(os.getpid(), signal.SIGKILL)

    def _how_it_is_committed(self) -> str:
        (setting,) = filter(None, map(how_it_commits, self._connections))
        return setting


Connection: TypeAlias = "sqlite3.Connection | psycopg.Connection[Any]"


def how_it_commits(connection: Connection) -> str:
    """What a connection that is in a transaction is set to; empty for others."""
    if isinstance(connection, psycopg.Connection):
        if connection.info.transaction_status is not psycopg.pq.TransactionStatus.INTRANS:
            return ""
        (row,) = connection.execute("SHOW synchronous_commit").fetchall()
        return f"synchronous_commit={row['synchronous_commit']}"
    try:
        if not connection.in_transaction:
            return ""
    except sqlite3.ProgrammingError:  # it is closed
        return ""
    return f"synchronous={connection.execute('PRAGMA synchronous').fetchone()[0]}"


def remembered_connections() -> list[Connection]:
    """The connections to databases that are made from now on."""
    made: list[Connection] = []

    def remembering(connect: Callable[..., Any]) -> Callable[..., Any]:
        def remember(*arguments: Any, **options: Any) -> Any:
            made.append(connect(*arguments, **options))
            return made[-1]

        return remember

    sqlite3.connect = remembering(sqlite3.connect)
    patience.Connection.connect = staticmethod(remembering(patience.Connection.connect))
    return made


class Turns:
    """Pauses that take no time: the lock is written at each pause of a take, and not by the clock.

    So effect N is the same one in each run.
    """

    def __init__(self) -> None:
        self._wanted = asyncio.Event()
        self._done = asyncio.Event()

    async def sleep(self, _seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        if "flush_now_and_then" in repr(task.get_coro()):
            self._done.set()
            await self._wanted.wait()
            self._wanted.clear()
        else:
            self._done.clear()
            self._wanted.set()
            await self._done.wait()


def wrong_clock(how: str) -> Callable[[], float]:
    days = itertools.cycle({"ahead": (DAY,), "behind": (-DAY,), "jumps": (DAY, -DAY)}[how])
    return lambda: time.time() + next(days)


def give_up_privileges() -> None:
    """Let the modes of files count for root as well."""
    nothing = (ctypes.c_uint32 * 6)()
    version_3 = (ctypes.c_uint32 * 2)(0x20080522, 0)
    if ctypes.CDLL(None, use_errno=True).capset(version_3, nothing):
        raise OSError(ctypes.get_errno(), "capset")


def without_waiting(clock: str) -> None:
    """Have runs wait for nothing but the vendor, and look at the clock that is asked for."""
    open_ports = wiring.open_ports

    @asynccontextmanager
    async def open_changed(*arguments: Any) -> AsyncIterator[Ports]:
        async with open_ports(*arguments) as ports:
            yield dataclasses.replace(
                ports,
                sleep=Turns().sleep,
                download=partial(ports.download, pauses=(0.0, 0.0, 0.0)),
                clock=wrong_clock(clock) if clock else ports.clock,
            )

    wiring.open_ports = open_changed


# --- the forks ------------------------------------------------------------------------------------------


def run(order: Order) -> dict[str, Any]:
    """How the command ended: its exit code, or minus the signal, and what it said."""
    pipes = [os.pipe(), os.pipe()]
    child = os.fork()
    if not child:
        for descriptor, (_, end) in enumerate(pipes, start=1):
            os.dup2(end, descriptor)
        code = 70
        try:
            code = become(order)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    # A pipe takes more than these commands have to say.
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = []
    for reading, writing in pipes:
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as pipe:
            said.append(pipe.read())
    return {"code": code, "out": said[0], "err": said[1]}


def become(order: Order) -> int:
    """Be the command from here on."""
    os.chdir(order.directory)
    os.environ.update(order.environment)
    sys.argv = ["cogvid", *order.arguments]
    without_waiting(order.clock)
    if order.plain:
        give_up_privileges()
    if order.mutant:
        MUTANTS[order.mutant]()
    if order.room:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.room, order.room))
    else:
        effects.observers.append(Witness(order))
    try:
        main()
    except SystemExit as end:
        effects.reached("ended", "")  # type: ignore[arg-type]
        return int(end.code or 0)
    raise AssertionError("main returns")


def serve() -> None:
    for name in WARM:
        import_module(name)
    Image.preinit()
    gc.freeze()  # so that the forks share what they have no use for
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for line in sys.stdin:
        answers.write(json.dumps(run(Order(**json.loads(line)))) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()

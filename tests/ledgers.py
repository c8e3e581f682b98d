"""Ledgers of tests: in a file, or on the tests' own PostgreSQL server; and other processes that use them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.state import opening
from cogvid_pipeline.state.ledger import Ledger
from tests.attempts import make_attempt
from tests.postgres import server

WALK = make_attempt().fingerprint
_PATIENCE = 30  # seconds

# What another process begins with: where the ledger is, and its name.
_PRELUDE = """
import os
import sys
import time
from pathlib import Path
from cogvid_pipeline.model.attempt import State
from tests.attempts import make_unfinished
from tests.ledgers import Place

place, name = Place(Path(sys.argv[1]), sys.argv[2]), sys.argv[3]
"""


@dataclass(frozen=True)
class Place:
    """Where a ledger is: a state directory, and the URL of a database unless it is in there."""

    directory: Path
    server: str = ""

    def open(
        self, run: str, *, what: str = "cogvid", lease: float = opening.LEASE
    ) -> AbstractContextManager[Ledger]:
        return opening.open_ledger(self.directory, run, what, server=self.server, lease=lease)

    def read(self) -> AbstractContextManager[Ledger]:
        return opening.read_ledger(self.directory, server=self.server)

    def keep(self, *attempts: Attempt, run: str = "earlier") -> None:
        """Have a run record these attempts and end."""
        with self.open(run) as ledger:
            for attempt in attempts:
                ledger.record(attempt)

    def newest(self, fingerprint: str = WALK) -> Attempt | None:
        with self.read() as ledger:
            return ledger.newest([fingerprint]).get(fingerprint)

    def process(self, name: str, program: str) -> "subprocess.Popen[str]":
        """Run a program that has `place`, and its `name`."""
        return subprocess.Popen(
            [sys.executable, "-c", _PRELUDE + program, str(self.directory), self.server, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )


def make_place(kind: str, directory: Path) -> Place:
    """A place for a ledger, `file` or `server`, with nothing in it."""
    return Place(directory, server().database().url if kind == "server" else "")


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what happens in another process, or when time has passed."""
    end = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.05)

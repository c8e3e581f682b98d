"""A small project, a vendor, and an accountant who looks at the books after each crash.

There are two stories. In FRESH there is only a manifest: two shots, of which one starts from the other's last
frame. In GOING_ON a run has made `dusk` and `before`; now `dusk` is changed, and its old result has to stay
until the new one is there; `before` is called `after`; `dawn` is new, `twin` asks for the very same, and
`walk` starts from its last frame. So everything passes by that is ever written: intents, task ids, pending
and previous results in the lock, downloads, moves and copies of clips.

A test has a story's run killed at its Nth effect, or the power cut, and so the run that goes on.
Then the story is brought to its end; what is held is settled by what the vendor's list of tasks says, as a
user would do it. The books are right when

- no request was accepted twice, unless it was released with `recover --pay-again`,
- every accepted task is in the lock,
- an answer is in the ledger before anything else happens, so that nothing is held without reason,
- the lock is whole at all times, and no piece of a file was ever taken for state,
- what the ledger or the lock calls finished has its clip in the cache, at all times,
- each clip is, byte for byte, the one that the vendor made for that task,
- a further run changes nothing and asks nobody.

In every run of the tests there is a crash at each effect, and a fixed sample of second crashes and power
cuts; at night (COGVID_NIGHTLY=1) all of them. That the books can be found wrong is tested in test_mutants.py.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.postgres import Database, server
from tests.project import HEADER
from tests.proof.launcher import Order
from tests.vendor import Vendor, free_box, small_clip

NIGHTLY = os.environ.get("COGVID_NIGHTLY") == "1"

MADE = """\
  dusk: {prompt: Dusk falls.}
  before: {prompt: A lantern sways.}
"""

# The protocols that the proofs hold for. Z.AI's is BigModel's.
PROTOCOLS = ("geekai", "bigmodel")
SHARED = tuple(f"{protocol} on postgresql" for protocol in PROTOCOLS)


class Violation(AssertionError):
    """The books are not right."""


@dataclass(frozen=True, slots=True)
class Point:
    """An effect of a run, by its number from 1; `disks` are those that a power cut may leave, as hashes."""

    number: int
    effect: str
    what: str
    disks: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.number} ({self.effect} {self.what})"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: its exit code, or minus the signal; and what it did, in order."""

    code: int
    out: str
    err: str
    points: tuple[Point, ...]

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Launcher:
    """The warm process whose forks run the command."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, order: Order) -> Ran:
        """Have the command run to its end, whatever that is."""
        trace = Path(order.trace)
        trace.write_text("")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        lines = trace.read_text(encoding="utf-8").splitlines()
        points = tuple(Point(number, **json.loads(line)) for number, line in enumerate(lines, start=1))
        if "Traceback" in answer["err"]:
            raise Violation(answer["err"])
        return Ran(**answer, points=points)


@dataclass
class World:
    """A vendor, a process that runs commands, and a project in which MADE has been made.

    The ledger is in each project, or in a `database` that all stories share.
    """

    vendor: Vendor
    launcher: Launcher
    scratch: Path
    database: Database | None = None

    def __post_init__(self) -> None:
        self.tags = (f"t{number}" for number in count(1))
        self.made = self.scratch / "made"
        self.write(self.made, MADE)
        ran = self.run(self.made, "apply", "--yes")
        assert ran.code == 0, ran.err
        self.made_tasks = frozenset(task.id for task in self.vendor.accepted)

    def write(self, root: Path, shots: str) -> None:
        """Write the manifest of a project."""
        root.mkdir(exist_ok=True)
        text = HEADER.format(provider=self.vendor.api.name) + "shots:\n" + shots
        (root / "cogvid.yaml").write_text(text, encoding="utf-8")

    def run(self, root: Path, *arguments: str, **events: Any) -> Ran:
        """Run `cogvid` in a project; `events` are what happens to it, as in an Order."""
        order = Order(
            arguments=list(arguments),
            directory=str(root),
            environment={
                **self.vendor.environment,
                "COGVID_LEDGER": self.database.url if self.database else "",
            },
            trace=str(self.scratch / "trace"),
            **events,
        )
        ran = self.launcher.run(order)
        self.vendor.settle()
        if self.database and ran.killed:
            self.database.execute("UPDATE cogvid.runs SET until = clock_timestamp()")  # as its lease ends
        return ran


@contextmanager
def make_world(kind: str, scratch: Path) -> Iterator[World]:
    """A world of its own, in a directory of its own. The clips of its vendor differ in size.

    It is one of PROTOCOLS or of SHARED. A database is set to what is fast, and not to what is safe.
    """
    protocol, _, shared = kind.partition(" on ")
    database = server().database(f"proof_{protocol}") if shared else None
    if database:
        database.execute(f"ALTER DATABASE {database.name} SET synchronous_commit TO off")
    sizes = count(6000)

    def clip(_body: dict[str, Any]) -> bytes:
        return small_clip() + free_box(b"-" * next(sizes))

    home = scratch / "home"
    home.mkdir()
    # No certificate is needed on loopback, and reading all of them is what takes longest.
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "SSL_CERT_DIR": str(home)}
    with (
        Vendor(clip, protocol=protocol, running_polls=1) as vendor,
        subprocess.Popen(
            [sys.executable, "-m", "tests.proof.launcher"],
            cwd=Path(__file__).parents[2],
            env={**environment, "GIT_CEILING_DIRECTORIES": str(scratch.parent)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        yield World(vendor, Launcher(process), scratch, database)

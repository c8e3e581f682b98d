"""Several machines share a ledger; they are killed, paused and cut off at random, and nothing is paid twice.

Each machine is a clone of one project: its own directory, lock and clip cache. `cogvid apply` runs in all of
them at once, again and again, against one vendor and one PostgreSQL server, while runs are killed (SIGKILL),
paused for longer than their lease (SIGSTOP, SIGCONT), and lose their connections. What is held in the end is
settled by what the vendor's list says, as a person would do it.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.postgres import Database, Line, line_to, server
from tests.project import PATIENCE, Project
from tests.vendor import Accept, Cut, Vendor

NIGHTLY = os.environ.get("COGVID_NIGHTLY") == "1"
SECONDS = 300 if NIGHTLY else 5
MACHINES = 5 if NIGHTLY else 3
LEASE = 3  # seconds
SHOTS = 5


@dataclass
class Fleet:
    """The machines, and what can happen to them."""

    machines: list[Project]
    vendor: Vendor
    database: Database
    line: Line
    chance: random.Random
    runs: dict[int, "subprocess.Popen[str]"] = field(default_factory=dict)
    struck: Counter[str] = field(default_factory=Counter)
    ends: Counter[int] = field(default_factory=Counter)
    paused: dict[int, float] = field(default_factory=dict)

    def write(self, round_: int) -> None:
        shots = "".join(f"  shot-{n}: {{prompt: Shot {n} of round {round_}.}}\n" for n in range(SHOTS))
        shots += f"  walk: {{prompt: It walks on in round {round_}., image: {{shot: shot-0, frame: last}}}}\n"
        for machine in self.machines:
            machine.write(shots)

    def storm(self, seconds: float) -> None:
        """Keep a run going on every machine, and strike now and then."""
        database = (self.cut, self.terminate, self.go_down)
        strikes = (self.kill, self.pause, self.pause, *database, self.lose_answers)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.keep_running()
            time.sleep(self.chance.uniform(0.1, 1.0))
            self.wake(time.monotonic())
            strike = self.chance.choice(strikes)
            strike()
            self.struck[strike.__name__] += 1
        self.line.down = False
        self.wake(float("inf"))
        for number in list(self.runs):
            self.collect(number)

    def keep_running(self) -> None:
        for number, machine in enumerate(self.machines):
            run = self.runs.get(number)
            if run is not None and run.poll() is not None:
                self.collect(number)
                run = None
            if run is None:
                self.runs[number] = machine.start("apply", "--yes", "--jobs", "4")

    def collect(self, number: int) -> None:
        run = self.runs.pop(number)
        _, err = run.communicate(timeout=PATIENCE)
        assert "Traceback" not in err, err
        assert "not-for-show" not in err
        self.ends[run.returncode] += 1

    def kill(self) -> None:
        self._signal(self.chance.choice(list(self.runs)), signal.SIGKILL)

    def pause(self) -> None:
        """For longer than the lease, or shorter."""
        number = self.chance.choice(list(self.runs))
        self._signal(number, signal.SIGSTOP)
        self.paused.setdefault(self.runs[number].pid, time.monotonic() + self.chance.uniform(0.1, 2 * LEASE))

    def wake(self, now: float) -> None:
        for pid, until in list(self.paused.items()):
            if until <= now:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
                del self.paused[pid]

    def cut(self) -> None:
        self.line.cut()

    def go_down(self) -> None:
        """Or come up again."""
        self.line.down = not self.line.down
        self.line.cut()

    def terminate(self) -> None:
        self.database.cut_connections()

    def lose_answers(self) -> None:
        self.vendor.on_submit(self.chance.choice([Accept(then=Cut()), Accept(then=Cut()), Cut()]))

    def _signal(self, number: int, what: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self.runs[number].send_signal(what)


@pytest.fixture(params=["geekai", "bigmodel"])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    database = server().database()
    with (
        Vendor(protocol=request.param, running_polls=1, result_by_request_id=True) as vendor,
        line_to(database) as (line, url),
    ):
        environment = {"COGVID_LEDGER": url, "COGVID_LEASE": str(LEASE)}
        machines = [Project(tmp_path / f"machine-{n}", vendor, environment) for n in range(MACHINES)]
        for machine in machines:
            machine.root.mkdir()
        yield Fleet(machines, vendor, database, line, random.Random(f"storm {request.param}"))


def check_nothing_is_paid_twice(fleet: Fleet) -> None:
    """No request is in the vendor's list twice, unless a person has paid again."""
    sent = [{**task.body, "request_id": ""} for task in fleet.vendor.accepted]
    assert all(sent.count(each) == 1 for each in sent), [each for each in sent if sent.count(each) > 1]


def settle(fleet: Fleet) -> None:
    """Bring every machine to its end; who is held asks the vendor's list."""
    time.sleep(LEASE)
    for machine in fleet.machines:
        machine.env["COGVID_LEASE"] = "60"
        for _ in range(10):
            ran = machine.apply()
            if ran.code == 0:
                break
            assert ran.code == 5, ran.err
            for name, entry in machine.lock.items():
                if entry["status"] == "held":
                    tell_what_became_of(fleet, machine, name, entry["pending"]["request"])
        else:
            pytest.fail("it never comes to an end")


def tell_what_became_of(fleet: Fleet, machine: Project, name: str, request: dict[str, object]) -> None:
    tasks = [task.id for task in fleet.vendor.accepted if task.body["prompt"] == request["prompt"]]
    answer = ["--adopt", f"{name}={tasks[0]}"] if tasks else ["--pay-again", name]
    ran = machine.run("recover", *answer)
    assert ran.code == 0, ran.err


def check_all_have_the_same(fleet: Fleet) -> None:
    of_request = {task.request_id: task.id for task in fleet.vendor.accepted}
    results = [
        {
            name: (of_request.get(result["task_id"], result["task_id"]), result["clip"]["sha256"])
            for name, result in ((name, entry["result"]) for name, entry in machine.lock.items())
        }
        for machine in fleet.machines
    ]
    assert all(each == results[0] for each in results)


@pytest.mark.slow
def test_machines_that_are_killed_paused_and_cut_off_pay_once(fleet: Fleet) -> None:
    began, number = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        fleet.write(number)
        fleet.storm(min(20, SECONDS))
        check_nothing_is_paid_twice(fleet)
        settle(fleet)
        check_nothing_is_paid_twice(fleet)
        check_all_have_the_same(fleet)
        number += 1
    sys.stdout.write(f"{number} rounds, {len(fleet.vendor.accepted)} tasks; {fleet.ends}; {fleet.struck}\n")

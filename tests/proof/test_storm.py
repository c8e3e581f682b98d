"""The command is killed and interrupted at random moments, and pays for nothing twice.

Real processes and real signals: what the enumeration of crash points (test_crash_points.py) may have left
out, such as two threads at once, happens here by chance. The delays are drawn from a seed; how far a run gets
in them differs from machine to machine, and what has to hold does not.
"""

import hashlib
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.project import PATIENCE, Project
from tests.vendor import Accept, Cut, Hang, Vendor

NIGHTLY = bool(os.environ.get("COGVID_NIGHTLY"))
ROUNDS = 60 if NIGHTLY else 6
SHOTS = "".join(f"  shot-{number}: {{prompt: Shot {number}.}}\n" for number in range(6)) + (
    "  walk: {prompt: It walks., image: {shot: shot-0, frame: last}}\n"
    "  rest: {prompt: It rests., image: {shot: walk, frame: first}}\n"
)


@pytest.fixture(params=["geekai", "bigmodel", *(["zai"] if NIGHTLY else [])])
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    with Vendor(protocol=request.param, running_polls=1, result_by_request_id=True) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, vendor: Vendor) -> Project:
    root = tmp_path / "film"
    root.mkdir()
    project = Project(root, vendor)
    project.write(SHOTS)
    return project


def strike(project: Project, delays: random.Random, *signals: signal.Signals) -> int:
    """Start an apply, and send it the signals, each at some moment in the two seconds that it takes.

    They go to the process or, as from a terminal, to its whole group. Gives the exit code; that of a Python
    which is interrupted before it has anything of ours, 1, counts as the signal.
    """
    jobs = str(delays.choice([1, 4, 8]))
    process = project.start("apply", "--yes", "--jobs", jobs, start_new_session=True)
    send = delays.choice([os.kill, os.killpg])
    for number in signals:
        time.sleep(delays.uniform(0, 2))
        with suppress(ProcessLookupError):
            send(process.pid, number)
    _, err = process.communicate(timeout=PATIENCE)
    return -signals[-1] if "init_import_site" in err else process.returncode


def check_nothing_is_paid_twice(vendor: Vendor) -> None:
    requests = [
        {name: value for name, value in task.body.items() if name != "request_id"} for task in vendor.accepted
    ]
    assert all(requests.count(request) == 1 for request in requests)


def settle(project: Project, vendor: Vendor) -> None:
    """Go on to the end; what is held is looked up in the vendor's list, as a person would do it."""
    for _ in range(10):
        ran = project.apply()
        if ran.code == 0:
            break
        assert ran.code == 5, ran.err
        for name, entry in project.lock.items():
            if entry["status"] == "held":
                tell_what_became_of(project, vendor, name, entry["pending"]["request"])
    else:
        pytest.fail("it never comes to an end")
    assert project.apply().out == "Nothing to do: 8 up to date.\n"
    assert project.run("check").code == 0


def tell_what_became_of(project: Project, vendor: Vendor, name: str, request: dict[str, str]) -> None:
    """Adopt the task with this prompt that no shot has, or else have it submitted again."""
    known = {entry["result"]["task_id"] for entry in project.lock.values() if "result" in entry}
    tasks = [task.id for task in vendor.accepted if task.body["prompt"] == request["prompt"]]
    lost = [task for task in tasks if task not in known]
    answer = ["--adopt", f"{name}={lost[0]}"] if lost else ["--pay-again", name]
    assert project.run("recover", *answer).code == 0


def check_the_lock_has_every_task(project: Project, vendor: Vendor) -> None:
    results = {name: entry["result"] for name, entry in project.lock.items()}
    by_request = {task.request_id: task.id for task in vendor.accepted}
    found = {by_request.get(result["task_id"], result["task_id"]) for result in results.values()}
    assert found == {task.id for task in vendor.accepted}
    for name, result in results.items():
        clip = (project.root / "renders" / f"{name}.mp4").read_bytes()
        assert hashlib.sha256(clip).hexdigest() == result["clip"]["sha256"]


@pytest.mark.slow
def test_runs_that_are_killed_at_random_moments_pay_once(project: Project, vendor: Vendor) -> None:
    delays = random.Random(f"storm {vendor.api.name}")
    for number in range(ROUNDS):
        strike(project, delays, signal.SIGKILL)
        check_nothing_is_paid_twice(vendor)
        if number % 8 == 7:  # all is done by then
            settle(project, vendor)
            check_the_lock_has_every_task(project, vendor)
            project.write(SHOTS.replace("Shot", f"{number}. Shot"))

    settle(project, vendor)
    check_nothing_is_paid_twice(vendor)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_runs_that_are_interrupted_once_leave_nothing_in_doubt(
    project: Project, vendor: Vendor, number: signal.Signals
) -> None:
    delays = random.Random(f"{number} {vendor.api.name}")
    # A signal before the command listens for it ends Python as it is: nothing has been sent by then.
    codes = {strike(project, delays, number) for _ in range(ROUNDS // 2)}

    assert codes <= {0, 130, -number}
    assert "hold" not in project.plan().values()
    assert project.apply().code == 0
    check_nothing_is_paid_twice(vendor)
    check_the_lock_has_every_task(project, vendor)


@pytest.mark.slow
def test_runs_that_are_interrupted_twice_pay_once(project: Project, vendor: Vendor) -> None:
    delays = random.Random(f"twice {vendor.api.name}")
    for _ in range(ROUNDS // 2):
        strike(project, delays, signal.SIGINT, signal.SIGINT)
        check_nothing_is_paid_twice(vendor)

    settle(project, vendor)
    check_the_lock_has_every_task(project, vendor)


def kill_a_recovery(project: Project, delays: random.Random, *answer: str) -> None:
    """Start to settle what is held, and kill that at some moment in the half second that it takes."""
    process = project.start("recover", *answer)
    time.sleep(delays.uniform(0, 0.6))
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_a_release_that_is_killed_is_made_again(project: Project, vendor: Vendor) -> None:
    delays = random.Random(f"release {vendor.api.name}")
    vendor.seconds = 3600
    process = project.start("apply", "--yes", "--jobs", "1")
    vendor.wait_until(lambda: len(vendor.polls) > 0)
    process.kill()
    process.communicate()
    vendor.seconds = 0
    vendor.forget(vendor.accepted[0].id)
    (name,) = (name for name, action in project.plan().items() if action == "resume")
    for _ in range(ROUNDS):
        kill_a_recovery(project, delays, "--pay-again", name)
        assert project.plan()[name] in {"resume", "generate"}

    if project.plan()[name] == "resume":
        assert project.run("recover", "--pay-again", name).code == 0
    assert project.apply().code == 0
    assert len(vendor.accepted) == 9


@pytest.mark.slow
def test_an_adoption_that_is_killed_is_made_again(project: Project, vendor: Vendor) -> None:
    delays = random.Random(f"adopt {vendor.api.name}")
    vendor.result_by_request_id = False
    vendor.on_submit(Accept(then=Cut()))
    assert project.apply("--jobs", "1").code == 5
    (name,) = (name for name, action in project.plan().items() if action == "hold")
    answer = ("--adopt", f"{name}={vendor.accepted[0].id}")
    for _ in range(ROUNDS):
        kill_a_recovery(project, delays, *answer)
        assert project.plan()[name] in {"hold", "resume"}

    if project.plan()[name] == "hold":
        assert project.run("recover", *answer).code == 0
    assert project.apply().code == 0
    check_nothing_is_paid_twice(vendor)
    check_the_lock_has_every_task(project, vendor)


INTERRUPTED_EARLY = """
import signal
from cogvid_pipeline.cli import main, wiring

def make_labeller(project, make=wiring.make_labeller):
    signal.raise_signal(signal.SIGINT)
    return make(project)

wiring.make_labeller = make_labeller
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background may ignore it
main.main()
"""


def test_a_signal_while_the_run_is_made_ready_comes_before_all_requests(
    project: Project, vendor: Vendor
) -> None:
    interrupted = project.python("-c", INTERRUPTED_EARLY, "apply", "--yes")
    _, err = interrupted.communicate(timeout=PATIENCE)

    assert (interrupted.returncode, err) == (130, "\ninterrupted\n")
    assert not vendor.posts
    assert set(project.plan().values()) == {"generate"}


def test_the_second_signal_ends_a_run_whose_request_is_out_at_once(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Accept(then=Hang()))
    process = project.start("apply", "--yes", "--jobs", "1")
    vendor.wait_until(lambda: len(vendor.posts) == 1)

    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "stopping" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    settle(project, vendor)
    check_the_lock_has_every_task(project, vendor)

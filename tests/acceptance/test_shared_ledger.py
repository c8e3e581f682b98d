"""`COGVID_LEDGER=postgresql://…`: several machines share what was submitted, and what came of it."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from cogvid_pipeline.state.opening import read_ledger
from tests.ledgers import wait_until
from tests.postgres import PASSWORD, Database, Line, line_to, server
from tests.project import Project, Ran
from tests.vendor import Accept, Hang, Reply, Vendor

CAT = "  cat: {prompt: A cat plays.}\n"
DOG = "  dog: {prompt: A dog barks.}\n"


@pytest.fixture
def database() -> Database:
    return server().database()


def machine(root: Path, vendor: Vendor | None, url: str, shots: str = CAT) -> Project:
    """A clone on another machine."""
    root.mkdir()
    project = Project(root, vendor, {"COGVID_LEDGER": url})
    project.write(shots)
    return project


def is_missed_soon(project: Project) -> Project:
    """The same, to be killed, paused or cut off: others do not wait for a minute then."""
    project.env["COGVID_LEASE"] = "5"
    return project


@pytest.fixture
def machines(tmp_path: Path, vendor: Vendor, database: Database) -> tuple[Project, Project]:
    one, two = (machine(tmp_path / name, vendor, database.url) for name in ("one", "two"))
    return one, two


def is_in_doubt(database: Database) -> bool:
    """Whether anything is, now that its run is taken for dead."""
    with read_ledger(Path(), server=database.url) as ledger:
        return bool(ledger.in_doubt())


def task_of(project: Project, shot: str = "cat") -> str:
    return str(project.lock[shot]["result"]["task_id"])


def test_what_one_machine_has_made_the_other_takes_without_paying(
    machines: tuple[Project, Project], vendor: Vendor
) -> None:
    one, two = machines
    assert one.apply().code == 0

    assert two.plan() == {"cat": "reuse"}
    assert two.apply().code == 0

    assert len(vendor.accepted) == 1
    assert one.lock == two.lock
    assert (two.root / "renders/cat.mp4").read_bytes() == vendor.accepted[0].clip


def test_planning_changes_nothing_and_needs_no_tables(
    machines: tuple[Project, Project], database: Database
) -> None:
    one, _ = machines

    assert one.plan() == {"cat": "generate"}

    assert database.execute("SELECT * FROM pg_namespace WHERE nspname = 'cogvid'") == []
    assert not (one.root / ".cogvid").exists()


@pytest.mark.parametrize("made", [True, False], ids=["made before", "new"])
def test_a_plan_asks_the_database_a_few_questions_however_many_shots_there_are(
    machines: tuple[Project, Project], database: Database, *, made: bool
) -> None:
    one, two = machines
    shots = "".join(f"  shot-{number}: {{prompt: Shot {number}.}}\n" for number in range(200))
    one.write(CAT)
    assert one.apply().code == 0
    two.write(shots + (CAT + "  after: {prompt: On., image: {shot: cat, frame: last}}\n" if made else ""))
    before = database.transactions()

    plan = two.plan()

    assert len(plan) == 200 + 2 * made
    assert database.transactions() - before < 15


def test_two_machines_that_want_the_same_at_once_pay_once_and_both_get_it(
    machines: tuple[Project, Project], vendor: Vendor
) -> None:
    vendor.seconds = 1

    runs = [each.start("apply", "--yes") for each in machines]
    errors = [run.communicate(timeout=60)[1] for run in runs]

    assert [run.returncode for run in runs] == [0, 0], errors
    assert len(vendor.accepted) == 1
    assert {task_of(each) for each in machines} == {vendor.accepted[0].id}


def test_who_submits_the_very_request_is_named_and_waited_for(
    machines: tuple[Project, Project], vendor: Vendor
) -> None:
    one, two = machines
    vendor.on_submit(Accept(then=Hang()))
    first = is_missed_soon(one).start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.posts) == 1)

    second = two.start("apply", "--yes")
    assert second.stderr is not None
    while "waiting: " not in (line := second.stderr.readline()):
        assert line
    first.kill()
    first.communicate()
    second.communicate(timeout=60)

    assert f"another cogvid (pid {first.pid}, since " in line
    assert "`cogvid apply`) is submitting this very request" in line
    assert second.returncode == 5
    assert len(vendor.posts) == 1


def test_the_tasks_of_a_machine_that_died_are_polled_and_its_doubts_held(
    machines: tuple[Project, Project], vendor: Vendor, database: Database
) -> None:
    one, two = machines
    for each in machines:
        each.write(CAT + DOG)
    vendor.seconds = 3600
    vendor.on_submit(Accept(), Accept(then=Hang()))
    first = is_missed_soon(one).start("apply", "--yes", "--jobs", "2")
    vendor.wait_until(lambda: len(vendor.posts) == 2 and len(vendor.polls) > 0)
    first.kill()
    first.communicate()
    for task in vendor.accepted:
        task.ready_at = 0
    wait_until(lambda: is_in_doubt(database))

    assert sorted(two.plan().values()) == ["hold", "resume"]
    assert two.apply().code == 5
    assert len(vendor.posts) == 2


def test_a_doubt_of_a_machine_that_died_is_asked_again_where_that_is_free(
    tmp_path: Path, database: Database
) -> None:
    with Vendor(protocol="bigmodel", result_by_request_id=True) as vendor:
        one, two = (machine(tmp_path / name, vendor, database.url) for name in ("one", "two"))
        vendor.on_submit(Accept(then=Hang()))
        first = is_missed_soon(one).start("apply", "--yes")
        vendor.wait_until(lambda: len(vendor.posts) == 1)
        first.kill()
        first.communicate()
        wait_until(lambda: is_in_doubt(database))

        assert two.plan() == {"cat": "resume"}
        assert two.apply().code == 0
        assert len(vendor.accepted) == 1


def test_a_machine_that_wakes_after_its_request_was_held_has_its_answer_adopted(
    machines: tuple[Project, Project], vendor: Vendor, database: Database
) -> None:
    one, two = machines
    vendor.on_submit(Accept(then=Reply(delay=2)))
    first = is_missed_soon(one).start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.posts) == 1)
    first.send_signal(signal.SIGSTOP)
    wait_until(lambda: is_in_doubt(database))
    assert two.apply().code == 5
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=60)

    assert first.returncode == 0
    assert two.apply().code == 0
    assert len(vendor.accepted) == 1
    assert task_of(one) == task_of(two)


STOPPED_AT_THE_LAST_MOMENT = """
import os, signal
from cogvid_pipeline import effects
from cogvid_pipeline.cli.main import main

def stop(effect, _):
    if effect == "posting":
        os.kill(os.getpid(), signal.SIGSTOP)

effects.observers.append(stop)
main()
"""


@pytest.mark.parametrize("protocol", ["geekai", "bigmodel"])
def test_a_machine_that_wakes_with_its_request_in_hand_does_not_send_it_any_more(
    tmp_path: Path, database: Database, protocol: str
) -> None:
    with Vendor(protocol=protocol) as vendor:
        one, two = (machine(tmp_path / name, vendor, database.url) for name in ("one", "two"))
        first = is_missed_soon(one).python("-c", STOPPED_AT_THE_LAST_MOMENT, "apply", "--yes")
        wait_until(lambda: has_tables(database) and is_in_doubt(database))
        if two.apply().code == 5:  # somebody is sure that the machine is dead
            assert two.run("recover", "--pay-again", "cat").code == 0
            assert two.apply().code == 0
        posts = len(vendor.posts)
        first.send_signal(signal.SIGCONT)
        first.communicate(timeout=60)

        assert len(vendor.accepted) == posts == len(vendor.posts) == 1
        assert one.apply().code == 0
        assert task_of(one) == task_of(two)


def has_tables(database: Database) -> bool:
    return bool(
        database.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'cogvid' AND tablename = 'runs'")
    )


def test_the_vendor_never_has_more_in_hand_than_all_machines_together_may_submit(
    tmp_path: Path, vendor: Vendor, database: Database
) -> None:
    vendor.seconds = 1
    machines = [machine(tmp_path / name, vendor, database.url) for name in ("one", "two", "three")]
    for each in machines:
        each.write(
            "".join(f"  {each.root.name}-{n}: {{prompt: {n} of {each.root.name}.}}\n" for n in range(2))
        )

    runs = [each.start("apply", "--yes", "--jobs", "2") for each in machines]
    for run in runs:
        run.communicate(timeout=60)

    assert [run.returncode for run in runs] == [0, 0, 0]
    begins = [task.ready_at - vendor.seconds for task in vendor.accepted]
    at_once = [sum(0 <= begin - other < vendor.seconds for other in begins) for begin in begins]
    assert len(begins) == 6
    assert max(at_once) == 2


def test_the_limit_of_an_account_counts_for_all_machines(
    machines: tuple[Project, Project], vendor: Vendor
) -> None:
    one, two = machines
    two.write(DOG)
    vendor.seconds = 3600
    first = one.start("apply", "--yes", "--jobs", "1")
    vendor.wait_until(lambda: len(vendor.accepted) == 1 and len(vendor.polls) > 0)

    second = two.start("apply", "--yes", "--jobs", "1")
    assert second.stderr is not None
    while "other runs have 1 tasks of this account in hand" not in (line := second.stderr.readline()):
        assert line
    posts = len(vendor.posts)
    vendor.seconds = vendor.accepted[0].ready_at = 0
    for run in (first, second):
        run.communicate(timeout=60)

    assert posts == 1
    assert [first.returncode, second.returncode] == [0, 0]


def test_an_answer_that_cannot_be_recorded_is_tried_until_it_can(
    tmp_path: Path, vendor: Vendor, database: Database
) -> None:
    with line_to(database) as (line, url):
        one = machine(tmp_path / "one", vendor, url)
        vendor.on_submit(Accept(then=Reply(delay=2)))
        run = one.start("apply", "--yes")
        vendor.wait_until(lambda: len(vendor.posts) == 1)
        line.down = True
        line.cut()
        assert run.stderr is not None
        while "; trying again" not in (said := run.stderr.readline()):
            assert said
        line.down = False
        _, err = run.communicate(timeout=60)

    assert run.returncode == 0, err
    assert database.execute("SELECT state FROM cogvid.attempts") == [("succeeded",)]
    assert len(vendor.accepted) == 1


def answered_without_database(
    tmp_path: Path, vendor: Vendor, line: Line, url: str, *, how: str
) -> "subprocess.Popen[str]":
    """A run whose request has just been answered, and whose database has gone: `down` or `silent`."""
    one = is_missed_soon(machine(tmp_path / "one", vendor, url))
    vendor.seconds = 3600
    vendor.on_submit(Accept(then=Reply(delay=2)))
    run = one.start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.posts) == 1)
    if how == "down":
        line.down = True
        line.cut()
    else:
        line.passing.clear()
    vendor.wait_until(lambda: len(vendor.accepted) == 1)
    time.sleep(2.5)
    return run


@pytest.mark.parametrize("how", ["down", "silent"])
def test_an_interrupted_run_that_has_lost_its_database_soon_ends_with_the_task_in_the_lock(
    tmp_path: Path, vendor: Vendor, database: Database, how: str
) -> None:
    with line_to(database) as (line, url):
        run = answered_without_database(tmp_path, vendor, line, url, how=how)
        run.send_signal(signal.SIGINT)
        assert run.stderr is not None
        while "the lock has what was answered" not in (said := run.stderr.readline()):
            assert said
        run.communicate(timeout=60)
    vendor.seconds = vendor.accepted[0].ready_at = 0
    one = Project(tmp_path / "one", vendor, {"COGVID_LEDGER": database.url})

    assert run.returncode == 130
    assert one.lock["cat"]["pending"]["task_id"] == vendor.accepted[0].id
    assert one.plan() == {"cat": "resume"}
    assert one.apply().code == 0
    assert len(vendor.posts) == 1
    assert database.execute("SELECT state FROM cogvid.attempts") == [("succeeded",)]


def test_a_second_signal_ends_a_run_that_has_lost_its_database_at_once(
    tmp_path: Path, vendor: Vendor, database: Database
) -> None:
    with line_to(database) as (line, url):
        run = answered_without_database(tmp_path, vendor, line, url, how="silent")
        run.send_signal(signal.SIGINT)
        assert run.stderr is not None
        while "stopping: " not in (said := run.stderr.readline()):
            assert said
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
    two = machine(tmp_path / "two", vendor, database.url)
    wait_until(lambda: is_in_doubt(database))

    assert run.returncode == 130
    assert two.apply().code == 5
    assert len(vendor.posts) == 1


def test_what_was_paid_for_before_the_ledger_was_shared_is_not_paid_for_again(
    tmp_path: Path, vendor: Vendor, database: Database
) -> None:
    alone = machine(tmp_path / "alone", vendor, "")
    assert alone.apply().code == 0
    (alone.root / "cogvid.lock").unlink()
    shared = Project(alone.root, vendor, {"COGVID_LEDGER": database.url})

    assert shared.plan() == {"cat": "reuse"}
    assert shared.apply().code == 0
    two = machine(tmp_path / "two", vendor, database.url)
    assert two.plan() == {"cat": "reuse"}

    assert len(vendor.accepted) == 1


# --- what is said ---------------------------------------------------------------------------------------


def refused(project: Project, url: str) -> Ran:
    """Try to plan, and to apply; how that ended."""
    project.env["COGVID_LEDGER"] = url
    for command in (["plan"], ["apply", "--yes"]):
        ran = project.run(*command)
        for secret in (PASSWORD, "s3cret", "p@ss"):
            assert secret not in ran.out + ran.err
    return ran


@pytest.mark.parametrize(
    ("url", "words", "code"),
    [
        ("postgresql://cogvid:s3cret@127.0.0.1:{port}/ledger", "password authentication failed", 1),
        ("postgresql://cogvid:s3cret@127.0.0.1:1/ledger", "Connection refused", 1),
        ("postgresql://cogvid:{password}@127.0.0.1:{port}/nothing", 'database "nothing" does not exist', 1),
        (
            "postgresql://cogvid:p@ss/w:rd@127.0.0.1:s3cret/ledger",
            "is not the URL of a PostgreSQL database",
            64,
        ),
        ("mysql://cogvid:s3cret@127.0.0.1/ledger", "a ledger can be in PostgreSQL or in a directory", 64),
    ],
)
def test_no_password_is_ever_shown(
    tmp_path: Path, vendor: Vendor, database: Database, url: str, words: str, code: int
) -> None:
    project = machine(tmp_path / "one", vendor, "")

    ran = refused(project, url.format(port=database.server.port, password=PASSWORD))

    assert ran.code == code
    assert words in ran.err
    assert "hint: " in ran.err
    assert vendor.requests == []


def test_no_file_of_a_project_has_the_url(machines: tuple[Project, Project]) -> None:
    one, _ = machines
    one.run("plan", "--out", "plan.json")
    assert one.apply().code == 0

    files = [path for path in one.root.rglob("*") if path.is_file()]

    assert len(files) > 4
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


def test_no_ledger_is_taken_from_files_of_the_project(
    tmp_path: Path, vendor: Vendor, database: Database
) -> None:
    project = machine(tmp_path / "one", vendor, "")
    (project.root / ".env").write_text(f"COGVID_LEDGER={database.url}\n")
    (project.root / ".pg_service.conf").write_text("[cogvid]\nhost=127.0.0.1\n")

    assert project.apply().code == 0
    assert (project.root / ".cogvid" / "ledger.db").exists()
    assert database.execute("SELECT * FROM pg_namespace WHERE nspname = 'cogvid'") == []

    project.write(CAT, more=f"ledger: {database.url}\n")
    assert project.run("plan").code == 3


def test_what_others_have_written_into_the_database_acts_on_no_terminal(
    machines: tuple[Project, Project], vendor: Vendor, database: Database
) -> None:
    one, two = machines
    assert one.apply().code == 0
    database.execute(
        "UPDATE cogvid.attempts SET state = 'intent', clip = NULL, run = 'evil', error = E'\\x1b[2J';"
        "INSERT INTO cogvid.runs VALUES "
        "('evil', now() + interval '1 hour', now(), E'\\x1b]0;host\\x07', 1, E'\\x1b[31m\\n::error::no')"
    )

    for command in (["plan"], ["status"], ["plan", "--format", "markdown"]):
        ran = two.run(*command)
        assert "\x1b" not in ran.out + ran.err
        assert "\n::error::" not in ran.out + ran.err
    assert two.plan() == {"cat": "hold"}


@pytest.mark.parametrize("setting", ["soon", "0", "-1"])
def test_a_lease_that_is_no_time_is_refused(machines: tuple[Project, Project], setting: str) -> None:
    one, _ = machines
    one.env["COGVID_LEASE"] = setting

    ran = one.apply()

    assert ran.code == 64
    assert f"COGVID_LEASE is '{setting}', which is no number of seconds" in ran.err


def test_without_the_driver_it_is_said_what_to_install(tmp_path: Path, database: Database) -> None:
    project = machine(tmp_path / "one", None, database.url)
    blocker = tmp_path / "blocked" / "psycopg"
    blocker.mkdir(parents=True)
    (blocker / "__init__.py").write_text("raise ImportError('no pq wrapper available')\n")
    project.env["PYTHONPATH"] = str(blocker.parent)

    ran = project.run("plan")

    assert ran.code == 1
    assert "no pq wrapper available" in ran.err
    assert "hint: pip install 'cogvid-pipeline[postgres]'" in ran.err


def test_a_shared_ledger_trusts_no_host_that_another_machine_has_written(
    machines: tuple[Project, Project], vendor: Vendor, database: Database
) -> None:
    one, two = machines
    vendor.seconds = 3600
    first = one.start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.polls) > 0)
    first.kill()
    first.communicate()
    database.execute("UPDATE cogvid.attempts SET base_url = 'http://127.0.0.1:1/evil'")

    ran = two.apply()

    assert ran.code == 1
    assert "which is not where geekai is asked now" in ran.err

"""One apply at a time, by locks that end with their process."""

import os
import select
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.state.exclusive import between_runs, exclusively, is_running, running

HOLD = """
import sys
from pathlib import Path
from cogvid_pipeline.state.exclusive import exclusively, running

state = Path(sys.argv[1])
what = "cogvid apply"
with exclusively(state.parent / "cogvid.lock", state, what), running(state, "theirs", what):
    print("held", flush=True)
    {then}
"""

BEGIN = """
import sys
from pathlib import Path
from cogvid_pipeline.state.exclusive import running

print("held up", flush=True)
with running(Path(sys.argv[1]), "theirs"):
    print("begun", flush=True)
    {then}
"""


class Other:
    """Another process that holds the locks until it is killed or ends."""

    def __init__(self, state: Path, then: str = "sys.stdin.read()", script: str = HOLD) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", script.format(then=then), str(state)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline().startswith("held")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "cogvid.lock"


def test_a_second_apply_is_told_who_is_at_work(state, lock):
    with Other(state) as other:
        with pytest.raises(StateError) as caught, exclusively(lock, state, "cogvid apply"):
            pytest.fail("both got in")

        message = str(caught.value)
        assert message.startswith(f"another cogvid (pid {other.process.pid}, since ")
        assert message.endswith(f"`cogvid apply`) is working on {lock}")


def test_a_holder_on_another_host_is_named_with_it(state, lock):
    with exclusively(lock, state, "cogvid apply"):
        (file,) = (state / "applies").iterdir()
        file.write_text('{"pid": 7, "host": "render-3", "since": "12:03", "what": "cogvid apply"}')

        with (
            pytest.raises(StateError, match=r"pid 7 on render-3, since 12:03"),
            exclusively(lock, state, "x"),
        ):
            pytest.fail("both got in")


def test_a_holder_that_has_not_said_who_it_is_still_holds(state, lock):
    with exclusively(lock, state, "cogvid apply"):
        (file,) = (state / "applies").iterdir()
        file.write_text("")

        with pytest.raises(StateError, match=r"^another cogvid is working on"), exclusively(lock, state, "x"):
            pytest.fail("both got in")


def test_a_killed_apply_leaves_no_lock_behind(state, lock):
    with Other(state) as other:
        assert is_running(state, "theirs")
        other.process.kill()
        other.process.wait()

        assert not is_running(state, "theirs")
        with exclusively(lock, state, "cogvid apply"):
            pass


@pytest.mark.parametrize(
    "child",
    [
        "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True)",
        "import os, time; os.fork() or (print(os.getpid(), flush=True), time.sleep(60))",
    ],
    ids=["started", "forked"],
)
def test_a_child_that_outlives_a_killed_apply_does_not_keep_the_lock(state, lock, child):
    with Other(state, then=f"{child}; sys.stdin.read()") as other:
        pid = int(other.process.stdout.readline())
        try:
            other.process.kill()
            other.process.wait()

            assert not is_running(state, "theirs")
            with exclusively(lock, state, "cogvid apply"):
                pass
        finally:
            os.kill(pid, 9)


def test_a_forked_child_can_leave_the_block_while_its_parent_keeps_the_locks(state, lock):
    fork_and_wait = "import os; pid = os.fork(); pid and print(os.waitpid(pid, 0)[1], flush=True)"
    with Other(state, then=f"{fork_and_wait}; pid and sys.stdin.read()") as other:
        assert other.process.stdout.readline() == "0\n"

        assert is_running(state, "theirs")
        with pytest.raises(StateError, match="another cogvid"), exclusively(lock, state, "cogvid apply"):
            pytest.fail("the child let go of its parent's lock")


def test_the_lock_is_free_again_after_the_block(state, lock):
    for _ in range(2):
        with exclusively(lock, state, "cogvid apply"):
            pass


def test_two_locks_are_worked_on_at_once(state, lock):
    with exclusively(lock, state, "a"), exclusively(lock.with_name("cogvid.final.lock"), state, "b"):
        pass


def test_two_ways_to_one_lock_are_one(state, lock, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path)

    with (
        exclusively(lock, state, "a"),
        pytest.raises(StateError, match="another cogvid"),
        exclusively(link / lock.name, state, "b"),
    ):
        pytest.fail("both got in")


def test_a_run_is_alive_in_its_own_process_too(state):
    with running(state, "mine"):
        assert is_running(state, "mine")
        with pytest.raises(StateError, match="going on already"), running(state, "mine"):
            pytest.fail("one run twice")
        assert is_running(state, "mine")

    assert not is_running(state, "mine")
    assert list((state / "runs").iterdir()) == []


def test_asking_after_a_run_makes_nothing(state):
    assert not is_running(state, "unknown")
    assert not state.exists()


def test_a_run_that_begins_between_runs_waits_until_it_may(state):
    with running(state, "before"):
        pass

    with ExitStack() as stack:
        with between_runs(state):
            other = stack.enter_context(Other(state, script=BEGIN))
            # Of a process that waits nothing can be waited for; one that does not would be there in a moment.
            assert not select.select([other.process.stdout], [], [], 0.2)[0]
            assert not is_running(state, "theirs")
        assert other.process.stdout.readline() == "begun\n"
        assert is_running(state, "theirs")


def test_who_needs_to_be_between_runs_is_told_who_is_at_work(state):
    with Other(state) as other:
        with pytest.raises(StateError) as caught, between_runs(state):
            pytest.fail("a run is alive")

        message = str(caught.value)
        assert message.startswith(f"another cogvid (pid {other.process.pid}, since ")
        assert message.endswith(f"`cogvid apply`) is using {state}")


def test_a_killed_run_keeps_nobody_from_being_between_runs(state):
    with Other(state) as other:
        other.process.kill()
        other.process.wait()

        with between_runs(state):
            pass


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path, lock):
    (tmp_path / "state").touch()

    with pytest.raises(StateError, match="cannot write"), exclusively(lock, tmp_path / "state", "a"):
        pytest.fail("there is no room for a lock")

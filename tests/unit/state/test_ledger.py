"""Every attempt is on the disk, and of the paid ones at most one by request is live."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import State
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.state.opening import open_ledger, read_ledger
from tests.attempts import make_attempt, make_unfinished
from tests.disk import no_room_beyond

GOLDEN = Path(__file__).parents[2] / "golden"
WALK = make_attempt().fingerprint
LIVE = [State.INTENT, State.ACCEPTED, State.ADOPTED, State.HELD]
SETTLED = [State.SUCCEEDED, State.FAILED, State.REFUSED, State.RELEASED]


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


def keep(state, *attempts, run="earlier"):
    """Have a run record these attempts and end."""
    with open_ledger(state, run) as ledger:
        for attempt in attempts:
            ledger.record(attempt)


def newest(state, fingerprint=WALK):
    with read_ledger(state) as ledger:
        return ledger.newest([fingerprint]).get(fingerprint)


def everything_in(directory):
    """The files in a directory, but for the empty one with which writers take turns."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in directory.rglob("*")
        if path.is_file() and path.name != "turn.lock"
    }


@pytest.mark.parametrize("attempt", [make_attempt(), make_unfinished(), make_unfinished(cost=None)])
def test_an_attempt_comes_back_as_it_was_recorded(state, attempt):
    keep(state, attempt)

    assert newest(state) == attempt


def test_an_amount_keeps_all_its_digits_and_an_address_its_query(state):
    attempt = make_attempt(
        cost=Money(Decimal("0.12345678901234567890"), "USD"), url="https://cdn.example.com/a.mp4?sig=1#x"
    )

    keep(state, attempt)

    assert newest(state) == attempt
    assert str(newest(state).cost.amount) == "0.12345678901234567890"


def test_an_attempt_goes_through_its_states_in_one_row(state):
    intent = make_unfinished(state=State.INTENT)
    accepted = make_unfinished()
    with open_ledger(state, "run") as ledger:
        assert ledger.intend(intent) is None
        assert ledger.newest([WALK])[WALK] == intent
        ledger.record(accepted)
        assert ledger.newest([WALK])[WALK] == accepted
        ledger.record(make_attempt())

    assert newest(state) == make_attempt()


def test_many_fingerprints_are_looked_up_at_once(state):
    keep(state, *(make_attempt(f"shot-{number}") for number in range(50)))
    wanted = [make_attempt(f"shot-{number}").fingerprint for number in range(0, 10_000, 2)]

    with read_ledger(state) as ledger:
        found = ledger.newest(wanted)

    assert set(found) == set(wanted[:25])
    assert all(attempt.fingerprint == fingerprint for fingerprint, attempt in found.items())


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        (["1 succeeded", "2 accepted"], "1"),
        (["1 accepted", "2 succeeded"], "2"),
        (["1 succeeded", "2 succeeded"], "2"),
        (["1 failed", "2 held"], "2"),
        (["1 succeeded", "2 failed", "3 refused", "4 released"], "1"),
        (["1 adopted", "2 failed"], "1"),
        (["1 succeeded", "2 intent"], "1"),
        (["1 failed", "2 refused", "3 released"], None),
        ([], None),
    ],
)
def test_the_attempt_that_counts_is_the_newest_of_the_best(state, attempts, expected):
    keep(
        state,
        *(
            make_attempt(request_id=request_id, state=State(value), clip=None)
            for request_id, value in (attempt.split() for attempt in attempts)
        ),
    )

    found = newest(state)

    assert (found.request_id if found else None) == expected


def test_newest_is_what_was_learned_last_even_when_the_clock_was_set_back(state):
    keep(
        state,
        make_attempt(request_id="first", created_at="2026-11-22T10:00:00.000+00:00"),
        make_attempt(request_id="second", created_at="2026-11-21T10:00:00.000+00:00"),
    )

    assert newest(state).request_id == "second"


@pytest.mark.parametrize("live", LIVE)
def test_an_intent_is_refused_while_an_attempt_at_the_same_request_is_live(state, live):
    with open_ledger(state, "run") as ledger:
        ledger.record(make_unfinished(state=live, request_id="live"))

        found = ledger.intend(make_unfinished(state=State.INTENT, request_id="new"))

        assert found == make_unfinished(state=live, request_id="live")
        assert ledger.newest([WALK])[WALK].request_id == "live"


@pytest.mark.parametrize("settled", SETTLED)
def test_an_intent_is_recorded_when_the_attempts_before_are_settled(state, settled):
    with open_ledger(state, "run") as ledger:
        ledger.record(make_attempt(state=settled, request_id="old"))

        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="new"), again=True) is None


def test_an_attempt_that_has_succeeded_is_in_the_way_unless_another_clip_is_wanted(state):
    intent = make_unfinished(state=State.INTENT, request_id="new")
    with open_ledger(state, "run") as ledger:
        ledger.record(make_attempt(request_id="done"))

        assert ledger.intend(intent) == make_attempt(request_id="done")
        assert ledger.intend(intent, again=True) is None
        assert ledger.intend(replace(intent, request_id="third")) == make_attempt(request_id="done")


def test_an_attempt_that_is_over_is_still_known_by_its_request_id(state):
    keep(state, make_attempt(state=State.RELEASED))

    with read_ledger(state) as ledger:
        assert ledger.newest([WALK]) == {}
        assert ledger.recorded(make_attempt().request_id) == make_attempt(state=State.RELEASED)
        assert ledger.recorded("somebody else's") is None


def test_two_ledgers_on_one_file_admit_one_intent(state):
    with open_ledger(state, "one") as one, open_ledger(state, "two") as two:
        assert one.intend(make_unfinished(state=State.INTENT, request_id="one")) is None

        found = two.intend(make_unfinished(state=State.INTENT, request_id="two"))

        assert found.request_id == "one"
        assert found.state is State.INTENT


COMPETE = """
import sys
from pathlib import Path
from cogvid_pipeline.model.attempt import State
from cogvid_pipeline.state.opening import open_ledger
from tests.attempts import make_unfinished

name = sys.argv[2]
with open_ledger(Path(sys.argv[1]), name) as ledger:
    print("open", flush=True)
    sys.stdin.readline()
    for number in range(30):
        intent = make_unfinished(f"shot-{number}", State.INTENT, request_id=f"{name}-{number}")
        print("refused" if ledger.intend(intent) else "admitted", flush=True)
    sys.stdin.readline()
"""


def other_process(state, name, program=COMPETE):
    return subprocess.Popen(
        [sys.executable, "-c", program, str(state), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )


def test_of_several_processes_exactly_one_is_admitted_for_each_request(state):
    with ExitStack() as stack:
        processes = [stack.enter_context(other_process(state, name)) for name in ("a", "b", "c")]
        for process in processes:
            assert process.stdout.readline() == "open\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        verdicts = [[process.stdout.readline().strip() for _ in range(30)] for process in processes]
        for process in processes:
            process.communicate("end\n")

    assert all(sorted(each) == ["admitted", "refused", "refused"] for each in zip(*verdicts, strict=True))


OPEN_TOGETHER = """
import sys
import time
from pathlib import Path
from cogvid_pipeline.state.opening import open_ledger, read_ledger

print("ready", flush=True)
start = float(sys.stdin.readline())
for number in range(30):
    state = Path(sys.argv[1], str(number))
    time.sleep(max(0, start + number / 20 - time.time()))
    with read_ledger(state) if sys.argv[2] == "reader" else open_ledger(state, sys.argv[2]) as ledger:
        ledger.newest(["sha256:0"])
"""


def test_processes_that_open_a_new_ledger_at_the_same_moment_all_get_it(state):
    with ExitStack() as stack:
        processes = [
            stack.enter_context(other_process(state, name, OPEN_TOGETHER))
            for name in ("a", "b", "c", "d", "e", "reader")
        ]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        start = time.time() + 0.2
        for process in processes:
            process.stdin.write(f"{start}\n")
            process.stdin.flush()

    assert [process.returncode for process in processes] == [0] * 6


def test_an_intent_whose_run_was_killed_is_held(state):
    with other_process(state, "killed") as process:
        process.stdout.readline()
        process.stdin.write("go\n")
        process.stdin.flush()
        for _ in range(30):
            process.stdout.readline()
        fingerprint = make_attempt("shot-7").fingerprint
        assert newest(state, fingerprint).state is State.INTENT
        process.kill()

    held = newest(state, fingerprint)
    assert held.state is State.HELD
    assert held.error == "the run that sent the request ended before the answer was recorded"
    with open_ledger(state, "next") as ledger:
        intent = make_unfinished("shot-7", State.INTENT, request_id="next")
        assert ledger.intend(intent) == held


RECORD_AND_DIE = """
import os
import sys
from pathlib import Path
from cogvid_pipeline.state.opening import open_ledger
from tests.attempts import make_unfinished

with open_ledger(Path(sys.argv[1]), sys.argv[2]) as ledger:
    ledger.record(make_unfinished())
    os.kill(os.getpid(), 9)
"""


def test_what_was_recorded_before_a_kill_is_there(state):
    with other_process(state, "killed", RECORD_AND_DIE) as process:
        assert process.wait() == -9

    assert newest(state) == make_unfinished()


@pytest.mark.parametrize("provider", ["preview", "emulator"])
def test_a_free_attempt_neither_blocks_nor_stands_for_a_paid_one(state, provider):
    with open_ledger(state, "run") as ledger:
        ledger.record(make_unfinished(request_id="free", provider=provider))
        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="paid")) is None
        ledger.record(make_unfinished(request_id="free", provider=provider))
        ledger.record(make_attempt(request_id="free-2", provider=provider))

        assert ledger.newest([WALK])[WALK].request_id == "paid"
        assert (
            ledger.intend(make_unfinished(state=State.INTENT, request_id="more", provider=provider)) is None
        )


def test_a_free_attempt_counts_where_there_is_no_paid_one(state):
    keep(state, make_attempt(provider="preview"))

    assert newest(state) == make_attempt(provider="preview")


@pytest.mark.parametrize("given_up", [State.INTENT, State.HELD, State.FAILED])
def test_a_free_attempt_that_came_to_nothing_does_not_count(state, given_up):
    keep(state, make_unfinished(state=given_up, provider="preview"))

    assert newest(state) is None


def test_what_turns_out_to_be_emulated_is_no_longer_paid(state):
    with open_ledger(state, "run") as ledger:
        ledger.intend(make_unfinished(state=State.INTENT))
        ledger.record(make_unfinished(provider="emulator"))

        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="paid")) is None


def test_an_unknown_attempt_of_a_lock_is_taken_in(state):
    with open_ledger(state, "run") as ledger:
        ledger.take_in(make_unfinished())

        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="new")) == make_unfinished()


def test_a_known_attempt_is_not_overwritten_by_what_a_lock_says(state):
    with open_ledger(state, "run") as ledger:
        ledger.record(make_attempt())
        ledger.take_in(make_unfinished(state=State.FAILED))

        assert ledger.newest([WALK])[WALK] == make_attempt()


def test_an_attempt_of_a_lock_leaves_a_live_one_alone(state):
    with open_ledger(state, "run") as ledger:
        ledger.record(make_unfinished(request_id="ours"))
        ledger.take_in(make_unfinished(request_id="theirs"))

        assert ledger.newest([WALK])[WALK].request_id == "ours"


@pytest.mark.parametrize("came_to", [State.FAILED, State.REFUSED, State.RELEASED])
def test_two_tasks_that_two_machines_paid_for_are_both_kept(state, came_to):
    """Should ours come to nothing, theirs is gone on with, and not paid for a third time."""
    with open_ledger(state, "run") as ledger:
        ledger.record(make_unfinished(request_id="ours"))
        ledger.take_in(make_unfinished(request_id="theirs"))
        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="new")).request_id == "ours"

        ledger.record(make_unfinished(request_id="ours", state=came_to))

        assert ledger.newest([WALK])[WALK].request_id == "theirs"
        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="new")).request_id == "theirs"


def test_a_running_task_of_another_machine_counts_before_one_in_doubt_here(state):
    with open_ledger(state, "run") as ledger:
        ledger.record(make_unfinished(request_id="ours", state=State.HELD))
        ledger.take_in(make_unfinished(request_id="theirs"))

        assert ledger.newest([WALK])[WALK].request_id == "theirs"
        assert ledger.intend(make_unfinished(state=State.INTENT, request_id="new")).request_id == "theirs"


def test_what_becomes_of_an_attempt_of_a_lock_is_recorded_beside_a_live_one(state):
    with open_ledger(state, "run") as ledger:
        ledger.take_in(make_unfinished(request_id="theirs"))
        ledger.record(make_unfinished(request_id="theirs", state=State.HELD))
        ledger.record(make_unfinished(request_id="ours"))
        ledger.record(make_unfinished(request_id="theirs", state=State.ADOPTED))

        ledger.record(make_attempt(request_id="theirs"))

        assert ledger.newest([WALK])[WALK].request_id == "theirs"


def test_a_second_live_attempt_cannot_be_recorded(state):
    with open_ledger(state, "run") as ledger:
        ledger.record(make_unfinished(request_id="ours"))

        with pytest.raises(StateError, match="UNIQUE") as caught:
            ledger.record(make_unfinished(request_id="theirs"))

        assert "another attempt at the same request is unfinished" in caught.value.hint
        ledger.record(make_attempt(request_id="ours"))


def test_half_a_surrogate_pair_from_a_vendor_does_not_keep_a_task_off_the_disk(state):
    keep(state, make_unfinished(error="no \ud83d"))

    assert newest(state) == make_unfinished(error="no ?")


def test_reading_a_ledger_that_is_not_there_makes_nothing(state):
    assert newest(state) is None
    assert not state.exists()


def test_attempts_are_listed_by_their_state_with_those_of_runs_that_are_gone(state):
    kept = [make_unfinished(kind, kind) for kind in LIVE] + [
        make_attempt(kind, state=kind) for kind in SETTLED
    ]
    keep(state, *kept)

    with read_ledger(state) as ledger:
        live = list(ledger.in_states(LIVE))
        everything = list(ledger.in_states(State))

    assert [attempt.request_id for attempt in live] == [f"request-{kind}" for kind in LIVE]
    assert live[0].state is State.HELD
    assert everything[1:] == kept[1:]


def test_reading_changes_no_file(state):
    keep(state, make_attempt())
    before = everything_in(state)

    assert newest(state) == make_attempt()

    assert everything_in(state) == before
    assert set(before) == {".gitignore", "ledger.db"}


def test_reading_sees_what_a_running_apply_has_recorded(state):
    with open_ledger(state, "run") as ledger:
        ledger.record(make_unfinished())

        assert newest(state) == make_unfinished()


def test_reading_a_ledger_whose_making_was_cut_off_finds_nothing(state):
    state.mkdir()
    (state / "ledger.db").touch()

    assert newest(state) is None
    keep(state, make_attempt())
    assert newest(state) == make_attempt()


def test_a_ledger_survives_odd_characters_in_its_path(tmp_path):
    state = tmp_path / "100% sure? #1 ünï"

    keep(state, make_attempt())

    assert newest(state) == make_attempt()


def test_the_state_directory_is_ignored_by_git(state):
    keep(state)

    assert (state / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("use", [keep, newest])
@pytest.mark.parametrize("keep_bytes", [100, 5000])
def test_a_truncated_ledger_is_an_error_that_says_what_to_do(state, use, keep_bytes):
    keep(state, *(make_attempt(f"shot-{number}") for number in range(30)))
    os.truncate(state / "ledger.db", keep_bytes)

    with pytest.raises(StateError, match=r"cannot use the ledger .*ledger\.db") as caught:
        use(state, *([] if use is newest else [make_attempt()]))

    assert "move it aside" in caught.value.hint


@pytest.mark.parametrize("use", [keep, newest])
def test_a_file_that_is_no_database_is_refused_and_kept(state, use):
    state.mkdir()
    (state / "ledger.db").write_bytes(b"not a database, but precious " * 100)
    before = everything_in(state)

    with pytest.raises(StateError, match="file is not a database"):
        use(state)

    assert everything_in(state) == before


@pytest.mark.parametrize("use", [keep, newest])
def test_the_database_of_another_program_is_refused_and_kept(state, use):
    state.mkdir()
    with sqlite3.connect(state / "ledger.db") as theirs:
        theirs.execute("CREATE TABLE bookmarks (url TEXT)")
    theirs.close()
    before = everything_in(state)

    with pytest.raises(StateError, match="is a database, but not a ledger of cogvid"):
        use(state)

    assert everything_in(state) == before


@pytest.mark.parametrize("use", [keep, newest])
def test_a_ledger_of_a_later_version_is_refused_by_its_number(state, use):
    keep(state)
    with sqlite3.connect(state / "ledger.db") as later:
        later.execute("PRAGMA user_version = 99")
    later.close()

    with pytest.raises(StateError, match="has version 99; this cogvid reads up to version 3") as caught:
        use(state)

    assert caught.value.hint == "upgrade cogvid"


@pytest.mark.parametrize("damage", ["request = '{'", "clip = '{}'", "clip = '7'", "amount = 'much'"])
def test_a_row_that_makes_no_sense_is_an_error(state, damage):
    keep(state, make_attempt())
    with sqlite3.connect(state / "ledger.db") as connection:
        connection.execute(f"UPDATE attempts SET {damage}")
    connection.close()

    with open_ledger(state, "run") as ledger, pytest.raises(StateError, match="is damaged"):
        ledger.newest([WALK])


def test_a_column_that_is_called_something_else_is_an_error(state):
    keep(state, make_attempt())
    with sqlite3.connect(state / "ledger.db") as connection:
        connection.execute("ALTER TABLE attempts RENAME COLUMN currency TO currencx")
    connection.close()

    with pytest.raises(StateError, match="is damaged: No item with that key") as caught:
        newest(state)

    assert "move it aside" in caught.value.hint


def test_a_full_disk_is_an_error_and_what_was_recorded_stays(state):
    with open_ledger(state, "run") as ledger:
        ledger.record(make_attempt())
        size = max(path.stat().st_size for path in state.iterdir() if path.is_file())

        with no_room_beyond(size), pytest.raises(StateError, match="cannot use the ledger") as caught:
            ledger.record(make_unfinished(error="words " * 10_000))

        assert "free some space" in caught.value.hint
        assert ledger.newest([WALK])[WALK] == make_attempt()
        ledger.record(make_attempt(request_id="after"))

    assert newest(state).request_id == "after"


def test_a_state_directory_that_is_a_file_is_an_error(state):
    state.touch()

    with pytest.raises(StateError, match="cannot write"):
        keep(state)


def test_each_commit_is_synced_before_it_returns(state):
    with open_ledger(state, "run") as ledger:
        (level,) = ledger._connection.execute("PRAGMA synchronous").fetchone()
        (mode,) = ledger._connection.execute("PRAGMA journal_mode").fetchone()

    assert (level, mode) == (2, "wal")


def test_a_row_never_becomes_the_attempt_at_another_request(state):
    mine, claimed = make_unfinished("mine"), make_unfinished("other", request_id="request-mine")
    with open_ledger(state, "run") as ledger:
        ledger.record(mine)

        with pytest.raises(StateError, match="the attempt at another request"):
            ledger.record(claimed)

        assert ledger.newest([mine.fingerprint]) == {mine.fingerprint: mine}


def version_1(state):
    """A ledger as the first format had it, with a finished, a running and a held attempt."""
    state.mkdir()
    with sqlite3.connect(state / "ledger.db") as connection:
        connection.executescript((GOLDEN / "ledger-1.sql").read_text(encoding="utf-8"))
    connection.close()


@pytest.mark.parametrize("opened", ["to be read", "to be written"])
def test_a_ledger_of_the_first_format_is_read_and_brought_up_to_date(state, opened):
    version_1(state)
    before = everything_in(state)
    names = ["walk", "run", "rest"]

    with read_ledger(state) if opened == "to be read" else open_ledger(state, "run") as ledger:
        found = ledger.newest([make_attempt(name).fingerprint for name in names])

    assert [found[make_attempt(name).fingerprint] for name in names] == [
        make_attempt("walk"),
        make_unfinished("run"),
        make_unfinished("rest", State.HELD, error="no answer"),
    ]
    assert (everything_in(state) == before) is (opened == "to be read")
    assert newest(state) == make_attempt("walk")


def test_what_was_submitted_from_here_keeps_its_host_until_a_lock_says_otherwise(state):
    mine = make_unfinished(own=True, seal="s")
    keep(state, mine)
    assert newest(state).own

    keep(state, replace(make_attempt(request_id=mine.request_id), own=False))
    assert newest(state).own

    keep(state, replace(mine, own=False, base_url="https://evil.example.com"))
    assert not newest(state).own


def test_what_is_in_doubt_is_listed_without_what_a_run_is_about_to_settle(state):
    keep(state, make_unfinished("a", State.HELD, error="lost"), make_unfinished("b"), make_attempt("c"))
    keep(state, make_unfinished("d", State.INTENT), make_unfinished("f", State.HELD, provider="preview"))

    with open_ledger(state, "now") as ledger:
        ledger.record(make_unfinished("e", State.INTENT))
        doubts = ledger.in_doubt()

    assert [doubt.request_id for doubt in doubts] == ["request-a", "request-d"]


def test_a_task_leads_to_its_attempts(state):
    keep(state, make_attempt("a"), make_attempt("b"))

    with read_ledger(state) as ledger:
        assert ledger.of_task("task-b") == [make_attempt("b")]
        assert ledger.of_task("task-z") == []

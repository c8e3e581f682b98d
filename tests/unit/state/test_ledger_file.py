"""A ledger in a file: what is done about the file, and about its disk."""

import os
import sqlite3
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import State
from cogvid_pipeline.state.sqlite import open_for_writing
from tests.attempts import make_attempt, make_unfinished
from tests.disk import no_room_beyond
from tests.ledgers import WALK, Place

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


def keep(state, *attempts, run="earlier"):
    Place(state).keep(*attempts, run=run)


def newest(state):
    return Place(state).newest()


def everything_in(directory):
    """The files in a directory, but for the empty one with which writers take turns."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in directory.rglob("*")
        if path.is_file() and path.name != "turn.lock"
    }


OPEN_TOGETHER = """
print("ready", flush=True)
start = float(sys.stdin.readline())
for number in range(30):
    each = Place(place.directory / str(number))
    time.sleep(max(0, start + number / 20 - time.time()))
    with each.read() if name == "reader" else each.open(name) as ledger:
        ledger.newest(["sha256:0"])
"""


def test_processes_that_open_a_new_ledger_at_the_same_moment_all_get_it(state):
    open_all_together(state)


def open_all_together(state):
    with ExitStack() as stack:
        processes = [
            stack.enter_context(Place(state).process(name, OPEN_TOGETHER))
            for name in ("a", "b", "c", "d", "e", "reader")
        ]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        start = time.time() + 0.2
        for process in processes:
            process.stdin.write(f"{start}\n")
            process.stdin.flush()

    assert [process.returncode for process in processes] == [0] * 6


def test_reading_a_ledger_that_is_not_there_makes_nothing(state):
    assert newest(state) is None
    assert not state.exists()


def test_reading_changes_no_file(state):
    keep(state, make_attempt())
    before = everything_in(state)

    assert newest(state) == make_attempt()

    assert everything_in(state) == before
    assert set(before) == {".gitignore", "ledger.db"}


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

    with pytest.raises(StateError, match="has version 99; this cogvid reads up to version 4") as caught:
        use(state)

    assert caught.value.hint == "upgrade cogvid"


@pytest.mark.parametrize("damage", ["request = '{'", "clip = '{}'", "clip = '7'", "amount = 'much'"])
def test_a_row_that_makes_no_sense_is_an_error(state, damage):
    keep(state, make_attempt())
    with sqlite3.connect(state / "ledger.db") as connection:
        connection.execute(f"UPDATE attempts SET {damage}")
    connection.close()

    with Place(state).open("run") as ledger, pytest.raises(StateError, match="is damaged"):
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
    with Place(state).open("run") as ledger:
        ledger.record(make_attempt())
        size = max(path.stat().st_size for path in state.iterdir() if path.is_file())

        with no_room_beyond(size), pytest.raises(StateError, match="cannot use the ledger") as caught:
            ledger.record(make_unfinished("other", error="words " * 10_000))

        assert "free some space" in caught.value.hint
        assert ledger.newest([WALK])[WALK] == make_attempt()
        ledger.record(make_attempt(request_id="after"))

    assert newest(state).request_id == "after"


def test_a_state_directory_that_is_a_file_is_an_error(state):
    state.touch()

    with pytest.raises(StateError, match="cannot write"):
        keep(state)


def test_each_commit_is_synced_before_it_returns(state):
    state.mkdir()
    with closing(open_for_writing(state / "ledger.db")) as connection:
        (level,) = connection.execute("PRAGMA synchronous").fetchone()
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()

    assert (level, mode) == (2, "wal")


GOLDENS = {int(path.stem.removeprefix("ledger-")): path for path in GOLDEN.glob("ledger-*.sql")}
of_each_version = pytest.mark.parametrize("version", sorted(GOLDENS))


def as_of_version(state, version):
    """A ledger as that format had it, with a finished, a running and a held attempt."""
    state.mkdir(parents=True)
    with sqlite3.connect(state / "ledger.db") as connection:
        connection.executescript(GOLDENS[version].read_text(encoding="utf-8"))
    connection.close()


def version_of(state):
    with closing(sqlite3.connect(state / "ledger.db")) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def test_there_is_a_golden_of_each_version(state):
    keep(state)

    assert sorted(GOLDENS) == list(range(1, version_of(state) + 1))


@of_each_version
@pytest.mark.parametrize("opened", ["to be read", "to be written"])
def test_a_ledger_of_an_older_format_is_read_and_brought_up_to_date(state, version, opened):
    as_of_version(state, version)
    before = everything_in(state)
    names = ["walk", "run", "rest"]

    with Place(state).read() if opened == "to be read" else Place(state).open("run") as ledger:
        found = ledger.newest([make_attempt(name).fingerprint for name in names])

    seal = {"seal": "s", "own": True} if version >= 2 else {}
    account = {"account": "a"} if version >= 4 else {}
    assert [found[make_attempt(name).fingerprint] for name in names] == [
        make_attempt("walk"),
        make_unfinished("run", **account),
        make_unfinished("rest", State.HELD, error="no answer", **seal),
    ]
    assert (everything_in(state) == before) is (opened == "to be read")
    assert newest(state) == make_attempt("walk")


@of_each_version
def test_a_ledger_that_was_brought_up_to_date_is_as_a_new_one(state, tmp_path, version):
    as_of_version(state, version)
    keep(state)
    keep(tmp_path / "new")

    assert schema_of(state) == schema_of(tmp_path / "new")


def schema_of(state):
    with closing(sqlite3.connect(state / "ledger.db")) as connection:
        columns = connection.execute("PRAGMA table_info(attempts)").fetchall()
        indices = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE type = 'index' ORDER BY name"
        ).fetchall()
        return version_of(state), columns, [" ".join(f"{sql}".split()) for (sql,) in indices]


def test_processes_that_bring_a_ledger_up_to_date_at_the_same_moment_all_get_it(state):
    for number in range(30):
        as_of_version(state / str(number), version=1)

    open_all_together(state)

    assert {version_of(state / str(number)) for number in range(30)} == {max(GOLDENS)}


def test_what_was_submitted_from_here_keeps_its_host_until_a_lock_says_otherwise(state):
    mine = make_unfinished(own=True, seal="s")
    keep(state, mine)
    assert newest(state).own

    keep(state, replace(make_attempt(request_id=mine.request_id), own=False))
    assert newest(state).own

    keep(
        state,
        replace(make_attempt(request_id=mine.request_id), own=False, base_url="https://evil.example.com"),
    )
    assert not newest(state).own

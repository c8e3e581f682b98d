"""A run that is dead, paused or cut off is taken over after its lease, and then sends nothing more."""

import signal
import time
from contextlib import closing
from pathlib import Path

import pytest

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import State
from cogvid_pipeline.state.lease import Lease
from cogvid_pipeline.state.server import Server
from cogvid_pipeline.state.shared_format import bring_up_to_date
from tests.attempts import make_attempt, make_unfinished
from tests.ledgers import Place, make_place, wait_until
from tests.postgres import Database, line_to, server

WALK = make_attempt().fingerprint
INTENT = make_unfinished(state=State.INTENT)
# Says each time what it is asked for: whether it may submit, or what it is told about an intent.
ASKED = """
with place.open(name, lease=3) as ledger:
    ledger.intend(make_unfinished(state=State.INTENT))
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            if line == "may submit\\n":
                print(ledger.may_submit(), flush=True)
            elif line == "intend\\n":
                print(ledger.intend(make_unfinished("more", State.INTENT)), flush=True)
            else:
                print(ledger.record(make_unfinished()).state, flush=True)
        except Exception as error:
            print(error, flush=True)
"""


@pytest.fixture
def database() -> Database:
    return server().database()


@pytest.fixture
def place(tmp_path) -> Place:  # type: ignore[no-untyped-def]
    return make_place("server", tmp_path)


def ask(process, what: str) -> str:  # type: ignore[no-untyped-def]
    process.stdin.write(f"{what}\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def date(database: Database) -> float:
    """Until when the only run is taken to be alive."""
    ((until,),) = database.execute("SELECT extract(epoch FROM until) FROM cogvid.runs")
    return float(str(until))


def wait_for_a_beat(database: Database) -> None:
    before = date(database)
    wait_until(lambda: date(database) > before)


def test_a_run_that_works_for_longer_than_its_lease_keeps_it(place: Place, database: Database) -> None:
    with place.process("busy", ASKED) as process:
        assert process.stdout.readline() == "ready\n"
        first = date(database)
        wait_until(lambda: date(database) > first + 3)

        wait_until(lambda: place.newest().state is State.INTENT)
        wait_until(lambda: ask(process, "may submit") == "True")
        process.stdin.close()


def test_a_run_that_was_paused_for_longer_than_its_lease_submits_nothing_when_it_wakes(place: Place) -> None:
    with place.process("paused", ASKED) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: place.newest().state is State.HELD)
        with place.open("other") as other:
            assert other.in_doubt() == [place.newest()]
            other.record(place.newest())
        process.send_signal(signal.SIGCONT)

        assert ask(process, "may submit") == "False"
        assert "others have taken this run for dead" in ask(process, "intend")
        assert ask(process, "record") == "accepted"
        process.stdin.close()

    assert place.newest() == make_unfinished()


def test_a_run_that_is_cut_off_submits_nothing_until_it_knows_that_nobody_has_missed_it(
    tmp_path: Path, database: Database
) -> None:
    with line_to(database) as (line, url), Place(tmp_path, url).open("run", lease=3) as ledger:
        ledger.intend(INTENT)
        line.down = True
        line.cut()

        wait_until(lambda: not ledger.may_submit())
        wait_until(
            lambda: database.execute("SELECT until > clock_timestamp() FROM cogvid.runs") == [(False,)]
        )
        line.down = False

        wait_until(ledger.may_submit)
        assert ledger.intend(make_unfinished("more", State.INTENT)) is None


def test_a_run_that_is_cut_off_stops_before_the_others_may_take_over(
    tmp_path: Path, database: Database
) -> None:
    with line_to(database) as (line, url), Place(tmp_path, url).open("run", lease=4) as ledger:
        line.down = True
        line.cut()

        last, now = 0.0, ledger.now()
        while ledger.may_submit():
            last, now = now, ledger.now()
            time.sleep(0.001)

        assert last + 4 / 4 < date(database)


def test_a_lease_is_kept_although_connections_are_cut_now_and_then(tmp_path, database: Database) -> None:
    with Place(tmp_path, database.url).open("run", lease=3) as ledger:
        for _ in range(3):
            database.cut_connections()
            wait_for_a_beat(database)

        wait_until(ledger.may_submit)
        assert ledger.intend(INTENT) is None


def test_a_run_that_has_ended_is_gone_at_once(place: Place) -> None:
    with place.open("run") as ledger:
        ledger.intend(INTENT)

    assert place.newest().state is State.HELD


def test_a_date_that_has_passed_is_removed_before_anybody_acts_on_it(database: Database, tmp_path) -> None:
    """Were it only looked at, a beat that is on its way could put it off at the same moment."""
    place = Place(tmp_path, database.url)
    with place.open("old", lease=60) as old, place.open("new") as new:
        old.intend(INTENT)
        database.execute("UPDATE cogvid.runs SET until = clock_timestamp() WHERE run = 'old'")
        assert new.intend(make_unfinished(state=State.INTENT, request_id="new")).state is State.HELD

        assert database.execute("SELECT run FROM cogvid.runs") == [("new",)]
        with pytest.raises(StateError, match="taken this run for dead"):
            old.intend(make_unfinished("more", State.INTENT))


def test_time_is_the_databases(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)  # a machine whose clock is wrong
    there = Server(database.url)
    with closing(there.connect()) as connection:
        bring_up_to_date(connection, there)
    with Lease(there, "run", "cogvid", seconds=60) as lease:
        ((now,),) = database.execute("SELECT extract(epoch FROM clock_timestamp())")

        assert abs(there.now() - float(now)) < 5
        assert lease.holds()

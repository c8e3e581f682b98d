"""What a PostgreSQL server may do to a ledger, and what is said then."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from cogvid_pipeline.errors import StateError, UsageError
from cogvid_pipeline.model.attempt import State
from cogvid_pipeline.state.database import Unreachable
from cogvid_pipeline.state.ledger import Ledger
from cogvid_pipeline.state.server import Server
from cogvid_pipeline.state.shared_format import _STEPS, VERSION, bring_up_to_date, version_of
from tests.attempts import make_attempt, make_unfinished
from tests.ledgers import Place, wait_until
from tests.postgres import PASSWORD, Database, Line, line_to, server

GOLDEN = Path(__file__).parents[2] / "golden"
INTENT = make_unfinished(state=State.INTENT)


@pytest.fixture
def database() -> Database:
    return server().database()


@pytest.fixture
def place(tmp_path: Path, database: Database) -> Place:
    return Place(tmp_path, database.url)


# --- its format -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("shared-ledger-*.sql")), ids=lambda path: path.stem)
def test_what_a_released_version_has_written_is_read_and_brought_up_to_date(
    place: Place, database: Database, golden: Path
) -> None:
    database.execute(golden.read_text(encoding="utf-8"))

    with place.open("run") as ledger:
        found = {attempt.request_id: attempt for attempt in ledger.in_states(State)}
        assert ledger.intend(make_unfinished("walk", State.INTENT, request_id="new")) == make_attempt("walk")

    assert found == {
        "request-walk": make_attempt("walk"),
        "request-run": make_unfinished("run", account="a"),
        "request-rest": make_unfinished("rest", State.HELD, error="no answer", seal="s"),
    }
    assert database.execute("SELECT version FROM cogvid.format") == [(VERSION,)]


def test_there_is_a_golden_of_each_version() -> None:
    assert len(list(GOLDEN.glob("shared-ledger-*.sql"))) == VERSION


def test_many_that_look_before_one_of_them_makes_the_ledger_all_get_it(database: Database) -> None:
    assert versions_made_together(database) == [VERSION] * 6


def versions_made_together(database: Database) -> list[int]:
    """What six see who all have looked before the first of them changes anything."""
    there, all_have_looked = Server(database.url), threading.Barrier(6)
    versions: list[int] = []

    def make() -> None:
        with closing(there.connect()) as connection:
            version_of(connection, there)
            all_have_looked.wait()
            bring_up_to_date(connection, there)
            versions.append(version_of(connection, there))

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return versions


@pytest.mark.parametrize("use", ["read", "written"])
def test_a_ledger_of_a_later_version_is_refused_by_its_number(
    place: Place, database: Database, use: str
) -> None:
    place.keep(make_attempt())
    database.execute("UPDATE cogvid.format SET version = 99")

    with pytest.raises(StateError, match=f"has version 99; this cogvid reads up to version {VERSION}"):
        place.newest() if use == "read" else place.keep(make_attempt())


def test_a_ledger_of_an_earlier_version_is_brought_up_to_date_by_who_writes_first(
    place: Place, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.open("earlier") as earlier:
        earlier.record(make_unfinished())
        for module in ("shared_format", "postgres"):
            monkeypatch.setattr(f"cogvid_pipeline.state.{module}.VERSION", VERSION + 1)
        more = ("ALTER TABLE cogvid.attempts ADD COLUMN more text NOT NULL DEFAULT ''",)
        monkeypatch.setattr("cogvid_pipeline.state.shared_format._STEPS", (*_STEPS, more))

        with pytest.raises(StateError, match=f"has version {VERSION}, and this cogvid works with") as caught:
            place.newest()
        assert caught.value.hint == "cogvid apply brings it up to date"

        assert versions_made_together(database) == [VERSION + 1] * 6
        earlier.record(make_attempt())

    assert place.newest() == make_attempt()


# --- its settings and its moods -------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "name"), [("DATABASE", "ledger"), ("ROLE", "cogvid")])
@pytest.mark.parametrize(("setting", "becomes"), [("off", "on"), ("remote_apply", "remote_apply")])
def test_commits_are_durable_whatever_the_server_is_set_to(
    database: Database, where: str, name: str, setting: str, becomes: str
) -> None:
    database.execute(f"ALTER {where} {name} SET synchronous_commit TO {setting}")
    try:
        with closing(Server(database.url).connect()) as connection:
            (shown,) = connection.execute("SHOW synchronous_commit").fetchall()
    finally:
        database.execute(f"ALTER {where} {name} RESET synchronous_commit")

    assert shown == {"synchronous_commit": becomes}


def test_what_was_recorded_survives_the_crash_of_a_server_that_is_set_to_be_fast(
    place: Place, database: Database
) -> None:
    there = database.server
    there.execute("ALTER SYSTEM SET synchronous_commit TO off")
    there.execute("ALTER SYSTEM SET wal_writer_delay TO '10s'")
    there.execute("SELECT pg_reload_conf()")
    try:
        with place.open("run") as ledger:
            ledger.record(make_attempt())
            there.stop()
    finally:
        there.start()
        there.execute("ALTER SYSTEM RESET ALL")
        there.execute("SELECT pg_reload_conf()")

    assert place.newest() == make_attempt()


def test_writers_take_turns_whatever_isolation_the_server_is_set_to(place: Place, database: Database) -> None:
    database.execute("ALTER DATABASE ledger SET default_transaction_isolation TO 'repeatable read'")
    rival = make_unfinished(state=State.INTENT, request_id="rival")
    found: list[object] = []
    try:
        with place.open("one") as one, place.open("two") as two:
            waiting = threading.Thread(target=lambda: found.append(two.intend(rival)))
            with one.together():
                assert one.intend(INTENT) is None
                waiting.start()
                waiting.join(0.5)
                assert found == []
            waiting.join()
    finally:
        database.execute("ALTER DATABASE ledger RESET default_transaction_isolation")

    assert [attempt.request_id for attempt in found] == ["request-walk"]  # type: ignore[attr-defined]


def test_a_database_that_cannot_hold_every_answer_is_refused(database: Database) -> None:
    database.server.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0")
    try:
        with pytest.raises(StateError, match="is in a database with the encoding SQL_ASCII"):
            Server(database.server.url("ascii")).connect()
    finally:
        database.server.execute("DROP DATABASE ascii WITH (FORCE)")


def test_a_server_that_is_too_old_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogvid_pipeline.state.server._OLDEST", 99_00_00)

    with pytest.raises(StateError, match=r"is on PostgreSQL \d\d, which is too old") as caught:
        Server(database.url).connect()

    assert caught.value.hint == "use PostgreSQL 99 or newer"


def as_user(place: Place, database: Database, name: str) -> Place:
    """The same ledger for a user who may log in, and nothing else so far."""
    if database.execute(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'"):
        database.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
    database.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    return Place(place.directory, database.url.replace("//cogvid:", f"//{name}:"))


def as_documented(place: Place, database: Database) -> tuple[Place, Place]:
    """A ledger with an attempt for the two users of the documentation, with what is granted to them there."""
    place.keep(make_attempt())
    renderer, reviewer = (as_user(place, database, name) for name in ("renderer", "reviewer"))
    text = (GOLDEN.parents[1] / "docs" / "shared-ledger.md").read_text(encoding="utf-8")
    database.execute(text.partition("```sql\n")[2].partition("```")[0])
    return renderer, reviewer


def test_a_user_who_may_make_nothing_is_told_what_it_takes(place: Place, database: Database) -> None:
    guest = as_user(place, database, "guest")

    with pytest.raises(StateError, match="permission denied") as caught:
        guest.keep(make_attempt())

    assert "needs CREATE on the database once" in caught.value.hint


def test_the_grants_of_the_documentation_are_enough(place: Place, database: Database) -> None:
    renderer, reviewer = as_documented(place, database)

    with renderer.open("run") as ledger:
        assert ledger.intend(make_unfinished("new", State.INTENT)) is None
        ledger.record(make_unfinished("new"))
        assert ledger.may_submit()

    assert reviewer.newest() == make_attempt()
    with pytest.raises(StateError, match="permission denied") as caught:
        reviewer.keep(make_attempt())
    assert "docs/shared-ledger.md" in caught.value.hint


def test_a_transaction_that_cannot_begin_says_why_and_stands_in_nobodys_way(
    place: Place, database: Database
) -> None:
    renderer, _ = as_documented(place, database)

    with renderer.open("run") as ledger:
        database.execute("REVOKE DELETE ON cogvid.runs FROM renderer")
        for _ in range(2):
            with pytest.raises(StateError, match="permission denied for table runs"):
                ledger.record(make_unfinished("new"))
        database.execute("GRANT DELETE ON cogvid.runs TO renderer")

        assert ledger.record(make_unfinished("new")) == make_unfinished("new")


def test_a_server_whose_disk_is_full_can_be_tried_later(place: Place, database: Database) -> None:
    with place.open("run") as ledger:
        database.execute(
            "CREATE FUNCTION cogvid.no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE 'No space left on device' USING ERRCODE = 'disk_full'; END $$;"
            "CREATE TRIGGER no_room BEFORE INSERT ON cogvid.attempts EXECUTE FUNCTION cogvid.no_room()"
        )
        with pytest.raises(Unreachable, match="No space left on device"):
            ledger.record(make_attempt())
        database.execute("DROP TRIGGER no_room ON cogvid.attempts")

        assert ledger.record(make_attempt()) == make_attempt()


def test_a_connection_that_was_lost_while_nothing_happened_is_made_anew(
    place: Place, database: Database
) -> None:
    with place.open("run") as ledger, place.read() as reading:
        assert reading.newest(["sha256:0"]) == {}
        database.cut_connections()

        ledger.record(make_attempt())
        assert reading.recorded("request-walk") == make_attempt()


def record_and_be_cut(ledger: Ledger, database: Database) -> None:
    with ledger.together():
        ledger.record(make_attempt("a"))
        database.cut_connections()
        ledger.record(make_attempt("b"))


def test_a_transaction_that_is_cut_leaves_nothing_and_can_be_made_again(
    place: Place, database: Database
) -> None:
    with place.open("run") as ledger:
        with pytest.raises(Unreachable, match="cannot use the ledger at 127"):
            record_and_be_cut(ledger, database)

        assert list(ledger.in_states(State)) == []
        ledger.record(make_attempt("c"))

    assert database.execute("SELECT request_id FROM cogvid.attempts") == [("request-c",)]


def test_a_server_that_is_gone_can_be_tried_later(tmp_path: Path, database: Database) -> None:
    with line_to(database) as (line, url), Place(tmp_path, url).open("run") as ledger:
        line.down = True
        line.cut()

        with pytest.raises(Unreachable) as caught:
            ledger.record(make_attempt())
        line.down = False

        assert "run the command again" in caught.value.hint
        assert ledger.record(make_attempt()) == make_attempt()


def commit_in_silence(ledger: Ledger, line: Line) -> list[str]:
    """Record in a thread, and have the line go silent before the commit; what comes of it, once it has."""
    heard: list[str] = []

    def record() -> None:
        with ledger.together():
            ledger.record(make_attempt())
            line.passing.clear()
            heard.append("")

    def listen() -> None:
        with pytest.raises(Unreachable) as caught:
            record()
        heard[0] = str(caught.value)

    threading.Thread(target=listen, daemon=True).start()
    wait_until(lambda: bool(heard))
    return heard


def test_a_commit_that_is_never_answered_can_be_made_again(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogvid_pipeline.state.server._PATIENCE", 1.0)
    with line_to(database) as (line, url), Place(tmp_path, url).open("run") as ledger:
        heard = commit_in_silence(ledger, line)
        wait_until(lambda: heard != [""])
        line.passing.set()

        assert "cannot use the ledger at 127.0.0.1: there was no answer for 1 seconds" in heard
        assert ledger.record(make_attempt()) == make_attempt()


def test_in_a_hurry_nobody_waits_for_a_server_that_is_silent(tmp_path: Path, database: Database) -> None:
    with line_to(database) as (line, url), Place(tmp_path, url).open("run") as ledger:
        heard = commit_in_silence(ledger, line)
        ledger.hurry(0.1)

        wait_until(lambda: heard != [""])
        with pytest.raises(Unreachable, match="timeout expired"):
            ledger.record(make_attempt())
        line.passing.set()


def test_a_row_that_makes_no_sense_is_an_error(place: Place, database: Database) -> None:
    place.keep(make_attempt())
    database.execute("UPDATE cogvid.attempts SET request = '{'")

    with pytest.raises(StateError, match=r"the ledger at 127\.0\.0\.1 is damaged") as caught:
        place.newest()

    assert caught.value.hint == "restore it from a backup"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:x@host:s3cret/db",
        "postgresql://u:x@s3cret@host/db",
        "postgresql://u:1/s3cret@host/db",
        "postgresql://u:s3cret%zz@host/db",
    ],
)
def test_a_url_that_is_none_is_not_shown(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Server(url)

    assert "s3cret" not in f"{caught.value}{caught.value.hint}{caught.value.__cause__}"


def test_a_password_in_what_a_server_says_is_not_shown(database: Database) -> None:
    there = Server(database.url)

    with closing(there.connect()) as connection, pytest.raises(StateError) as caught, there.failures():
        connection.execute(f"DO $$ BEGIN RAISE EXCEPTION 'it is {PASSWORD}'; END $$")

    assert "it is ***" in str(caught.value)

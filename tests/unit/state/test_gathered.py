"""Many takes that record at once share a commit, and none suffers for another's mistake."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, Full, State
from cogvid_pipeline.state.database import Unreachable
from cogvid_pipeline.state.gathered import GatheredLedger
from cogvid_pipeline.state.ledger import Ledger
from cogvid_pipeline.state.opening import open_ledger, read_ledger
from tests.attempts import make_attempt, make_unfinished


def test_what_is_recorded_at_once_is_all_there(tmp_path: Path) -> None:
    attempts = [make_unfinished(f"shot-{number}", State.INTENT) for number in range(50)]

    async def record_all() -> list[object]:
        return await asyncio.gather(*(gathered.intend(attempt) for attempt in attempts))

    with open_ledger(tmp_path, "run") as ledger:
        gathered = GatheredLedger(ledger)
        found = asyncio.run(record_all())

        assert found == [None] * 50
        with read_ledger(tmp_path) as reading:
            assert len(reading.newest(attempt.fingerprint for attempt in attempts)) == 50


def test_of_two_intents_at_once_for_one_request_one_is_told_of_the_other(tmp_path: Path) -> None:
    one, two = (make_unfinished("same", State.INTENT, request_id=name) for name in ("one", "two"))

    async def both() -> list[object]:
        return await asyncio.gather(gathered.intend(one), gathered.intend(two))

    with open_ledger(tmp_path, "run") as ledger:
        gathered = GatheredLedger(ledger)

        assert asyncio.run(both()) == [None, one]


def test_a_write_that_fails_fails_alone(tmp_path: Path) -> None:
    first, rival = (make_unfinished("same", request_id=name) for name in ("first", "rival"))
    other = make_attempt("other")

    async def all_three() -> list[object]:
        return await asyncio.gather(
            *(gathered.record(attempt) for attempt in (first, rival, other)), return_exceptions=True
        )

    with open_ledger(tmp_path, "run") as ledger:
        gathered = GatheredLedger(ledger)
        outcomes = asyncio.run(all_three())

        assert [type(outcome) for outcome in outcomes] == [Attempt, StateError, Attempt]
        assert ledger.newest([other.fingerprint]) == {other.fingerprint: other}
        assert ledger.newest([first.fingerprint]) == {first.fingerprint: first}


def test_a_row_gets_to_the_disk_although_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    attempt = make_attempt()

    async def give_up() -> None:
        recording = asyncio.create_task(gathered.record(attempt))
        await asyncio.sleep(0)
        recording.cancel()
        with pytest.raises(asyncio.CancelledError):
            await recording
        await gathered.record(make_attempt("after"))

    with open_ledger(tmp_path, "run") as ledger:
        gathered = GatheredLedger(ledger)
        asyncio.run(give_up())

        assert ledger.newest([attempt.fingerprint]) == {attempt.fingerprint: attempt}


class Cut:
    """A ledger whose database cannot be reached at first; `alive` says whether its lease is good."""

    def __init__(self, ledger: Ledger, failures: int, *, alive: bool = True) -> None:
        self._ledger = ledger
        self._failures = failures
        self._alive = alive

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def may_submit(self) -> bool:
        return self._alive

    @contextmanager
    def together(self) -> Iterator[None]:
        if self._failures:
            self._failures -= 1
            raise Unreachable("cannot use the ledger: no route to host")
        with self._ledger.together():
            yield


def test_a_database_that_cannot_be_reached_is_tried_until_it_can_and_that_is_said(tmp_path: Path) -> None:
    said: list[str] = []

    async def record() -> Attempt:
        return await GatheredLedger(Cut(ledger, failures=2), said.append).record(make_attempt())  # type: ignore[arg-type]

    with open_ledger(tmp_path, "run") as ledger:
        assert asyncio.run(record()) == make_attempt()
        assert ledger.recorded("request-walk") == make_attempt()

    assert said == ["cannot use the ledger: no route to host; trying again"] * 2


def test_an_outage_of_a_night_is_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cogvid_pipeline.state.gathered._LONGEST_PAUSE", 0)

    async def record() -> Attempt:
        return await GatheredLedger(Cut(ledger, failures=2000)).record(make_attempt())  # type: ignore[arg-type]

    with open_ledger(tmp_path, "run") as ledger:
        assert asyncio.run(record()) == make_attempt()


def test_in_a_hurry_all_is_given_up_that_cannot_be_written_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogvid_pipeline.state.gathered._GRACE", 2)
    intent = make_unfinished("other", State.INTENT)

    async def both() -> list[object]:
        gathered = GatheredLedger(Cut(ledger, failures=2000))  # type: ignore[arg-type]
        writing = asyncio.gather(
            gathered.intend(intent), gathered.record(make_attempt()), return_exceptions=True
        )
        await asyncio.sleep(0.1)
        gathered.hurry()
        later = await asyncio.gather(gathered.record(make_attempt("later")), return_exceptions=True)
        return [*await writing, *later]

    with open_ledger(tmp_path, "run") as ledger:
        intended, recorded, later = asyncio.run(both())

        assert isinstance(intended, Unreachable)
        assert "could not be told in time" in f"{recorded}" == f"{later}"
        assert list(ledger.in_states(State)) == []


def test_in_a_hurry_what_can_be_written_is_written(tmp_path: Path) -> None:
    async def record() -> Attempt:
        gathered = GatheredLedger(Cut(ledger, failures=1))  # type: ignore[arg-type]
        gathered.hurry()
        return await gathered.record(make_attempt())

    with open_ledger(tmp_path, "run") as ledger:
        assert asyncio.run(record()) == make_attempt()
        assert ledger.recorded("request-walk") == make_attempt()


def test_a_question_is_asked_until_it_can_be(tmp_path: Path) -> None:
    answers = iter([Unreachable("cannot use the ledger: gone"), 7])
    said: list[str] = []

    def question() -> object:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with open_ledger(tmp_path, "run") as ledger:
        assert asyncio.run(GatheredLedger(ledger, said.append).ask(question)) == 7

    assert said == ["cannot use the ledger: gone; trying again"]


@pytest.mark.parametrize("alive", [True, False])
def test_an_intent_is_given_up_when_others_may_take_the_run_for_dead(tmp_path: Path, alive: bool) -> None:
    async def both() -> list[object]:
        gathered = GatheredLedger(Cut(ledger, failures=1, alive=alive))  # type: ignore[arg-type]
        intent = make_unfinished("other", State.INTENT)
        return await asyncio.gather(
            gathered.intend(intent), gathered.record(make_attempt()), return_exceptions=True
        )

    with open_ledger(tmp_path, "run") as ledger:
        intended, recorded = asyncio.run(both())

    assert intended is None if alive else isinstance(intended, Unreachable)
    assert recorded == make_attempt()


def test_room_and_what_another_run_has_are_handed_on(tmp_path: Path) -> None:
    held = make_unfinished("held", State.HELD)

    async def ask() -> list[object]:
        gathered = GatheredLedger(mine)
        await gathered.take_over(make_unfinished("theirs"))
        full = await gathered.intend(make_unfinished("more", State.INTENT, account="a"), room=0)
        return [full, await gathered.intend_again(held), await gathered.intend_again(held)]

    with open_ledger(tmp_path, "one") as theirs, open_ledger(tmp_path, "two") as mine:
        theirs.record(make_unfinished("theirs", account="a"))

        assert asyncio.run(ask()) == [Full(1), None, None]

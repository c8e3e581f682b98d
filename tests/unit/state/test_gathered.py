"""Many takes that record at once share a commit, and none suffers for another's mistake."""

import asyncio
from pathlib import Path

import pytest

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, State
from cogvid_pipeline.state.gathered import GatheredLedger
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

"""What the shared store says is used, and never counts for more than what the ledger knows."""

from dataclasses import replace

import pytest

from cogvid_pipeline.engine.outcome import Done, Failed
from cogvid_pipeline.model.attempt import Attempt, State
from tests.boards import attempt, shot, storyboard
from tests.stage import Stage, url_of

CAT = shot("cat", "A cat plays.")
DOG = shot("dog", "A dog plays.")


@pytest.fixture(params=[True, False], ids=["planned", "found late"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """With a store that was asked for the plan already, or only right before something is bought."""
    stage = Stage(storyboard(CAT))
    stage.asked_when_planning = request.param
    return stage


def of_a_colleague(request_id: str, task_id: str = "their task") -> Attempt:
    return replace(attempt(CAT, request_id=request_id), task_id=task_id, url=url_of("theirs"))


def test_a_colleagues_clip_is_used_and_the_ledger_knows_of_it(stage: Stage) -> None:
    theirs = of_a_colleague("theirs")
    stage.colleagues.have(theirs)

    report = stage.apply()

    assert isinstance(report.outcomes["cat"], Done)
    assert stage.posts == []
    assert stage.ledger.rows == {"theirs": stage.book.entries["cat"].result}


@pytest.mark.parametrize("state", [State.FAILED, State.RELEASED, State.REFUSED])
def test_what_the_ledger_knows_of_the_same_attempt_stands(stage: Stage, state: State) -> None:
    """It may be ours, and a record can claim anything; its clip will do all the same."""
    ours = replace(attempt(CAT, request_id="ours"), state=state, clip=None)
    stage.ledger.rows["ours"] = ours
    stage.colleagues.have(of_a_colleague("ours"))

    report = stage.apply()

    assert isinstance(report.outcomes["cat"], Done)
    assert stage.posts == []
    assert stage.ledger.rows == {"ours": ours}


def test_a_live_attempt_at_something_else_cannot_be_claimed(stage: Stage) -> None:
    ours = replace(attempt(DOG, request_id="ours"), state=State.ACCEPTED, clip=None, task_id="our task")
    stage.ledger.rows["ours"] = ours
    stage.colleagues.have(of_a_colleague("ours", "our task"))

    report = stage.apply()

    failed = report.outcomes["cat"]
    assert isinstance(failed, Failed)
    assert "the shared store says that 'ours' was an attempt at this" in failed.reason
    assert stage.posts == []
    assert stage.ledger.rows == {"ours": ours}
    assert "cat" not in stage.book.entries


def test_a_live_attempt_with_the_same_task_stays_as_it_is(stage: Stage) -> None:
    ours = replace(attempt(DOG, request_id="ours"), state=State.ACCEPTED, clip=None, task_id="our task")
    stage.ledger.rows["ours"] = ours
    stage.colleagues.have(of_a_colleague("theirs", "our task"))

    stage.apply()

    assert stage.ledger.rows["ours"] == ours

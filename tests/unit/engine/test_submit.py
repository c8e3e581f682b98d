"""One request is accepted at most once, whatever the vendor says."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from cogvid_pipeline.engine.outcome import Failed, Held
from cogvid_pipeline.engine.post import Submitted
from cogvid_pipeline.engine.run import Run
from cogvid_pipeline.engine.submit import submit
from cogvid_pipeline.model.attempt import Attempt, State
from cogvid_pipeline.model.wire import (
    Accepted,
    Closed,
    Duplicate,
    NotAccepted,
    Refused,
    Submission,
    TaskSucceeded,
    Uncertain,
    Verdict,
)
from tests.boards import attempt, shot, storyboard
from tests.stage import Stage, with_run

CAT = shot("cat", "A cat plays.")
WANTED = attempt(CAT, State.INTENT, request_id="", task_id="")
SUBMISSION = Submission("", "cat", 1, "cogvideox-3", "A cat plays.", (), {})
UNREACHABLE = NotAccepted("no route to host", reached=False)
BUSY = NotAccepted("too many requests")


def submitted(stage: Stage, *verdicts: Verdict, **options: Any) -> Submitted | Failed | Held:
    stage.vendor.submits(*verdicts)
    return with_run(stage, lambda run: submit_one(run, stage, WANTED), **options)


async def submit_one(run: Run, stage: Stage, wanted: Attempt) -> Submitted | Failed | Held:
    with run.window.visit() as visit:
        return await submit(run, stage.vendor, wanted, SUBMISSION, visit)


async def twenty(run: Run, stage: Stage) -> list[object]:
    """Submit twenty different requests at once."""
    wanted = (attempt(shot("s", f"Shot {n}"), State.INTENT) for n in range(20))
    return await asyncio.gather(*(submit_one(run, stage, one) for one in wanted))


@pytest.fixture
def stage() -> Stage:
    return Stage(storyboard(CAT))


def test_an_accepted_task_has_its_id_and_the_request_id_that_was_sent(stage: Stage) -> None:
    end = submitted(stage, Accepted("task-7"))

    assert isinstance(end, Submitted)
    assert (end.attempt.state, end.attempt.task_id) == (State.ACCEPTED, "task-7")
    assert end.attempt.request_id == stage.vendor.sent[0].request_id == "request-1"
    assert end.attempt == stage.ledger.rows["request-1"]


def test_an_answer_that_carries_the_clip_is_handed_on(stage: Stage) -> None:
    done = TaskSucceeded("https://static.example.com/a.mp4")

    assert submitted(stage, Accepted("task-7", done)) == Submitted(
        stage.ledger.rows["request-1"], Accepted("task-7", done)
    )


@pytest.mark.parametrize("verdict", [Uncertain("lost"), Duplicate("you have one already")])
def test_doubt_is_recorded_and_not_repeated(stage: Stage, verdict: Uncertain | Duplicate) -> None:
    end = submitted(stage, verdict)

    assert isinstance(end, Held)
    assert end.attempt == stage.ledger.rows["request-1"]
    assert (end.attempt.state, end.attempt.error) == (State.HELD, verdict.reason)
    assert len(stage.posts) == 1


def test_a_refusal_is_recorded_and_not_repeated(stage: Stage) -> None:
    end = submitted(stage, Refused("unsafe", "reword it"))

    assert end == Failed("unsafe", "reword it", stage.ledger.rows["request-1"])
    assert stage.ledger.rows["request-1"].state is State.REFUSED
    assert len(stage.posts) == 1


def test_a_closed_account_closes_the_run(stage: Stage) -> None:
    end = submitted(stage, Closed("no balance", "top up"))

    assert end == Failed("no balance", "top up")
    assert stage.run is not None
    assert (stage.run.closed, stage.run.closed_hint) == ("no balance", "top up")
    assert stage.ledger.rows["request-1"].state is State.REFUSED


def test_what_was_not_accepted_is_tried_again_with_a_request_id_of_its_own(stage: Stage) -> None:
    end = submitted(stage, BUSY, BUSY)

    assert isinstance(end, Submitted)
    assert [sent.request_id for sent in stage.vendor.sent] == ["request-1", "request-2", "request-3"]
    states = [row.state for row in stage.ledger.rows.values()]
    assert states == [State.REFUSED, State.REFUSED, State.ACCEPTED]
    assert stage.told("waiting") == ["cat"] * 4


def test_each_try_is_recorded_before_the_next_one_leaves(stage: Stage) -> None:
    submitted(stage, BUSY)

    assert stage.effects == [
        "intend request-1",
        "post request-1",
        "record request-1 refused",
        "intend request-2",
        "post request-2",
        "record request-2 accepted",
    ]


def test_retry_after_is_kept(stage: Stage) -> None:
    submitted(stage, NotAccepted("busy", retry_after=40))

    assert 42 <= stage.seconds < 43


def test_a_vendor_that_cannot_be_reached_four_times_is_given_up(stage: Stage) -> None:
    end = submitted(stage, *[UNREACHABLE] * 9)

    assert isinstance(end, Failed)
    assert end.reason == "no route to host"
    assert end.attempt is None
    assert len(stage.posts) == 4
    assert stage.run is not None
    assert stage.run.may_submit()


def test_only_failures_in_a_row_count(stage: Stage) -> None:
    end = submitted(stage, *[UNREACHABLE] * 3, BUSY, *[UNREACHABLE] * 3)

    assert isinstance(end, Submitted)


def test_a_rate_limit_beyond_patience_ends_the_run_for_all(stage: Stage) -> None:
    end = submitted(stage, *[BUSY] * 99, patience=100)

    assert isinstance(end, Failed)
    assert end.reason == "not submitted: too many requests"
    assert "nothing was bought" in end.hint
    assert 50 < stage.seconds <= 120
    assert stage.run is not None
    assert not stage.run.may_submit()


def test_a_pause_beyond_patience_is_not_waited_for(stage: Stage) -> None:
    end = submitted(stage, NotAccepted("come back tomorrow", retry_after=86_400), patience=600)

    assert isinstance(end, Failed)
    assert stage.seconds < 2


def test_a_run_that_is_closed_meanwhile_sends_nothing_and_waits_for_nothing(stage: Stage) -> None:
    stage.when["waiting"] = lambda run: run.close("no balance", "top up")

    end = submitted(stage, NotAccepted("busy", retry_after=300))

    assert end == Failed("not submitted: no balance", "top up")
    assert len(stage.posts) == 1
    assert stage.seconds < 2


def test_a_run_that_is_closed_while_the_intent_is_written_sends_nothing(stage: Stage) -> None:
    intend = stage.ledger.intend

    async def close_meanwhile(wanted: Any, **rest: Any) -> Any:
        assert stage.run is not None
        stage.run.close("no balance", "top up")
        return await intend(wanted, **rest)

    stage.ledger.intend = close_meanwhile  # type: ignore[method-assign]

    assert submitted(stage) == Failed("not submitted: no balance", "top up")
    assert stage.effects == ["intend request-1", "record request-1 refused"]


def test_a_run_that_is_closed_while_others_wait_for_their_turn_sends_nothing_of_theirs(stage: Stage) -> None:
    stage.vendor.submits(Closed("no balance"))

    ends = with_run(stage, lambda run: twenty(run, stage), jobs=20)

    assert len(stage.posts) == len(stage.ledger.rows) == 8
    assert ends.count(Failed("not submitted: no balance")) == 12


def test_a_rate_limit_leaves_fewer_in_hand_until_the_vendor_takes_them_again(stage: Stage) -> None:
    sizes: list[int] = []

    def note(_: Submission) -> None:
        assert stage.run is not None
        sizes.append(stage.run.window.size)

    stage.vendor.on_post = note
    stage.vendor.submits(*[NotAccepted("busy", retry_after=100)] * 8)

    with_run(stage, lambda run: twenty(run, stage), jobs=20)

    assert max(sizes[:8]) == 20
    assert min(sizes[8:]) == 9
    assert stage.run is not None
    assert stage.run.window.size == 20


def test_who_waited_for_a_turn_keeps_to_what_the_vendor_asked_for_meanwhile(stage: Stage) -> None:
    times: list[float] = []
    stage.vendor.on_post = lambda _: times.append(asyncio.get_running_loop().time())
    stage.vendor.submits(*[NotAccepted("busy", retry_after=100)] * 8)

    with_run(stage, lambda run: twenty(run, stage), jobs=20)

    assert len(times) == 28
    assert max(times[:8]) < 1
    assert min(times[8:]) > 100


def test_a_live_attempt_is_what_one_gets_instead_of_a_second_one(stage: Stage) -> None:
    theirs = attempt(CAT, State.ADOPTED, request_id="theirs")
    stage.ledger.rows["theirs"] = theirs

    assert submitted(stage) == Submitted(theirs, None)
    assert stage.effects == []


def test_what_another_run_has_finished_meanwhile_is_what_one_gets_instead_of_a_second_one(
    stage: Stage,
) -> None:
    theirs = attempt(CAT, State.SUCCEEDED, request_id="theirs")
    stage.ledger.rows["theirs"] = theirs

    assert submitted(stage) == Submitted(theirs, None)
    assert stage.effects == []


def test_a_held_attempt_is_what_one_gets_instead_of_a_second_one(stage: Stage) -> None:
    theirs = attempt(CAT, State.HELD, request_id="theirs")
    stage.ledger.rows["theirs"] = theirs

    assert submitted(stage) == Held(theirs)
    assert stage.effects == []


def test_what_another_run_is_submitting_is_waited_for(stage: Stage) -> None:
    theirs = attempt(CAT, State.INTENT, request_id="theirs", error="another cogvid is submitting it")
    stage.ledger.rows["theirs"] = theirs
    stage.ledger.alive.add("theirs")
    accepted = replace(theirs, state=State.ACCEPTED)
    stage.when["waiting"] = lambda _: stage.ledger.rows.update(theirs=accepted)

    assert submitted(stage) == Submitted(accepted, None)
    assert stage.events[0].details == {"reason": "another cogvid is submitting it"}
    assert stage.effects == []


def test_what_another_run_submitted_in_vain_is_submitted(stage: Stage) -> None:
    theirs = attempt(CAT, State.INTENT, request_id="theirs")
    stage.ledger.rows["theirs"] = theirs
    stage.ledger.alive.add("theirs")
    stage.when["waiting"] = lambda _: stage.ledger.rows.update(theirs=replace(theirs, state=State.REFUSED))

    assert isinstance(submitted(stage), Submitted)
    assert len(stage.posts) == 1


def test_other_runs_leave_room_before_anything_is_submitted(stage: Stage) -> None:
    stage.ledger.others = 4
    stage.when["waiting"] = lambda _: setattr(stage.ledger, "others", 3)

    assert isinstance(submitted(stage, jobs=4), Submitted)
    assert stage.events[0].details == {"reason": "other runs have 4 tasks of this account in hand"}
    assert stage.told("waiting") == ["cat"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [(State.HELD, Held), (State.RELEASED, Failed), (State.ACCEPTED, Submitted), (State.SUCCEEDED, Submitted)],
)
def test_where_another_run_has_settled_the_attempt_meanwhile_its_word_counts(
    stage: Stage, state: State, expected: type
) -> None:
    settled = attempt(CAT, state, request_id="request-1")
    stage.ledger.elsewhere["request-1"] = settled

    end = submitted(stage, NotAccepted("paused", reached=False))

    assert isinstance(end, expected)
    assert end.attempt == settled
    assert len(stage.posts) == 1

"""Where the vendor knows request ids, a lost answer is asked for again, and nothing is bought twice."""

from dataclasses import asdict, dataclass, replace
from itertools import chain, repeat

import pytest

from cogvid_pipeline.engine.inputs import make_submission
from cogvid_pipeline.engine.outcome import Held
from cogvid_pipeline.engine.post import Submitted
from cogvid_pipeline.engine.repeat import go_on
from cogvid_pipeline.engine.retry import is_repeatable
from cogvid_pipeline.engine.run import Run
from cogvid_pipeline.model.attempt import Attempt, State
from cogvid_pipeline.model.shot import Fit, ImageData, ShotFrame, takes_of
from cogvid_pipeline.model.wire import (
    Accepted,
    Closed,
    Duplicate,
    ImageBytes,
    NotAccepted,
    PollDenied,
    PollFailed,
    Refused,
    Submission,
    TaskUnknown,
    Uncertain,
    Verdict,
)
from tests.boards import attempt, shot, storyboard
from tests.stage import EPOCH, ScriptedVendor, Stage, with_run
from tests.unit.engine.test_submit import submitted

CAT = shot("cat", "A cat plays.")
SUBMISSION = Submission("", "cat", 1, "cogvideox-3", "A cat plays.", (), {})
LOST = Uncertain("no answer")
DUPLICATE = Duplicate("you have one already")
Found = Accepted | TaskUnknown | PollFailed | PollDenied


@dataclass
class Repeatable(ScriptedVendor):
    """Knows request ids; `founds` are the answers to questions for a task by its request id."""

    name: str = "bigmodel"
    founds: tuple[Found, ...] = ()
    account: str = "mine"

    def seal(self, submission: Submission) -> str:
        return f"{self.account} {asdict(submission)}"

    async def find(self, request_id: str) -> Found:
        self.effects.append(f"find {request_id}")
        first, *rest = self.founds
        self.founds = (*rest, first)
        return first


@pytest.fixture
def stage() -> Stage:
    stage = Stage(storyboard(CAT))
    stage.vendor = Repeatable(stage.effects)
    return stage


def held(stage: Stage, **fields: str) -> Attempt:
    """What an earlier run left behind two minutes ago."""
    sent = replace(SUBMISSION, request_id="earlier")
    seal = stage.vendor.seal(sent)  # type: ignore[attr-defined]
    made = {"seal": seal, "created_at": "2026-09-21T14:11:20+00:00", "request_id": "earlier", **fields}
    row = attempt(CAT, State.HELD, task_id="", own=True, **made)
    stage.ledger.rows["earlier"] = row
    return row


def gone_on(stage: Stage, row: Attempt, *verdicts: Verdict) -> Submitted | Held:
    stage.vendor.submits(*verdicts)
    return with_run(stage, lambda run: go_on(run, stage.vendor, row, SUBMISSION))


@pytest.mark.parametrize("prepared", [b"picture to crop 1920x1080", b"what an older library made of it"])
def test_a_prepared_picture_is_sent_again_only_if_it_comes_out_the_same(
    stage: Stage, prepared: bytes
) -> None:
    picture = ImageData("sha256:0", "image/png", b"picture", Fit("crop", "1920x1080"))
    cat = takes_of(replace(CAT, images=(picture,)))[0]
    sent = replace(SUBMISSION, request_id="earlier", images=(ImageBytes(prepared, "image/png"),))
    row = held(stage, seal=stage.vendor.seal(sent))  # type: ignore[attr-defined]

    async def work(run: Run) -> Submitted | Held:
        ports = run.ports
        submission = await make_submission(cat, ports.read_image, unread, ports.fit_picture)
        return await go_on(run, stage.vendor, row, submission)

    async def unread(frame: ShotFrame) -> tuple[bytes, str]:
        raise NotImplementedError

    same = prepared == b"picture to crop 1920x1080"
    assert isinstance(with_run(stage, work), Submitted if same else Held)
    assert stage.posts == (["post earlier"] if same else [])


def test_a_lost_answer_is_asked_for_again_under_the_same_request_id(stage: Stage) -> None:
    end = submitted(stage, LOST, LOST, Accepted("task-7"))

    assert isinstance(end, Submitted)
    assert end.attempt == stage.ledger.rows["request-1"]
    assert (end.attempt.state, end.attempt.task_id, end.attempt.error) == (State.ACCEPTED, "task-7", "")
    assert len(set(map(str, stage.vendor.sent))) == 1
    assert stage.effects == [
        "intend request-1",
        "post request-1",
        "record request-1 held",
        "post request-1",
        "record request-1 held",
        "post request-1",
        "record request-1 accepted",
    ]


def test_what_was_accepted_earlier_is_found_by_its_request_id(stage: Stage) -> None:
    stage.vendor.founds = (Accepted("task-7"),)  # type: ignore[attr-defined]

    end = submitted(stage, LOST, DUPLICATE)

    assert isinstance(end, Submitted)
    assert stage.ledger.rows["request-1"].task_id == "task-7"
    assert stage.effects[-2:] == ["find request-1", "record request-1 accepted"]


@pytest.mark.parametrize(
    "verdict", [NotAccepted("busy"), NotAccepted("no route", reached=False), NotAccepted("later", 3.5)]
)
def test_a_repetition_that_is_turned_away_leaves_the_doubt_and_is_made_once_more(
    stage: Stage, verdict: NotAccepted
) -> None:
    end = submitted(stage, LOST, verdict, Accepted("task-7"))

    assert isinstance(end, Submitted)
    states = [effect.split()[-1] for effect in stage.effects if effect.startswith("record")]
    assert states == ["held", "held", "accepted"]


@pytest.mark.parametrize("verdict", [Refused("unsafe"), Closed("no balance")])
def test_a_repetition_that_is_refused_is_held_because_the_first_may_have_been_accepted(
    stage: Stage, verdict: Refused | Closed
) -> None:
    end = submitted(stage, LOST, verdict)

    assert end == Held(stage.ledger.rows["request-1"])
    assert stage.ledger.rows["request-1"].state is State.HELD
    assert len(stage.posts) == 2
    assert stage.run is not None
    assert stage.run.may_submit() is isinstance(verdict, Refused)


def test_it_is_not_asked_for_ever(stage: Stage) -> None:
    end = submitted(stage, *[LOST] * 99)

    assert isinstance(end, Held)
    assert len(stage.posts) == 7
    assert stage.seconds < 120


def test_nothing_is_repeated_when_ten_minutes_have_passed(stage: Stage) -> None:
    end = submitted(stage, LOST, NotAccepted("busy", retry_after=700), patience=9999)

    assert isinstance(end, Held)
    assert len(stage.posts) == 2


@pytest.mark.parametrize("trouble", [PollFailed("no answer"), TaskUnknown("not yet")])
def test_a_task_that_is_not_found_at_once_is_asked_for_again(stage: Stage, trouble: Found) -> None:
    stage.vendor.founds = (trouble, Accepted("task-7"))  # type: ignore[attr-defined]

    assert isinstance(submitted(stage, DUPLICATE), Submitted)


def test_a_task_that_is_unknown_twice_is_held_and_not_asked_for_by_later_runs(stage: Stage) -> None:
    stage.vendor.founds = (TaskUnknown("no such task"),)  # type: ignore[attr-defined]

    end = submitted(stage, DUPLICATE)

    row = stage.ledger.rows["request-1"]
    assert end == Held(row)
    assert stage.effects.count("find request-1") == 2
    assert not is_repeatable(row, EPOCH)


@pytest.mark.parametrize("trouble", [PollFailed("no answer"), PollDenied("wrong key")])
def test_a_task_that_cannot_be_asked_for_is_held_for_a_later_run(stage: Stage, trouble: Found) -> None:
    stage.vendor.founds = (trouble,)  # type: ignore[attr-defined]

    assert isinstance(submitted(stage, DUPLICATE), Held)
    assert is_repeatable(stage.ledger.rows["request-1"], EPOCH + 60)


def test_a_run_goes_on_with_what_an_earlier_one_left_in_doubt(stage: Stage) -> None:
    end = gone_on(stage, held(stage))

    assert isinstance(end, Submitted)
    assert stage.effects == ["post earlier", "record earlier accepted"]


def test_a_run_insists_on_what_an_earlier_one_left_in_doubt(stage: Stage) -> None:
    assert isinstance(gone_on(stage, held(stage), LOST, LOST), Submitted)


@pytest.mark.parametrize(
    "fields",
    [
        {"seal": "mine, but other bytes"},
        {"seal": ""},
        {"created_at": "2026-09-21T14:00:00+00:00"},
        {"created_at": "2026-09-21T14:14:00+00:00"},
        {"created_at": "some time ago"},
    ],
    ids=["other bytes", "no seal", "too long ago", "in the future", "no time"],
)
def test_what_is_not_the_very_same_or_not_recent_is_never_sent_again(
    stage: Stage, fields: dict[str, str]
) -> None:
    row = held(stage, **fields)

    assert gone_on(stage, row) == Held(row)
    assert stage.posts == []


def test_with_another_key_nothing_is_sent_again(stage: Stage) -> None:
    row = held(stage)
    stage.vendor.account = "another"  # type: ignore[attr-defined]

    assert gone_on(stage, row) == Held(row)
    assert stage.posts == []


def test_a_vendor_without_request_ids_is_never_asked_again() -> None:
    stage = Stage(storyboard(CAT))
    stage.vendor.submits(*chain([LOST], repeat(LOST, 3)))

    assert isinstance(
        with_run(stage, lambda run: go_on(run, stage.vendor, held_at_geekai(), SUBMISSION)), Held
    )
    assert stage.posts == []


def held_at_geekai() -> Attempt:
    return attempt(CAT, State.HELD, task_id="", created_at="2026-09-21T14:11:20+00:00", seal="x")


def test_a_run_that_is_stopped_while_it_waits_sends_nothing_more(stage: Stage) -> None:
    stage.when["waiting"] = lambda run: run.stop()
    stage.vendor.submits(LOST)

    report = stage.apply()

    assert report.interrupted
    assert len(stage.posts) == 1
    assert stage.ledger.rows["request-1"].state is State.HELD

"""Takes carried out one by one, and shots that wait for others without a frame of them."""

from dataclasses import replace

import pytest

from cogvid_pipeline.engine.outcome import Blocked, Done
from cogvid_pipeline.model.attempt import State
from cogvid_pipeline.model.shot import ShotFrame
from cogvid_pipeline.model.wire import Accepted, Refused, Uncertain
from tests.boards import attempt, clip, locked, shot, storyboard
from tests.stage import Stage

CAT = shot("cat", "A cat plays.")
DOG = replace(shot("dog", "A dog plays."), depends_on=("cat",))


def test_each_take_has_its_submission_its_entry_its_clip_and_its_events() -> None:
    stage = Stage(storyboard(replace(CAT, takes=3)))

    report = stage.apply(jobs=1)

    assert report.names(Done) == ["cat", "cat@2", "cat@3"]
    assert [(sent.shot, sent.take, sent.prompt) for sent in stage.vendor.sent] == [
        ("cat", 1, "A cat plays."),
        ("cat", 2, "A cat plays."),
        ("cat", 3, "A cat plays."),
    ]
    assert len({row.fingerprint for row in stage.ledger.rows.values()}) == 3
    assert list(stage.book.entries) == list(stage.shelf.placed) == ["cat", "cat@2", "cat@3"]
    submitted = [(event.shot, event.take) for event in stage.events if event.event == "submitted"]
    assert submitted == [("cat", 1), ("cat", 2), ("cat", 3)]


def test_one_take_can_fail_and_is_bought_alone_the_next_time() -> None:
    stage = Stage(storyboard(replace(CAT, takes=3)))
    stage.vendor.submits(Accepted("task-1"), Refused("no"))

    stage.apply(jobs=1)
    assert stage.told("failed") == ["cat@2"]
    stage.apply()

    assert stage.told("submitted") == ["cat@2"]
    assert len(stage.vendor.sent) == 4


def test_a_frame_comes_from_the_clip_of_the_take_that_is_named() -> None:
    nap = replace(shot("nap", "It sleeps."), images=(ShotFrame("cat", "last", 2),))
    stage = Stage(storyboard(nap, replace(CAT, takes=2)))

    stage.apply()

    second = stage.book.entries["cat@2"].result.clip.sha256
    assert [image.data for image in stage.vendor.sent[-1].images] == [f"last of {second}".encode()]
    assert stage.book.entries["nap"].result.request["image"] == [f"frame:sha256:{second}:last"]


def test_takes_that_are_no_longer_wanted_are_forgotten_by_their_number() -> None:
    stage = Stage(storyboard(CAT), locked(**{"cat@2": attempt(CAT, take=2)}))

    stage.apply()

    (forgotten,) = [event for event in stage.events if event.event == "forgotten"]
    assert (forgotten.shot, forgotten.take) == ("cat", 2)
    assert list(stage.book.entries) == ["cat"]


def test_a_frozen_clip_stays_and_what_hangs_on_it_is_made_from_it() -> None:
    frozen = replace(CAT, prompt="Another cat.", freeze=True)
    nap = shot("nap", "It sleeps.", after="cat")
    stage = Stage(storyboard(frozen, nap), locked(cat=attempt(CAT)))
    stage.shelf.has(attempt(CAT), "cat")

    stage.apply()

    assert [sent.shot for sent in stage.vendor.sent] == ["nap"]
    made_from = stage.book.entries["nap"].result.request["image"]
    assert made_from == [f"frame:sha256:{clip('cat').sha256}:last"]


# --- depends_on ---------------------------------------------------------------------------------------


def test_a_shot_is_submitted_when_what_it_depends_on_has_its_clip() -> None:
    stage = Stage(storyboard(DOG, CAT))

    stage.apply()

    assert stage.effects.index("record request-1 succeeded") < stage.effects.index("post request-2")
    assert stage.vendor.sent[1].images == ()


def test_a_shot_waits_for_all_takes_and_for_all_shots_of_a_matrix() -> None:
    late = replace(shot("late", "It is late."), depends_on=("sky", "cat"))
    skies = [shot(f"sky.{time}", f"The sky at {time}.") for time in ("dawn", "dusk")]
    stage = Stage(storyboard(late, *skies, replace(CAT, takes=2)))

    stage.apply(jobs=9)

    assert {sent.name for sent in stage.vendor.sent[:4]} == {"sky.dawn", "sky.dusk", "cat", "cat@2"}
    assert stage.vendor.sent[4].name == "late"


@pytest.mark.parametrize("verdict", [Refused("no"), Uncertain("who knows")])
def test_what_depends_on_a_shot_without_a_clip_is_blocked(verdict: Refused | Uncertain) -> None:
    stage = Stage(storyboard(DOG, replace(CAT, takes=2), shot("nap", "It sleeps.", after="dog")))
    stage.vendor.submits(Accepted("task-1"), verdict)

    report = stage.apply(jobs=1)

    assert report.outcomes["dog"] == Blocked("cat@2")
    assert report.outcomes["nap"] == Blocked("dog")
    assert stage.told("blocked") == ["dog", "nap"]
    assert len(stage.posts) == 2


def test_what_is_there_already_waits_for_nothing() -> None:
    stage = Stage(storyboard(CAT, DOG), locked(dog=attempt(DOG)))
    stage.shelf.has(attempt(DOG))
    stage.vendor.submits(Refused("no"))

    report = stage.apply()

    assert isinstance(report.outcomes["dog"], Done)
    assert isinstance(stage.apply().outcomes["dog"], Done)


def test_a_task_that_is_out_is_waited_for_though_its_shot_depends_on_another() -> None:
    stage = Stage(storyboard(CAT, DOG), locked(dog=attempt(DOG, State.ACCEPTED)))
    stage.vendor.submits(Refused("no"))

    report = stage.apply()

    assert isinstance(report.outcomes["dog"], Done)


def test_equal_shots_of_which_one_depends_on_the_other_share_a_clip_and_come_to_an_end() -> None:
    twin = replace(CAT, name="twin", depends_on=("cat",))
    stage = Stage(storyboard(twin, CAT))

    report = stage.apply()

    assert report.names(Done) == ["twin", "cat"]
    assert len(stage.posts) == 1

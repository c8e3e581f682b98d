"""Plans of shots that have several takes or a matrix, are frozen or protected, or wait for others."""

from dataclasses import replace

import pytest

from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.attempt import LockEntry, State
from cogvid_pipeline.model.plan import (
    Fetch,
    Forget,
    Generate,
    Keep,
    Plan,
    Regenerate,
    Resume,
    Reuse,
    Share,
)
from cogvid_pipeline.model.shot import Shot, ShotFrame
from cogvid_pipeline.plan.fingerprint import fingerprint, make_request
from cogvid_pipeline.plan.graph import upstream_first
from cogvid_pipeline.plan.names import TakeNames
from cogvid_pipeline.plan.protect import check_protected
from cogvid_pipeline.report.plan_text import plan_text
from tests.boards import DEFAULTS, attempt, clip, locked, plan_for, shot, storyboard

CAT = shot("cat")
CATS = replace(CAT, takes=3)


def kinds(plan: Plan) -> dict[str, type]:
    return {action.name: type(action) for action in plan.actions}


def changed(one: Shot) -> Shot:
    return replace(one, prompt="A dog plays.")


# --- takes --------------------------------------------------------------------------------------------


def test_each_take_is_generated_and_paid_for() -> None:
    plan = plan_for(storyboard(CATS))

    assert kinds(plan) == {"cat": Generate, "cat@2": Generate, "cat@3": Generate}
    assert len({action.fingerprint for action in plan.actions}) == 3  # type: ignore[union-attr]
    assert str(plan.cost) == "3.00 CNY"


def test_the_first_take_asks_for_what_the_shot_alone_would_and_others_have_their_number() -> None:
    one, two = (make_request(CAT, lambda _: None, take) for take in (1, 2))

    assert one == make_request(CAT, lambda _: None)
    assert two == {**one, "take": 2}
    assert fingerprint(one, DEFAULTS) != fingerprint(two, DEFAULTS)


def test_more_takes_are_bought_and_fewer_are_forgotten() -> None:
    lock = locked(**{"cat": attempt(CAT), "cat@2": attempt(CAT, take=2)})

    assert kinds(plan_for(storyboard(CATS), lock)) == {"cat": Keep, "cat@2": Keep, "cat@3": Generate}
    assert kinds(plan_for(storyboard(CAT), lock)) == {"cat": Keep, "cat@2": Forget}


def test_takes_of_equal_shots_are_shared_one_by_one() -> None:
    plan = plan_for(storyboard(CATS, replace(CATS, name="twin", takes=2)))

    shared = [(action.name, action.of) for action in plan.actions if isinstance(action, Share)]
    assert shared == [("twin", "cat"), ("twin@2", "cat@2")]


def test_a_renamed_shot_keeps_each_of_its_takes() -> None:
    lock = locked(**{"cat": attempt(CAT), "cat@2": attempt(CAT, take=2)})

    plan = plan_for(storyboard(replace(CAT, name="kitten", takes=2)), lock)

    assert kinds(plan) == {"kitten": Reuse, "kitten@2": Reuse, "cat": Forget, "cat@2": Forget}
    assert [action.attempt.clip for action in plan.actions if isinstance(action, Reuse)] == [
        clip("cat"),
        clip("cat@2"),
    ]


def test_a_frame_is_taken_from_the_take_that_is_named_or_picked() -> None:
    nap = replace(shot("nap", "It sleeps."), images=(ShotFrame("cat", "last", 2),))
    lock = locked(
        **{"cat": attempt(CAT), "cat@2": attempt(CAT, take=2), "nap": attempt(nap, after=clip("cat@2"))}
    )

    assert kinds(plan_for(storyboard(replace(CAT, takes=2), nap), lock))["nap"] is Keep
    other = replace(nap, images=(ShotFrame("cat", "last", 1),))
    plan = plan_for(storyboard(replace(CAT, takes=2), other), lock)
    assert plan.actions[2].reason == "image changed"


def test_a_frame_of_a_take_that_is_to_be_made_is_known_after_apply() -> None:
    nap = replace(shot("nap", "It sleeps."), images=(ShotFrame("cat", "last", 2),))

    plan = plan_for(storyboard(replace(CAT, takes=2), nap), locked(cat=attempt(CAT)))

    assert plan.actions[2].reason == "new; its frame of 'cat@2' is known after apply"


@pytest.mark.parametrize(
    ("name", "replaced"),
    [("cat", ["cat", "cat@2", "cat@3"]), ("cat@1", ["cat"]), ("cat@3", ["cat@3"])],
)
def test_replace_takes_a_shot_or_one_of_its_takes(name: str, replaced: list[str]) -> None:
    lock = locked(**{"cat": attempt(CAT), "cat@2": attempt(CAT, take=2), "cat@3": attempt(CAT, take=3)})

    plan = plan_for(storyboard(CATS), lock, replace=(name,))

    assert [action.name for action in plan.actions if isinstance(action, Regenerate)] == replaced


def test_names_stand_for_the_takes_that_they_name() -> None:
    names = TakeNames([CATS, shot("sky.dawn"), replace(shot("sky.dusk"), takes=2)])

    assert names.takes("cat@2") == ("cat@2",)
    assert names.takes("sky") == ("sky.dawn", "sky.dusk", "sky.dusk@2")
    assert names.takes("sky.dusk") == ("sky.dusk", "sky.dusk@2")
    for unknown in (
        "dog",
        "cat@4",
        "cat@0",
        "cat@02",
        "cat@",
        "cat@x",
        "cat@²",
        "sky@1",
        "cat@99999999999999999999",
        "",
    ):
        assert names.takes(unknown) == ()
    assert [one.name for one in names.shots("sky")] == ["sky.dawn", "sky.dusk"]


# --- frozen shots -------------------------------------------------------------------------------------


def test_a_frozen_shot_keeps_its_clip_although_another_is_asked_for() -> None:
    frozen = replace(changed(CAT), freeze=True)

    plan = plan_for(storyboard(frozen), locked(cat=attempt(CAT)))

    (action,) = plan.actions
    assert isinstance(action, Keep)
    assert action.stale
    assert action.reason == "frozen and stale: prompt changed"
    assert [change.path for change in action.changes] == ["prompt"]
    assert not plan.pending
    text = plan_text(plan)
    assert text.startswith("  * cat  keep        frozen and stale: prompt changed\n        prompt: ")
    assert text.endswith("\n\nNothing to do: 0 up to date, 1 frozen.\n")


def test_what_hangs_on_a_frozen_shot_uses_the_clip_that_it_has() -> None:
    nap = shot("nap", "It sleeps.", after="cat")
    frozen = replace(changed(CAT), freeze=True)

    plan = plan_for(storyboard(frozen, nap), locked(cat=attempt(CAT), nap=attempt(nap, after=clip("cat"))))

    assert kinds(plan) == {"cat": Keep, "nap": Keep}


def test_a_frozen_shot_stays_while_its_upstream_is_made_anew() -> None:
    nap = replace(shot("nap", "It sleeps.", after="cat"), freeze=True)

    plan = plan_for(
        storyboard(changed(CAT), nap), locked(cat=attempt(CAT), nap=attempt(nap, after=clip("cat")))
    )

    assert kinds(plan) == {"cat": Regenerate, "nap": Keep}
    assert plan.actions[1].reason == "frozen and stale: its frame of 'cat' is known after apply"


def test_a_frozen_shot_without_a_clip_is_generated() -> None:
    assert kinds(plan_for(storyboard(replace(CAT, freeze=True)))) == {"cat": Generate}


def test_a_frozen_shot_is_up_to_date_when_it_is() -> None:
    (action,) = plan_for(storyboard(replace(CAT, freeze=True)), locked(cat=attempt(CAT))).actions

    assert action.reason == "up to date"


def test_the_missing_file_of_a_frozen_shot_is_fetched() -> None:
    frozen = replace(changed(CAT), freeze=True)

    plan = plan_for(storyboard(frozen), locked(cat=attempt(CAT)), missing=("cat",))

    assert kinds(plan) == {"cat": Fetch}
    assert not plan.pending


def test_replace_overrules_freeze() -> None:
    frozen = replace(changed(CAT), freeze=True)

    assert kinds(plan_for(storyboard(frozen), locked(cat=attempt(CAT)), replace=("cat",))) == {
        "cat": Regenerate
    }


def test_a_preview_of_a_frozen_shot_is_no_clip_to_keep_for_a_vendor() -> None:
    frozen = replace(changed(CAT), freeze=True)

    assert kinds(plan_for(storyboard(frozen), locked(cat=attempt(CAT, provider="preview")))) == {
        "cat": Generate
    }


# --- protected shots ----------------------------------------------------------------------------------


def refused(plan: Plan) -> list[str]:
    return [action.name for action in plan.actions if not isinstance(action, Forget) and action.refused]


def test_a_change_that_would_regenerate_a_protected_shot_is_refused() -> None:
    plan = plan_for(storyboard(replace(changed(CAT), protect=True)), locked(cat=attempt(CAT)))

    assert kinds(plan) == {"cat": Regenerate}
    assert plan.actions[0].reason == "prompt changed; protected"
    assert plan.warnings == ("cat: protected, so apply refuses this plan",)
    with pytest.raises(CogvidError, match="cat is protected, and this plan would replace") as raised:
        check_protected(plan)
    assert raised.value.exit_code == 1


def test_a_cascade_and_replace_are_refused_as_well() -> None:
    nap = replace(shot("nap", "It sleeps.", after="cat"), protect=True)
    lock = locked(cat=attempt(CAT), nap=attempt(nap, after=clip("cat")))

    assert refused(plan_for(storyboard(changed(CAT), nap), lock)) == ["nap"]
    assert refused(plan_for(storyboard(CAT, nap), lock, replace=("nap",))) == ["nap"]


def test_another_clip_is_refused_even_if_it_is_free() -> None:
    kitten = replace(changed(CAT), protect=True)
    paid_for = attempt(kitten, request_id="another")
    elsewhere = locked(cat=attempt(CAT), dog=attempt(replace(kitten, name="dog")))

    assert refused(plan_for(storyboard(kitten), elsewhere)) == ["cat"]
    running = replace(paid_for, state=State.ACCEPTED, clip=None)
    plan = plan_for(storyboard(kitten), locked(cat=LockEntry(attempt(CAT), running)))
    assert kinds(plan) == {"cat": Resume}
    assert refused(plan) == ["cat"]


def test_a_protected_shot_is_generated_renamed_fetched_and_taken_back() -> None:
    safe = replace(CAT, protect=True)
    failed = attempt(changed(CAT), State.FAILED)

    for board, lock, missing in (
        (storyboard(safe), locked(), ()),
        (storyboard(safe), locked(cat=attempt(CAT)), ("cat",)),
        (storyboard(replace(safe, name="kitten")), locked(cat=attempt(CAT)), ()),
        (storyboard(safe), locked(cat=LockEntry(attempt(CAT), failed)), ()),
        (storyboard(safe), locked(cat=attempt(CAT, provider="preview")), ()),
    ):
        plan = plan_for(board, lock, missing=missing)
        assert refused(plan) == []
        check_protected(plan)


def test_a_protected_frozen_shot_is_simply_kept() -> None:
    both = replace(changed(CAT), protect=True, freeze=True)

    assert refused(plan_for(storyboard(both), locked(cat=attempt(CAT)))) == []


# --- order --------------------------------------------------------------------------------------------


def order(*shots: Shot) -> list[str]:
    return [one.name for one in upstream_first(shots)]


def test_shots_come_after_what_they_depend_on() -> None:
    first, second, third = (shot(name, name) for name in ("first", "second", "third"))

    names = order(replace(first, depends_on=("third",)), second, third)
    assert names.index("third") < names.index("first")
    assert order(first, replace(second, depends_on=("first",)), third) == ["first", "second", "third"]


def test_what_depends_on_a_matrix_comes_after_all_of_it() -> None:
    late = replace(shot("late"), depends_on=("sky",))

    assert order(late, shot("sky.dawn"), shot("sky.dusk"))[-1] == "late"
    assert order(shot("sky.dawn"), late, shot("sky.dusk"))[-1] == "late"
    assert order(late, shot("sky.dawn", after="first"), shot("first"))[-1] == "late"
    assert order(shot("sky.dawn"), shot("sky.dusk"), late, shot("end")) == [
        "sky.dawn",
        "sky.dusk",
        "late",
        "end",
    ]


def test_of_equal_shots_the_one_that_others_wait_for_pays() -> None:
    late = replace(shot("late"), depends_on=("cat",))

    plan = plan_for(storyboard(late, CAT))

    assert kinds(plan) == {"late": Share, "cat": Generate}

"""A plan that is narrowed down to a selection."""

from dataclasses import replace
from decimal import Decimal

import pytest

from cogvid_pipeline.errors import OverBudget, UsageError
from cogvid_pipeline.model.attempt import Lock, LockEntry, State
from cogvid_pipeline.model.plan import Action, Fetch, Generate, Hold, Keep, Plan, Regenerate, Reuse, Share
from cogvid_pipeline.model.shot import Money, ShotFrame
from cogvid_pipeline.plan.cost import check_limits
from tests.boards import attempt, clip, locked, plan_for, shot, storyboard

CAT, NAP, DREAM = shot("cat"), shot("nap", "It naps.", after="cat"), shot("dream", "It dreams.", after="nap")
OWL = shot("owl", "An owl.")
STORY = storyboard(CAT, NAP, DREAM, OWL)
LION = shot("cat", "A lion plays.")


def whole_lock(**changes: LockEntry) -> Lock:
    """Everything of the story as it should be, with some entries changed."""
    entries = {
        "cat": attempt(CAT),
        "nap": attempt(NAP, after=clip("cat")),
        "dream": attempt(DREAM, after=clip("nap")),
        "owl": attempt(OWL),
    }
    return locked(**{**entries, **changes})


def kinds(plan: Plan) -> dict[str, str]:
    return {action.name: action.kind for action in plan.actions}


def action_of(plan: Plan, name: str) -> Action:
    (found,) = [action for action in plan.actions if action.name == name]
    return found


def test_shots_outside_of_the_selection_are_left_out() -> None:
    plan = plan_for(STORY, select=("owl",))

    assert kinds(plan) == {"owl": "generate"}
    assert plan.summary == {"generate": 1}
    assert str(plan.cost) == "1.00 CNY"
    assert plan.options.select == ("owl",)


def test_what_a_selected_shot_needs_and_does_not_have_is_brought_in_and_said() -> None:
    plan = plan_for(STORY, select=("dream",))

    assert kinds(plan) == {"cat": "generate", "nap": "generate", "dream": "generate"}
    assert action_of(plan, "cat").reason == "new; not selected, but needed by 'nap'"
    assert action_of(plan, "cat").needed_by == ("nap",)
    assert action_of(plan, "dream").needed_by == ()
    assert str(plan.cost) == "3.00 CNY"


def test_an_excluded_shot_that_is_needed_is_brought_in_too() -> None:
    plan = plan_for(STORY, exclude=("cat", "owl"))

    assert kinds(plan) == {"cat": "generate", "nap": "generate", "dream": "generate"}
    assert action_of(plan, "cat").needed_by == ("nap",)


def test_of_many_shots_that_need_one_the_first_are_named() -> None:
    many = [shot(f"s{number}", f"Shot {number}.", after="cat") for number in range(5)]

    plan = plan_for(storyboard(CAT, *many), select=("s*",))

    assert action_of(plan, "cat").reason == "new; not selected, but needed by 's0', 's1', 's2' and 2 more"
    assert action_of(plan, "cat").needed_by == ("s0", "s1", "s2", "s3", "s4")


def test_an_upstream_shot_that_has_its_clip_stays_out_of_the_plan() -> None:
    lock = locked(cat=attempt(CAT))

    plan = plan_for(STORY, lock, select=("nap",))

    assert kinds(plan) == {"nap": "generate"}
    assert action_of(plan, "nap").request["image"] == [f"frame:sha256:{clip('cat').sha256}:last"]
    assert plan.warnings == ()


def test_a_stale_upstream_shot_counts_as_the_lock_has_it_with_a_warning() -> None:
    board = storyboard(LION, replace(NAP, prompt="It snores."), DREAM, OWL)

    plan = plan_for(board, whole_lock(), select=("nap",))

    (action,) = plan.actions
    assert isinstance(action, Regenerate)
    assert action.request["image"] == [f"frame:sha256:{clip('cat').sha256}:last"]
    assert [change.path for change in action.changes] == ["prompt"]
    assert plan.warnings == ("cat: out of date and not selected, so its clip in the lock is what counts",)


def test_a_selected_shot_is_up_to_date_where_only_what_is_not_selected_changed() -> None:
    plan = plan_for(storyboard(LION, NAP, DREAM, OWL), whole_lock(), select=("nap",))

    assert kinds(plan) == {"nap": "keep"}
    assert "out of date" in plan.warnings[0]


def test_a_changed_shot_in_the_middle_takes_along_what_was_selected_below_it() -> None:
    board = storyboard(CAT, replace(NAP, prompt="It snores."), DREAM, OWL)

    assert kinds(plan_for(board, whole_lock(), select=("nap+",))) == {
        "nap": "regenerate",
        "dream": "regenerate",
    }
    assert kinds(plan_for(board, whole_lock(), select=("state:changed",))) == {
        "nap": "regenerate",
        "dream": "regenerate",
    }


def test_an_upstream_clip_whose_file_is_missing_is_fetched_when_a_frame_of_it_is_wanted() -> None:
    lock = locked(cat=attempt(CAT))

    plan = plan_for(STORY, lock, missing=("cat",), select=("nap",))

    fetch = action_of(plan, "cat")
    assert isinstance(fetch, Fetch)
    assert fetch.reason == "its file is missing or was changed; not selected, but needed by 'nap'"
    assert kinds(plan_for(STORY, whole_lock(), missing=("cat",), select=("nap",))) == {"nap": "keep"}


def test_a_stale_upstream_clip_whose_file_is_missing_is_fetched_as_the_lock_has_it() -> None:
    board = storyboard(LION, replace(NAP, prompt="It snores."), DREAM, OWL)

    plan = plan_for(board, whole_lock(), missing=("cat",), select=("nap",))

    fetch = action_of(plan, "cat")
    assert isinstance(fetch, Fetch)
    assert fetch.attempt == attempt(CAT)
    assert fetch.request["prompt"] == "A cat plays."
    assert "cat: out of date" in plan.warnings[0]


def test_a_stale_preview_whose_file_is_missing_is_rendered_anew() -> None:
    made = replace(attempt(CAT), provider="preview")
    board = storyboard(LION, NAP, provider="preview")

    plan = plan_for(board, locked(cat=made), missing=("cat",), select=("nap",))

    assert kinds(plan) == {"cat": "regenerate", "nap": "generate"}
    assert action_of(plan, "cat").needed_by == ("nap",)


def test_a_preview_is_no_upstream_of_a_paid_shot_so_the_shot_is_brought_in() -> None:
    made = replace(attempt(CAT), provider="preview")

    plan = plan_for(STORY, locked(cat=made), select=("nap",))

    assert kinds(plan) == {"cat": "generate", "nap": "generate"}


def test_an_upstream_shot_in_doubt_is_brought_in_so_that_it_is_seen() -> None:
    held = LockEntry(pending=attempt(CAT, State.HELD, error="the answer was lost"))

    plan = plan_for(STORY, locked(cat=held), select=("nap",))

    assert isinstance(action_of(plan, "cat"), Hold)
    assert action_of(plan, "cat").needed_by == ("nap",)


def test_what_is_kept_needs_nothing() -> None:
    lock = whole_lock()

    plan = plan_for(
        STORY, Lock({"dream": lock.entries["dream"], "nap": lock.entries["nap"]}), select=("dream",)
    )

    assert kinds(plan) == {"dream": "keep"}


def test_a_clip_that_only_the_ledger_has_is_brought_in_for_a_frame_of_it() -> None:
    made = attempt(CAT)

    plan = plan_for(STORY, ledger={made.fingerprint: made}, select=("nap",))

    assert isinstance(action_of(plan, "cat"), Reuse)
    assert isinstance(action_of(plan, "nap"), Generate)
    assert str(plan.cost) == "1.00 CNY"


def test_a_selected_twin_of_a_shot_that_is_not_selected_pays_for_itself() -> None:
    board = storyboard(shot("one"), shot("two"))

    plan = plan_for(board, select=("two",))

    assert isinstance(action_of(plan, "two"), Generate)
    assert kinds(plan) == {"two": "generate"}


def test_a_twin_of_what_is_brought_in_shares_its_clip() -> None:
    twin = shot("twin")
    follower = shot("follower", "It follows.", after="cat")

    plan = plan_for(storyboard(CAT, twin, follower), select=("twin", "follower"))

    share = action_of(plan, "twin")
    assert isinstance(share, Share)
    assert share.of == "cat"
    assert action_of(plan, "cat").needed_by == ("twin", "follower")


def test_what_is_gone_is_forgotten_only_without_a_selection_or_by_name() -> None:
    lock = whole_lock(former=attempt(shot("former", "Gone.")))

    assert kinds(plan_for(STORY, lock))["former"] == "forget"
    assert "former" not in kinds(plan_for(STORY, lock, select=("cat",)))
    assert "former" not in kinds(plan_for(STORY, lock, exclude=("cat",)))
    assert kinds(plan_for(STORY, lock, select=("former",))) == {"former": "forget"}


def test_an_entry_whose_clip_goes_over_to_a_shot_outside_of_the_selection_stays() -> None:
    board = storyboard(shot("kitten"), OWL)

    plan = plan_for(board, locked(cat=attempt(CAT)), select=("cat",))

    assert plan.actions == ()
    assert plan.warnings == (
        "cat: stays in the lock, since 'kitten', which is not selected, takes its clip over",
    )
    assert kinds(plan_for(board, locked(cat=attempt(CAT)), select=("cat", "kitten"))) == {
        "kitten": "reuse",
        "cat": "forget",
    }


def test_a_shot_to_be_replaced_has_to_be_selected() -> None:
    assert kinds(plan_for(STORY, whole_lock(), select=("cat",), replace=("cat",))) == {"cat": "regenerate"}
    with pytest.raises(UsageError, match="--replace owl: that shot is not selected"):
        plan_for(STORY, whole_lock(), select=("cat",), replace=("owl",))


def test_a_selection_of_nothing_is_an_empty_plan() -> None:
    plan = plan_for(STORY, whole_lock(), select=("cat",), exclude=("cat",))

    assert plan.actions == ()
    assert not plan.pending


@pytest.mark.parametrize(
    ("state", "names"),
    [("new", ["owl"]), ("changed", ["cat", "nap"]), ("failed", ["dog"]), ("held", ["doubt"])],
)
def test_states_are_what_status_and_plan_call_them(state: str, names: list[str]) -> None:
    kept, dog, doubt = shot("kept", "Kept."), shot("dog", "A dog."), shot("doubt", "Who knows.")
    board = storyboard(LION, NAP, kept, OWL, dog, doubt)
    lock = locked(
        cat=attempt(CAT),
        nap=attempt(NAP, after=clip("cat")),
        kept=attempt(kept),
        dog=LockEntry(pending=attempt(dog, State.FAILED, error="no")),
        doubt=LockEntry(pending=attempt(doubt, State.HELD, error="lost")),
    )

    assert list(kinds(plan_for(board, lock, select=(f"state:{state}",)))) == names


# --- takes, matrices and order ------------------------------------------------------------------------

DANCE = replace(shot("dance", "It dances."), takes=2)
FROM_SECOND = replace(shot("bow", "It bows."), images=(ShotFrame("dance", "last", take=2),))
DAWN, DUSK = shot("sky.dawn", "Dawn."), shot("sky.dusk", "Dusk.")


def test_a_shot_stands_for_its_takes_and_a_matrix_for_its_shots() -> None:
    board = storyboard(DANCE, DAWN, DUSK)

    assert list(kinds(plan_for(board, select=("dance",)))) == ["dance", "dance@2"]
    assert list(kinds(plan_for(board, select=("dance@1",)))) == ["dance"]
    assert list(kinds(plan_for(board, select=("dance@2", "sky.dusk")))) == ["dance@2", "sky.dusk"]
    assert list(kinds(plan_for(board, select=("sky",)))) == ["sky.dawn", "sky.dusk"]
    assert list(kinds(plan_for(board, exclude=("sky.d*",)))) == ["dance", "dance@2"]


def test_only_the_take_whose_frame_is_used_is_brought_in() -> None:
    plan = plan_for(storyboard(DANCE, FROM_SECOND), select=("bow",))

    assert list(kinds(plan)) == ["dance@2", "bow"]
    assert action_of(plan, "dance@2").needed_by == ("bow",)
    assert list(kinds(plan_for(storyboard(DANCE, FROM_SECOND), select=("dance+",)))) == [
        "dance",
        "dance@2",
        "bow",
    ]
    assert list(kinds(plan_for(storyboard(DANCE, FROM_SECOND), select=("dance@1+",)))) == ["dance"]


def test_what_has_to_come_first_is_brought_in_until_it_has_a_clip() -> None:
    last = replace(shot("last", "The end."), depends_on=("sky", "cat"))
    board = storyboard(last, DAWN, DUSK, CAT)
    dawn = locked(**{"sky.dawn": attempt(DAWN)})

    assert kinds(plan_for(board, dawn, select=("last",))) == {
        "last": "generate",
        "sky.dusk": "generate",
        "cat": "generate",
    }
    every = locked(**{"sky.dawn": attempt(DAWN), "sky.dusk": attempt(DUSK), "cat": attempt(LION)})
    plan = plan_for(board, every, missing=("cat",), select=("last",))
    assert kinds(plan) == {"last": "generate"}
    assert plan.warnings == ()


def test_what_comes_first_is_not_needed_by_what_has_its_clip() -> None:
    last = replace(shot("last", "The end."), depends_on=("cat",))

    assert kinds(plan_for(storyboard(last, CAT), locked(last=attempt(last)), select=("last",))) == {
        "last": "keep"
    }


def test_a_frozen_shot_that_is_stale_counts_as_changed_and_as_it_is() -> None:
    frozen = replace(LION, freeze=True)
    board = storyboard(frozen, replace(NAP, prompt="It snores."))

    plan = plan_for(board, whole_lock(), select=("nap",))

    assert kinds(plan) == {"nap": "regenerate"}
    assert plan.warnings == ()
    assert list(kinds(plan_for(board, whole_lock(), select=("state:changed",)))) == ["cat", "nap"]


def test_a_protected_shot_outside_of_the_selection_refuses_nothing() -> None:
    board = storyboard(replace(LION, protect=True), OWL)

    assert plan_for(board, whole_lock(), select=("owl",)).warnings == ()
    assert "protected" in plan_for(board, whole_lock(), select=("cat",)).warnings[0]


# --- money --------------------------------------------------------------------------------------------


def test_the_budget_counts_what_stays_outside_of_the_selection() -> None:
    board = storyboard(LION, shot("dog", "A dog."), OWL, budget=Money(Decimal(3), "CNY"))
    lock = locked(cat=attempt(CAT), dog=attempt(shot("dog", "A dog.")))

    plan = plan_for(board, lock, select=("owl",))

    assert plan.budget is not None
    assert (str(plan.budget.standing), str(plan.budget.total)) == ("2.00 CNY", "3.00 CNY")
    check_limits(plan, None)
    tight = plan_for(replace(board, budget=Money(Decimal("2.5"), "CNY")), lock, select=("owl",))
    with pytest.raises(
        OverBudget, match=r"the storyboard would cost 3\.00 CNY, more than the limit of 2\.50"
    ):
        check_limits(tight, None)


def test_what_is_in_doubt_outside_of_the_selection_counts_as_paid() -> None:
    held = LockEntry(pending=attempt(CAT, State.HELD, error="lost"))
    board = storyboard(CAT, OWL, budget=Money(Decimal(2), "CNY"))

    for repeatable in (False, True):
        plan = plan_for(board, locked(cat=held), select=("owl",), repeatable=repeatable)
        assert plan.budget is not None
        assert str(plan.budget.standing) == "1.00 CNY"


def test_max_cost_bounds_what_is_selected() -> None:
    check_limits(plan_for(STORY, select=("owl",)), Decimal(1))
    with pytest.raises(OverBudget, match=r"this run would cost 2\.00 CNY"):
        check_limits(plan_for(STORY, select=("nap",)), Decimal(1))


def test_kept_shots_are_in_the_plan_when_they_are_selected() -> None:
    plan = plan_for(STORY, whole_lock(), select=("cat", "owl"))

    assert all(isinstance(action, Keep) for action in plan.actions)
    assert kinds(plan) == {"cat": "keep", "owl": "keep"}

"""Of the entries that a merge left for one take, the one that is worth most is chosen, whoever merged."""

from dataclasses import replace
from typing import Any

import pytest

from cogvid_pipeline.model.attempt import Attempt, Lock, LockEntry, State
from cogvid_pipeline.model.plan import Fetch, Forget, Hold, Keep, Plan, Regenerate, Resume, Reuse
from tests.boards import attempt, clip, plan_for, shot, storyboard

WALK = shot("walk", "The fox walks.")
RUN = shot("walk", "The fox runs.")
BOARD = storyboard(WALK)


def merged(*entries: LockEntry, name: str = "walk", **others: LockEntry) -> Lock:
    """A lock whose two sides have these entries for one take."""
    return Lock({name: entries[0], **others}, "digest", {name: entries}, conflicted=True)


def chosen(*entries: LockEntry, board: Any = BOARD, **facts: Any) -> tuple[LockEntry, Plan]:
    """The entry that is chosen and the plan; both are the same when the merge goes the other way round."""
    plan, other = (plan_for(board, merged(*order), **facts) for order in (entries, entries[::-1]))
    assert plan.settled == other.settled
    assert plan.actions == other.actions
    return plan.settled["walk"], plan


def result(of: Any, number: str = "1", **fields: Any) -> LockEntry:
    return LockEntry(attempt(of, request_id=f"result-{number}", clip=clip(number), **fields))


def waiting(of: Any, state: State = State.ACCEPTED, **fields: Any) -> LockEntry:
    return LockEntry(pending=attempt(of, state), **fields)


def test_the_result_that_matches_the_manifest_is_kept() -> None:
    fits, other = result(WALK), result(RUN, "2", completed_at="2030")

    entry, plan = chosen(fits, other)

    assert entry == fits
    assert isinstance(plan.actions[0], Keep)


def test_a_clip_whose_file_is_elsewhere_is_fetched_and_not_made_again() -> None:
    _, plan = chosen(result(WALK), result(RUN, "2"), missing=("walk",))

    assert isinstance(plan.actions[0], Fetch)


def test_a_running_task_that_matches_is_resumed_rather_than_the_other_result_replaced() -> None:
    runs = waiting(WALK)

    entry, plan = chosen(result(RUN), runs)

    assert entry == runs
    assert isinstance(plan.actions[0], Resume)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.HELD])
def test_a_clip_that_is_there_is_better_than_waiting_for_another(state: State) -> None:
    entry, plan = chosen(waiting(WALK, state), result(WALK))

    assert entry == result(WALK)
    assert isinstance(plan.actions[0], Keep)


def test_a_replacement_that_was_paid_for_is_waited_for() -> None:
    under_way = replace(result(WALK), pending=attempt(WALK, State.ACCEPTED))

    entry, plan = chosen(result(WALK), under_way)

    assert entry == under_way
    assert isinstance(plan.actions[0], Resume)


def test_a_running_task_is_better_than_one_in_doubt() -> None:
    doubtful, running = waiting(WALK, State.HELD), waiting(WALK)

    assert chosen(doubtful, running)[0] == running


def test_what_is_in_doubt_is_held_rather_than_paid_for_again() -> None:
    _, plan = chosen(waiting(WALK, State.HELD), result(RUN))

    assert isinstance(plan.actions[0], Hold)


def test_a_failure_counts_for_less_than_a_result() -> None:
    entry, plan = chosen(waiting(WALK, State.FAILED), result(WALK))

    assert entry == result(WALK)
    assert isinstance(plan.actions[0], Keep)


def test_the_clip_before_is_better_than_an_attempt_in_doubt() -> None:
    back = replace(result(RUN, "2"), previous=result(WALK).result)

    held = replace(
        result(shot("walk", "It flies."), "3"), pending=attempt(WALK, State.HELD, created_at="2030")
    )

    entry, plan = chosen(held, back)

    assert entry == back
    assert isinstance(plan.actions[0], Reuse)


def test_of_two_that_match_the_one_with_the_more_clips_made_of_its_frames_is_kept() -> None:
    jump = shot("jump", "It jumps.", after="walk")
    old = result(WALK, "old", completed_at="2026-01-01T00:00:00.000+00:00")
    new = result(WALK, "new", completed_at="2026-01-02T00:00:00.000+00:00")
    jumped = LockEntry(attempt(jump, after=clip("old"), clip=clip("jump")))

    plan = plan_for(storyboard(WALK, jump), merged(new, old, jump=jumped))

    assert plan.settled == {"walk": old}
    assert [action.kind for action in plan.actions] == ["keep", "keep"]


def test_a_chain_of_frames_counts_as_a_whole_and_follows_the_choice() -> None:
    jump, land = shot("jump", "It jumps.", after="walk"), shot("land", "It lands.", after="jump")
    ours, theirs = (result(WALK, side, completed_at=side) for side in ("1 old", "2 new"))
    jumps = tuple(
        LockEntry(attempt(jump, after=clip(side), clip=clip(f"jump {side}"), request_id=f"jump-{side}"))
        for side in ("1 old", "2 new")
    )
    landed = LockEntry(attempt(land, after=clip("jump 1 old")))
    lock = Lock(
        {"walk": theirs, "jump": jumps[1], "land": landed},
        "digest",
        {"walk": (theirs, ours), "jump": jumps[::-1]},
        conflicted=True,
    )

    plan = plan_for(storyboard(WALK, jump, land), lock)

    assert plan.settled == {"walk": ours, "jump": jumps[0]}
    assert {action.kind for action in plan.actions} == {"keep"}


def test_of_two_that_are_equal_otherwise_the_newer_one_is_kept() -> None:
    old = result(WALK, "old", completed_at="2026-01-01T00:00:00.000+00:00")
    new = result(WALK, "new", completed_at="2026-01-02T00:00:00.000+00:00")

    assert chosen(old, new)[0] == new


def test_clips_that_claim_to_be_made_of_each_other_do_no_harm() -> None:
    ring = [attempt(WALK, clip=clip(one), request_id=one) for one in ("a", "b")]
    entries = [
        LockEntry(replace(one, request={**one.request, "image": [f"frame:sha256:{clip(other).sha256}:last"]}))
        for one, other in zip(ring, ("b", "a"), strict=True)
    ]

    assert chosen(*entries)[0] in entries


def test_what_was_paid_for_is_not_left_for_a_preview_that_matches() -> None:
    preview = result(WALK, provider="preview", base_url="")
    paid = result(RUN, "2")

    entry, plan = chosen(preview, paid, board=storyboard(WALK, provider="preview"))

    assert entry == paid
    assert isinstance(plan.actions[0], Keep)
    assert "a preview never replaces it" in plan.warnings[1]


def test_a_preview_does_not_stand_for_a_paid_shot() -> None:
    preview = result(WALK, provider="preview")
    failed = replace(
        result(RUN, "2", provider="preview"),
        pending=attempt(WALK, State.FAILED, created_at="2030", error="it was refused"),
    )

    entry, plan = chosen(preview, failed)

    assert entry == failed
    assert plan.actions[0].reason == "failed before: it was refused"


def test_where_neither_matches_the_newer_one_is_what_is_replaced() -> None:
    old = result(RUN, "old", completed_at="2026-01-01T00:00:00.000+00:00")
    new = result(shot("walk", "It flies."), "new", completed_at="2026-01-02T00:00:00.000+00:00")

    entry, plan = chosen(old, new)

    assert entry == new
    assert isinstance(plan.actions[0], Regenerate)


def test_what_only_the_other_side_has_is_found_under_another_name() -> None:
    stroll = replace(RUN, name="stroll")

    plan = plan_for(storyboard(WALK, stroll), merged(result(WALK), result(RUN, "2")))

    assert [action.kind for action in plan.actions] == ["keep", "reuse"]
    assert plan.actions[1].reason == "the same request as 'walk', which is in the lock"


def test_a_task_that_only_the_other_side_has_is_resumed_under_another_name() -> None:
    stroll = replace(RUN, name="stroll")

    plan = plan_for(storyboard(WALK, stroll), merged(result(WALK), waiting(RUN)))

    assert [action.kind for action in plan.actions] == ["keep", "resume"]


def test_an_entry_of_both_sides_that_no_shot_stands_for_is_forgotten() -> None:
    plan = plan_for(storyboard(replace(WALK, name="stroll")), merged(result(WALK), result(RUN, "2")))

    assert [action.kind for action in plan.actions] == ["reuse", "forget"]
    assert isinstance(plan.actions[1], Forget)
    assert plan.settled.keys() == {"walk"}


def test_a_plan_for_such_a_lock_has_something_to_do_and_says_so() -> None:
    _, plan = chosen(result(WALK), result(RUN, "2"))

    assert plan.pending
    (warning,) = plan.warnings
    assert warning.startswith(
        "a merge has left conflicts in the lock: both sides were read, and apply writes"
    )
    assert warning.endswith("with what fits the manifest where they differ (walk)")


def test_a_long_list_of_differences_is_cut_short() -> None:
    entries = (result(WALK), result(RUN, "2"))
    names = [f"shot-{number}" for number in range(7)]
    lock = Lock(dict.fromkeys(names, entries[0]), "digest", dict.fromkeys(names, entries), conflicted=True)

    (warning,) = plan_for(BOARD, lock).warnings

    assert warning.endswith("(shot-0, shot-1, shot-2, shot-3, shot-4 and 2 more)")


def test_a_conflict_in_which_no_take_differs_is_said_too() -> None:
    lock = Lock({"walk": result(WALK)}, "digest", conflicted=True)

    plan = plan_for(BOARD, lock)

    assert plan.pending
    assert plan.settled == {}
    assert plan.warnings[0].endswith("both sides were read, and apply writes it whole")


def test_a_lock_without_conflicts_is_as_before() -> None:
    plan = plan_for(BOARD, Lock({"walk": result(WALK)}))

    assert not plan.pending
    assert plan.warnings == ()


def test_an_attempt_is_known_however_far_either_side_has_seen_it() -> None:
    """The same task: submitted here, finished there."""
    running = attempt(WALK, State.ACCEPTED, request_id="one")
    finished: Attempt = attempt(WALK, request_id="one")

    entry, plan = chosen(LockEntry(pending=running), LockEntry(finished))

    assert entry == LockEntry(finished)
    assert isinstance(plan.actions[0], Keep)

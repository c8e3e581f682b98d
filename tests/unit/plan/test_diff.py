"""What a plan says for every state that a take can be in."""

from dataclasses import replace

import pytest

from cogvid_pipeline.model.attempt import LockEntry, State
from cogvid_pipeline.model.plan import (
    Change,
    Fetch,
    Forget,
    Generate,
    Hold,
    Keep,
    Regenerate,
    Repeat,
    Resume,
    Reuse,
    Share,
)
from cogvid_pipeline.model.shot import Shot
from tests.boards import attempt, clip, locked, plan_for, shot, storyboard

CAT = shot("cat")
DOG = shot("cat", "A dog plays.")


def only(plan):
    (action,) = plan.actions
    return action


def test_a_new_shot_is_generated_at_its_price() -> None:
    plan = plan_for(storyboard(CAT))

    action = only(plan)
    assert isinstance(action, Generate)
    assert action.reason == "new"
    assert str(plan.cost) == "1.00 CNY"
    assert plan.pending


def test_a_shot_with_its_clip_in_the_lock_is_kept() -> None:
    plan = plan_for(storyboard(CAT), locked(cat=attempt(CAT)))

    assert isinstance(only(plan), Keep)
    assert not plan.pending
    assert str(plan.cost) == "0.00 CNY"


def test_a_locked_clip_whose_file_is_missing_is_fetched_which_is_no_pending_change() -> None:
    plan = plan_for(storyboard(CAT), locked(cat=attempt(CAT)), missing=("cat",))

    assert isinstance(only(plan), Fetch)
    assert not plan.pending


def test_a_changed_prompt_is_regenerated_and_the_plan_says_from_what_to_what() -> None:
    plan = plan_for(storyboard(DOG), locked(cat=attempt(CAT)))

    action = only(plan)
    assert isinstance(action, Regenerate)
    assert action.reason == "prompt changed"
    assert action.changes == (Change("prompt", "A cat plays.", "A dog plays."),)


def test_writing_a_default_down_changes_nothing() -> None:
    written = shot("cat", quality="speed", with_audio=False, fps=30, duration=5)

    assert isinstance(only(plan_for(storyboard(written), locked(cat=attempt(CAT)))), Keep)


def test_a_parameter_without_a_documented_default_counts_as_soon_as_it_is_written() -> None:
    action = only(plan_for(storyboard(shot("cat", watermark=False)), locked(cat=attempt(CAT))))

    assert isinstance(action, Regenerate)
    assert action.changes == (Change("watermark", None, False),)


def test_a_renamed_shot_reuses_its_clip_and_the_old_name_is_forgotten() -> None:
    plan = plan_for(storyboard(shot("kitten")), locked(cat=attempt(CAT)))

    new, old = plan.actions
    assert isinstance(new, Reuse)
    assert new.reason == "the same request as 'cat', which is in the lock"
    assert isinstance(old, Forget)
    assert old.name == "cat"
    assert str(plan.cost) == "0.00 CNY"


def test_going_back_to_the_previous_request_is_free() -> None:
    lock = locked(cat=LockEntry(result=attempt(DOG), previous=attempt(CAT)))

    action = only(plan_for(storyboard(CAT), lock))

    assert isinstance(action, Reuse)
    assert action.reason == "back to an earlier clip of its own"


def test_a_clip_that_only_the_ledger_knows_is_reused() -> None:
    made = attempt(CAT)

    action = only(plan_for(storyboard(CAT), ledger={made.fingerprint: made}))

    assert isinstance(action, Reuse)
    assert action.attempt == made


def test_a_submitted_task_is_resumed() -> None:
    out = attempt(CAT, State.ACCEPTED)

    for found in (
        plan_for(storyboard(CAT), locked(cat=LockEntry(pending=out))),
        plan_for(storyboard(CAT), ledger={out.fingerprint: out}),
    ):
        action = only(found)
        assert isinstance(action, Resume)
        assert action.attempt == out


def test_a_task_that_finished_but_was_not_downloaded_is_resumed() -> None:
    finished = attempt(CAT, clip=None)

    assert isinstance(only(plan_for(storyboard(CAT), ledger={finished.fingerprint: finished})), Resume)


def test_an_attempt_in_doubt_is_held_and_never_generated_again() -> None:
    doubtful = attempt(CAT, State.HELD, error="the answer was lost")

    for found in (
        plan_for(storyboard(CAT), locked(cat=LockEntry(pending=doubtful))),
        plan_for(storyboard(CAT), ledger={doubtful.fingerprint: doubtful}),
    ):
        action = only(found)
        assert isinstance(action, Hold)
        assert action.reason == "the answer was lost"


def test_a_rename_of_a_held_shot_stays_held() -> None:
    doubtful = attempt(CAT, State.HELD)

    plan = plan_for(storyboard(shot("kitten")), locked(cat=LockEntry(pending=doubtful)))

    assert isinstance(plan.actions[0], Hold)


def test_where_the_ledger_knows_more_than_the_lock_it_is_believed() -> None:
    out = attempt(CAT, State.ACCEPTED)
    done = replace(out, state=State.SUCCEEDED, clip=clip())

    action = only(
        plan_for(storyboard(CAT), locked(cat=LockEntry(pending=out)), ledger={out.fingerprint: done})
    )

    assert isinstance(action, Reuse)
    assert action.attempt == done


@pytest.mark.parametrize("state", [State.HELD, State.ACCEPTED])
def test_what_was_released_stays_released_although_the_lock_of_another_branch_waits_for_it(
    state: State,
) -> None:
    out = attempt(CAT, state)
    lock = locked(cat=LockEntry(pending=out))
    released = replace(out, state=State.RELEASED)
    later = attempt(CAT, State.HELD, request_id="later")

    afterwards = plan_for(storyboard(CAT), lock, over=(released,))
    later_still = plan_for(storyboard(CAT), lock, over=(released,), ledger={later.fingerprint: later})

    assert isinstance(only(afterwards), Generate)
    assert isinstance(only(later_still), Hold)
    assert only(later_still).attempt == later


def test_what_was_released_here_and_found_by_somebody_else_is_resumed() -> None:
    found = attempt(CAT, State.ACCEPTED)
    released = replace(found, state=State.RELEASED, task_id="")

    action = only(plan_for(storyboard(CAT), locked(cat=LockEntry(pending=found)), over=(released,)))

    assert isinstance(action, Resume)
    assert action.attempt == found


def test_a_lock_that_borrows_the_request_id_of_another_attempt_hears_nothing_of_it() -> None:
    out = attempt(CAT, State.ACCEPTED)
    others = replace(attempt(DOG, State.FAILED), request_id=out.request_id)

    plan = plan_for(storyboard(CAT), locked(cat=LockEntry(pending=out)), over=(others,))

    assert isinstance(only(plan), Resume)


def test_a_failed_shot_is_generated_again_with_its_failure_as_the_reason() -> None:
    failed = attempt(CAT, State.FAILED, error="unsafe content")

    action = only(plan_for(storyboard(CAT), locked(cat=LockEntry(pending=failed))))

    assert isinstance(action, Generate)
    assert action.reason == "failed before: unsafe content"


def test_a_failed_change_is_regenerated_with_its_failure_as_the_reason() -> None:
    failed = attempt(DOG, State.FAILED, error="unsafe content")
    lock = locked(cat=LockEntry(result=attempt(CAT), pending=failed))

    action = only(plan_for(storyboard(DOG), lock))

    assert isinstance(action, Regenerate)
    assert action.reason == "failed before: unsafe content"


def test_reverting_a_failed_change_is_free_because_the_result_stayed() -> None:
    failed = attempt(DOG, State.FAILED, error="unsafe content")
    lock = locked(cat=LockEntry(result=attempt(CAT), pending=failed))

    action = only(plan_for(storyboard(CAT), lock))

    assert isinstance(action, Reuse)
    assert action.reason == "back to the request of its clip"


def test_two_shots_with_one_request_pay_once() -> None:
    plan = plan_for(storyboard(shot("one"), shot("two")))

    first, second = plan.actions
    assert isinstance(first, Generate)
    assert isinstance(second, Share)
    assert second.of == "one"
    assert str(plan.cost) == "1.00 CNY"


def test_a_shot_after_a_new_one_is_priced_and_its_fingerprint_known_after_apply() -> None:
    plan = plan_for(storyboard(shot("one"), shot("two", after="one")))

    second = plan.actions[1]
    assert isinstance(second, Generate)
    assert second.fingerprint is None
    assert second.request["image"] == [None]
    assert second.reason == "new; its frame of 'one' is known after apply"
    assert str(plan.cost) == "2.00 CNY"


def test_a_changed_upstream_shot_regenerates_what_hangs_on_it() -> None:
    before = attempt(shot("one"))
    chained = attempt(shot("two", after="one"), after=before.clip)
    lock = locked(one=before, two=chained)

    plan = plan_for(storyboard(shot("one", "Another cat."), shot("two", after="one")), lock)

    first, second = plan.actions
    assert isinstance(first, Regenerate)
    assert isinstance(second, Regenerate)
    assert second.reason == "its frame of 'one' is known after apply"
    assert second.changes[0].path == "image.0"
    assert second.changes[0].after is None


def test_a_chain_with_all_its_clips_is_kept_whatever_the_order_of_the_shots() -> None:
    before = attempt(shot("one"))
    chained = attempt(shot("two", after="one"), after=before.clip)

    plan = plan_for(storyboard(shot("two", after="one"), shot("one")), locked(one=before, two=chained))

    assert [action.kind for action in plan.actions] == ["keep", "keep"]
    assert [action.shot.name for action in plan.actions] == ["two", "one"]


def test_replace_generates_an_unchanged_shot_again() -> None:
    plan = plan_for(storyboard(CAT), locked(cat=attempt(CAT)), replace=("cat",))

    action = only(plan)
    assert isinstance(action, Regenerate)
    assert action.reason == "asked for with --replace"


def test_replace_with_an_unfinished_attempt_resumes_that_one() -> None:
    out = attempt(CAT, State.ACCEPTED)
    lock = locked(cat=LockEntry(result=attempt(CAT), pending=out))

    assert isinstance(only(plan_for(storyboard(CAT), lock, replace=("cat",))), Resume)
    assert isinstance(only(plan_for(storyboard(CAT), lock)), Resume)


def test_a_preview_never_stands_for_a_paid_shot() -> None:
    preview = attempt(CAT, provider="preview")

    action = only(plan_for(storyboard(CAT), locked(cat=preview)))

    assert isinstance(action, Generate)
    assert action.reason == "only a preview of it exists"


def test_a_preview_is_never_upstream_of_a_paid_shot() -> None:
    preview = attempt(shot("one"), provider="preview")
    chained = attempt(shot("two", after="one"), after=preview.clip)

    plan = plan_for(storyboard(shot("one"), shot("two", after="one")), locked(one=preview, two=chained))

    assert [action.kind for action in plan.actions] == ["generate", "regenerate"]


def test_a_preview_never_replaces_a_paid_clip() -> None:
    plan = plan_for(storyboard(DOG, provider="preview"), locked(cat=attempt(CAT)))

    assert isinstance(only(plan), Keep)
    assert plan.warnings == ("cat: its paid clip stays as it is; a preview never replaces it",)


@pytest.mark.parametrize("asked", [CAT, DOG])
@pytest.mark.parametrize("state", [State.ACCEPTED, State.HELD, State.FAILED])
def test_a_preview_is_kept_while_a_paid_task_of_its_shot_is_out(asked: Shot, state: State) -> None:
    entry = LockEntry(result=attempt(CAT, provider="preview"), pending=attempt(asked, state))

    assert isinstance(only(plan_for(storyboard(CAT, provider="preview"), locked(cat=entry))), Keep)


def test_a_paid_clip_that_no_preview_replaces_is_fetched_where_its_file_is_missing() -> None:
    board = storyboard(DOG, provider="preview")

    plan = plan_for(board, locked(cat=attempt(CAT)), missing=("cat",))

    action = only(plan)
    assert isinstance(action, Fetch)
    assert action.attempt == attempt(CAT)


def test_changing_the_vendor_changes_nothing() -> None:
    elsewhere = attempt(CAT, provider="bigmodel", base_url="https://bigmodel.example.com")

    assert isinstance(only(plan_for(storyboard(CAT), locked(cat=elsewhere))), Keep)


def test_a_long_chain_is_planned_without_recursion() -> None:
    shots = [shot("s0"), *(shot(f"s{i}", after=f"s{i - 1}") for i in range(1, 3000))]

    plan = plan_for(storyboard(*reversed(shots)))

    assert plan.summary == {"generate": 3000}
    assert plan.actions[0].shot.name == "s2999"


def test_a_submission_in_doubt_that_may_be_sent_again_is_resumed_at_its_price() -> None:
    held = attempt(CAT, State.HELD, task_id="", error="no answer")
    twin = shot("kitten")

    plan = plan_for(storyboard(CAT, twin), locked(cat=LockEntry(pending=held)), repeatable=True)

    cat, kitten = plan.actions
    assert isinstance(cat, Repeat)
    assert cat.kind == "resume"
    assert "the same request id" in cat.reason
    assert isinstance(kitten, Share)
    assert str(plan.cost) == "1.00 CNY"


def test_an_intent_of_a_run_that_is_alive_is_never_sent_again() -> None:
    intent = attempt(CAT, State.INTENT, task_id="")

    plan = plan_for(storyboard(CAT), ledger={intent.fingerprint: intent}, repeatable=True)

    assert isinstance(only(plan), Hold)


EMULATOR = "http://127.0.0.1:8765/geekai/api/v1"


def test_what_an_emulator_made_counts_while_it_stands_in_for_the_provider() -> None:
    made = attempt(CAT, provider="emulator", base_url=EMULATOR)

    assert isinstance(only(plan_for(storyboard(CAT), locked(cat=made), rehearsal=EMULATOR)), Keep)


def test_a_task_at_an_emulator_is_resumed_while_it_stands_in_for_the_provider() -> None:
    running = attempt(CAT, State.ACCEPTED, provider="emulator", base_url=EMULATOR)

    plan = plan_for(storyboard(CAT), locked(cat=LockEntry(pending=running)), rehearsal=EMULATOR)

    assert isinstance(only(plan), Resume)


def test_what_an_emulator_made_counts_for_nothing_at_the_provider_itself() -> None:
    made = attempt(CAT, provider="emulator", base_url=EMULATOR)

    for rehearsal in ("", "http://127.0.0.1:9999/geekai/api/v1"):
        plan = plan_for(storyboard(CAT), locked(cat=made), rehearsal=rehearsal)
        assert isinstance(only(plan), Generate)

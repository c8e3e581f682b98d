"""Plans carried out against stand-ins: what is bought, what is recorded, and in which order."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from cogvid_pipeline.engine.outcome import Blocked, Done, Failed, Held, RunReport, Stopped
from cogvid_pipeline.engine.run import Run
from cogvid_pipeline.errors import FetchError, StateError
from cogvid_pipeline.model.attempt import LockEntry, State
from cogvid_pipeline.model.plan import Keep
from cogvid_pipeline.model.wire import (
    Accepted,
    Closed,
    NotAccepted,
    Refused,
    TaskFailed,
    TaskRunning,
    TaskSucceeded,
    Uncertain,
)
from tests.boards import attempt, clip, locked, shot, storyboard
from tests.stage import Stage, url_of

CAT = shot("cat", "A cat plays.")
DOG = shot("dog", "A dog plays.")
NAP = shot("nap", "It falls asleep.", after="cat")


# --- the durable order --------------------------------------------------------------------------------


def test_the_intent_is_durable_before_the_post_and_the_task_id_before_anything_else() -> None:
    stage = Stage(storyboard(CAT))

    stage.apply()

    assert stage.effects == [
        "intend request-1",
        "post request-1",
        "record request-1 accepted",
        "lock cat submitted",
        "poll task-1",
        f"download {url_of('task-1')}",
        "record request-1 succeeded",
        "lock cat succeeded",
    ]


def test_the_row_of_the_task_has_its_id_when_the_task_is_first_asked_about() -> None:
    stage = Stage(storyboard(CAT))
    stage.when["submitted"] = lambda run: seen.append(stage.ledger.rows["request-1"])
    seen: list[object] = []

    stage.apply()

    assert [(row.state, row.task_id) for row in seen] == [(State.ACCEPTED, "task-1")]  # type: ignore[attr-defined]


def test_what_is_recorded_is_what_was_asked_for_and_what_came() -> None:
    stage = Stage(storyboard(CAT))

    report = stage.apply()

    done = report.outcomes["cat"]
    assert isinstance(done, Done)
    result = stage.book.entries["cat"].result
    assert result == done.attempt == stage.ledger.rows["request-1"]
    assert result.request == {"model": "cogvideox-3", "prompt": "A cat plays."}
    assert (result.provider, result.base_url, result.task_id) == ("geekai", stage.vendor.base_url, "task-1")
    assert (result.url, str(result.cost)) == (url_of("task-1"), "1.00 CNY")
    assert result.created_at < result.completed_at
    assert stage.shelf.placed == {"cat": result.clip.sha256}


def test_a_second_apply_has_nothing_to_do() -> None:
    stage = Stage(storyboard(CAT, NAP))
    stage.apply()

    assert all(isinstance(action, Keep) for action in stage.plan().actions)


# --- verdicts -----------------------------------------------------------------------------------------


def test_an_attempt_in_doubt_is_held_and_never_sent_again() -> None:
    stage = Stage(storyboard(CAT))
    stage.vendor.submits(Uncertain("the line went dead"))

    first = stage.apply()

    assert isinstance(first.outcomes["cat"], Held)
    assert stage.effects == [
        "intend request-1",
        "post request-1",
        "record request-1 held",
        "lock cat held",
    ]
    second = stage.apply()
    assert isinstance(second.outcomes["cat"], Held)
    assert stage.posts == []
    assert stage.told("held") == ["cat"]
    assert stage.book.entries["cat"].pending.error == "the line went dead"


def test_a_rename_of_a_held_attempt_is_held() -> None:
    stage = Stage(storyboard(CAT))
    stage.vendor.submits(Uncertain("the line went dead"))
    stage.apply()
    stage.board = storyboard(replace(CAT, name="kitten"))

    report = stage.apply()

    assert isinstance(report.outcomes["kitten"], Held)
    assert stage.posts == []
    assert list(stage.book.entries) == ["kitten"]


def test_a_refused_shot_is_a_failure_that_the_lock_remembers() -> None:
    stage = Stage(storyboard(CAT, DOG))
    stage.vendor.submits(Refused("unsafe", "reword it"))

    report = stage.apply(jobs=1)

    assert report.names(Failed) == ["cat"]
    assert report.names(Done) == ["dog"]
    assert stage.book.entries["cat"].status == "failed"
    assert stage.ledger.rows["request-1"].state is State.REFUSED
    assert stage.plan().actions[0].reason == "failed before: unsafe"


def test_nothing_more_is_bought_once_the_account_is_closed_and_what_runs_is_collected() -> None:
    stage = Stage(storyboard(CAT, DOG, shot("owl", "An owl."), shot("elk", "An elk.")))
    stage.vendor.submits(Accepted("task-1"), Closed("no balance", "top up"))

    report = stage.apply(jobs=2)

    assert report.names(Done) == ["cat"]
    assert report.names(Failed) == ["dog", "owl", "elk"]
    assert len(stage.posts) == 2
    assert report.outcomes["elk"] == Failed("not submitted: no balance", "top up")
    assert list(stage.book.entries) == ["cat"]


def test_fail_fast_buys_nothing_more_after_a_failure() -> None:
    stage = Stage(storyboard(CAT, DOG))
    stage.vendor.submits(Refused("no"))

    report = stage.apply(jobs=1, fail_fast=True)

    assert report.names(Failed) == ["cat", "dog"]
    assert len(stage.posts) == 1


def test_without_fail_fast_a_failure_stops_nobody_else() -> None:
    stage = Stage(storyboard(CAT, DOG))
    stage.vendor.submits(Refused("no"))

    assert stage.apply(jobs=1).names(Done) == ["dog"]


# --- chains -------------------------------------------------------------------------------------------


def test_a_chained_shot_is_sent_a_frame_of_the_clip_that_was_made() -> None:
    stage = Stage(storyboard(NAP, CAT))

    stage.apply()

    cat = stage.book.entries["cat"].result.clip.sha256
    assert [sent.shot for sent in stage.vendor.sent] == ["cat", "nap"]
    assert [image.data for image in stage.vendor.sent[1].images] == [f"last of {cat}".encode()]
    assert stage.book.entries["nap"].result.request["image"] == [f"frame:sha256:{cat}:last"]


@pytest.mark.parametrize("verdict", [Refused("no"), Uncertain("who knows")])
def test_what_hangs_on_a_shot_without_a_clip_is_blocked(verdict: Refused | Uncertain) -> None:
    stage = Stage(storyboard(CAT, NAP, shot("dream", "It dreams.", after="nap")))
    stage.vendor.submits(verdict)

    report = stage.apply()

    assert report.outcomes["nap"] == Blocked("cat")
    assert report.outcomes["dream"] == Blocked("nap")
    assert stage.told("blocked") == ["nap", "dream"]
    assert len(stage.posts) == 1


def test_a_shot_whose_upstream_was_stopped_is_stopped_too() -> None:
    stage = Stage(storyboard(CAT, NAP))
    stage.when["running cat"] = Run.stop
    stage.vendor.polls(TaskRunning())

    report = stage.apply()

    assert report.names(Stopped) == ["cat", "nap"]
    assert report.interrupted


def test_a_chain_turns_out_free_when_the_new_clip_is_the_old_one() -> None:
    stage = Stage(storyboard(CAT, NAP))
    stage.shelf.gives(b"the same")
    stage.apply()
    stage.shelf.gives(b"the same")

    before = stage.book.entries["nap"]

    report = stage.apply(replace=("cat",))

    assert report.names(Done) == ["cat", "nap"]
    assert len(stage.posts) == 1
    assert stage.book.entries["nap"] == before


def test_a_resumed_shot_does_not_wait_for_an_upstream_clip_that_cannot_be_had() -> None:
    upstream = attempt(CAT, task_id="")
    out = attempt(NAP, State.ACCEPTED, after=upstream.clip)
    stage = Stage(storyboard(CAT, NAP), locked(cat=upstream, nap=LockEntry(pending=out)))
    stage.shelf.gives(*[FetchError("nobody answers")] * 5)

    report = stage.apply(jobs=1)

    assert report.names(Failed) == ["cat"]
    assert report.names(Done) == ["nap"]


# --- twins --------------------------------------------------------------------------------------------


def test_twins_are_paid_once() -> None:
    stage = Stage(storyboard(CAT, replace(CAT, name="kitten")))

    report = stage.apply()

    assert report.names(Done) == ["cat", "kitten"]
    assert len(stage.posts) == 1
    assert stage.book.entries["cat"].result == stage.book.entries["kitten"].result


def test_twins_that_are_known_only_when_their_upstream_is_there_are_paid_once() -> None:
    stage = Stage(storyboard(CAT, NAP, replace(NAP, name="doze")))

    report = stage.apply()

    assert report.names(Done) == ["cat", "nap", "doze"]
    assert len(stage.posts) == 2
    assert stage.book.entries["nap"].result == stage.book.entries["doze"].result


def test_twins_that_are_both_replaced_are_paid_once() -> None:
    stage = Stage(storyboard(CAT, replace(CAT, name="kitten")))
    stage.apply()
    before = stage.book.entries["cat"].result

    report = stage.apply(replace=("cat", "kitten"))

    assert report.names(Done) == ["cat", "kitten"]
    assert len(stage.posts) == 1
    after = stage.book.entries["cat"].result
    assert after == stage.book.entries["kitten"].result != before
    assert stage.book.entries["kitten"].previous == before


def test_the_twin_of_a_shot_that_fails_is_blocked() -> None:
    stage = Stage(storyboard(CAT, replace(CAT, name="kitten")))
    stage.vendor.submits(Refused("no"))

    assert stage.apply().outcomes["kitten"] == Blocked("cat")


def test_the_twin_of_a_shot_that_is_stopped_is_stopped() -> None:
    stage = Stage(storyboard(CAT, replace(CAT, name="kitten")))
    stage.vendor.on_post = lambda _: stage.run.stop()

    assert stage.apply().names(Stopped) == ["cat", "kitten"]


def test_twins_that_resume_one_task_share_its_polls_and_its_download() -> None:
    out = attempt(CAT, State.ACCEPTED, task_id="task-7")
    twin = replace(CAT, name="kitten")
    stage = Stage(storyboard(CAT, twin), locked(cat=LockEntry(pending=out), kitten=LockEntry(pending=out)))
    stage.vendor.polls(TaskRunning())

    report = stage.apply()

    assert report.names(Done) == ["cat", "kitten"]
    assert stage.effects.count("poll task-7") == 2
    assert stage.effects.count(f"download {url_of('task-7')}") == 1
    assert stage.posts == []


def test_twins_that_resume_one_task_fail_together() -> None:
    out = attempt(CAT, State.ACCEPTED)
    twin = replace(CAT, name="kitten")
    stage = Stage(storyboard(CAT, twin), locked(cat=LockEntry(pending=out), kitten=LockEntry(pending=out)))
    stage.vendor.polls(TaskFailed("the model tripped", "try again"))

    report = stage.apply()

    assert report.names(Failed) == ["cat", "kitten"]
    assert stage.book.entries["kitten"].status == "failed"
    assert stage.book.entries["kitten"].pending.error == "the model tripped"


def test_two_requests_that_came_to_the_same_bytes_keep_their_own_records() -> None:
    same = clip("same")
    cat, dog = attempt(CAT, clip=same), attempt(DOG, clip=same)
    stage = Stage(
        storyboard(replace(CAT, name="kitten"), replace(DOG, name="puppy")), locked(cat=cat, dog=dog)
    )
    stage.shelf.has(cat)

    stage.apply()

    assert stage.book.entries["kitten"].result == cat
    assert stage.book.entries["puppy"].result == dog


# --- other runs ---------------------------------------------------------------------------------------


def test_a_task_that_another_run_had_accepted_meanwhile_is_resumed() -> None:
    stage = Stage(storyboard(CAT))
    theirs = attempt(CAT, State.ACCEPTED, request_id="theirs", task_id="task-9")
    stage.when["shot_started"] = lambda _: stage.ledger.rows.setdefault("theirs", theirs)

    report = stage.apply()

    assert report.names(Done) == ["cat"]
    assert stage.posts == []
    assert stage.book.entries["cat"].result.task_id == "task-9"
    assert [event.details for event in stage.events if event.event == "submitted"] == [{"task_id": "task-9"}]


THEIRS = attempt(CAT, State.INTENT, request_id="theirs", task_id="", error="another cogvid is submitting it")


def told_by_another_run(stage: Stage, **became: Any) -> RunReport:
    """Apply while another run submits this very request; that one hears what became of it a little later."""
    stage.ledger.alive.add("theirs")
    stage.ledger.rows["theirs"] = THEIRS
    stage.when["waiting"] = lambda _: stage.ledger.rows.update(theirs=replace(THEIRS, **became))
    return stage.apply()


def test_what_another_run_was_submitting_when_it_was_planned_is_waited_for() -> None:
    stage = Stage(storyboard(CAT))

    report = told_by_another_run(stage, state=State.ACCEPTED, task_id="task-9")

    assert report.names(Done) == ["cat"]
    assert stage.posts == []
    assert stage.book.entries["cat"].result.task_id == "task-9"
    assert stage.events[1].details == {"reason": THEIRS.error}


def test_what_another_run_heard_no_answer_to_is_held() -> None:
    stage = Stage(storyboard(CAT))

    report = told_by_another_run(stage, state=State.HELD, error="no answer")

    assert report.names(Held) == ["cat"]
    assert stage.book.entries["cat"].pending.error == "no answer"


def test_what_another_run_was_refused_is_not_bought_since_the_plan_did_not_say_so() -> None:
    stage = Stage(storyboard(CAT))

    report = told_by_another_run(stage, state=State.REFUSED)

    assert report.outcomes["cat"] == Failed("another run's submission came to nothing", "run apply again")
    assert stage.posts == []
    assert stage.apply().names(Done) == ["cat"]


def test_what_another_run_gets_to_know_while_it_is_about_to_be_held_is_gone_on_with() -> None:
    stage = Stage(storyboard(CAT))
    stage.ledger.rows["theirs"] = replace(THEIRS, state=State.HELD)
    stage.ledger.elsewhere["theirs"] = replace(THEIRS, state=State.ACCEPTED, task_id="task-9")

    assert stage.apply().names(Done) == ["cat"]
    assert stage.posts == []


def test_an_intent_whose_run_is_gone_is_held() -> None:
    stage = Stage(storyboard(CAT))
    stage.ledger.rows["theirs"] = attempt(CAT, State.INTENT, request_id="theirs", task_id="")

    report = stage.apply()

    assert report.names(Held) == ["cat"]
    assert stage.posts == []
    assert stage.ledger.rows["theirs"].state is State.HELD
    assert stage.book.entries["cat"].status == "held"


def test_a_request_that_came_to_be_in_doubt_in_another_run_is_held() -> None:
    stage = Stage(storyboard(CAT))
    theirs = attempt(CAT, State.HELD, request_id="theirs", task_id="", error="lost")
    stage.when["shot_started"] = lambda _: stage.ledger.rows.setdefault("theirs", theirs)

    assert stage.apply().outcomes["cat"] == Held(theirs)
    assert stage.posts == []


def test_what_is_in_doubt_here_and_was_settled_elsewhere_is_resumed() -> None:
    here = attempt(CAT, State.HELD, request_id="one", task_id="", error="lost")
    there = attempt(CAT, State.ACCEPTED, request_id="one", task_id="task-3")
    stage = Stage(storyboard(CAT), locked(cat=LockEntry(pending=there)))
    stage.ledger.rows["one"] = here

    assert stage.apply().names(Done) == ["cat"]
    assert stage.ledger.rows["one"].state is State.SUCCEEDED


def test_a_running_task_of_the_ledger_is_preferred_to_one_of_the_lock_that_is_in_doubt() -> None:
    doubtful = attempt(CAT, State.HELD, request_id="one", task_id="", error="lost")
    running = attempt(CAT, State.ACCEPTED, request_id="two", task_id="task-3")
    stage = Stage(storyboard(CAT), locked(cat=LockEntry(pending=doubtful)))
    stage.ledger.rows["two"] = running

    assert stage.apply().names(Done) == ["cat"]
    assert stage.book.entries["cat"].result.task_id == "task-3"


# --- nothing that was paid for is forgotten -----------------------------------------------------------


def test_what_leaves_the_lock_of_a_fresh_clone_is_remembered_by_its_ledger() -> None:
    entry = LockEntry(
        result=attempt(shot("cat", "Two.")),
        pending=attempt(shot("cat", "Three."), State.ACCEPTED),
        previous=attempt(shot("cat", "One."), request_id="the first"),
    )
    stage = Stage(storyboard(CAT), locked(cat=entry))

    stage.apply()

    assert stage.book.entries["cat"].previous == entry.result
    for gone in (entry.result, entry.pending, entry.previous):
        assert stage.ledger.rows[gone.request_id] == gone


def test_going_back_to_a_task_that_was_left_running_in_another_clone_resumes_it() -> None:
    third = shot("cat", "Three.")
    out = attempt(third, State.ACCEPTED, task_id="task-3")
    stage = Stage(storyboard(CAT), locked(cat=LockEntry(result=attempt(CAT), pending=out)))
    stage.shelf.has(attempt(CAT), "cat")
    stage.apply()
    assert stage.book.entries["cat"].pending is None
    stage.board = storyboard(third)

    stage.apply()

    assert stage.posts == []
    assert stage.book.entries["cat"].result.task_id == "task-3"


def test_a_forgotten_entry_is_remembered_by_the_ledger() -> None:
    entry = LockEntry(result=attempt(CAT), pending=attempt(DOG, State.HELD), previous=attempt(NAP))
    stage = Stage(storyboard(), locked(cat=entry))

    stage.apply()

    assert stage.book.entries == {}
    assert {row.request_id for row in stage.ledger.rows.values()} == {
        entry.result.request_id,
        entry.pending.request_id,
        entry.previous.request_id,
    }
    assert stage.told("forgotten") == ["cat"]


def test_what_is_renamed_keeps_its_old_name_in_the_lock_until_it_has_the_new_one() -> None:
    stage = Stage(
        storyboard(replace(CAT, name="kitten")), locked(cat=attempt(CAT), dog=LockEntry(result=attempt(DOG)))
    )
    stage.shelf.has(attempt(CAT))
    stage.shelf.broken = True

    report = stage.apply()

    assert report.names(Failed) == ["kitten"]
    assert stage.book.entries == {"cat": LockEntry(result=attempt(CAT))}
    assert stage.told("forgotten") == ["dog"]
    stage.shelf.broken = False
    stage.apply()
    assert stage.book.entries == {"kitten": LockEntry(result=attempt(CAT))}


def test_an_entry_that_cannot_be_remembered_stays_in_the_lock() -> None:
    stage = Stage(storyboard(), locked(cat=attempt(CAT)))
    stage.ledger.broken.add("take_in")

    with pytest.raises(StateError, match="the disk is full"):
        stage.apply()

    assert list(stage.book.entries) == ["cat"]


# --- a free clip never takes a paid one's place -------------------------------------------------------


def test_a_shared_preview_never_replaces_a_paid_clip() -> None:
    paid = attempt(DOG, request_id="paid")
    twin = replace(CAT, name="dog")
    stage = Stage(storyboard(CAT, twin, provider="preview"), locked(dog=paid))
    stage.shelf.has(paid, "dog")

    report = stage.apply()

    assert report.names(Done) == ["cat", "dog"]
    assert stage.sketch.rendered == ["cat"]
    assert stage.book.entries["dog"].result == paid


def test_an_earlier_preview_never_replaces_a_paid_clip() -> None:
    preview = attempt(CAT, provider="preview", request_id="preview")
    paid = attempt(DOG, request_id="paid")
    stage = Stage(storyboard(replace(CAT, name="dog"), provider="preview"), locked(dog=paid))
    stage.ledger.rows["preview"] = preview
    stage.shelf.has(preview)
    stage.shelf.has(paid, "dog")

    report = stage.apply()

    assert report.names(Done) == ["dog"]
    assert stage.book.entries["dog"].result == paid


def test_an_earlier_paid_clip_may_replace_another_in_a_run_of_previews() -> None:
    earlier = attempt(CAT, request_id="earlier")
    stage = Stage(storyboard(replace(CAT, name="dog"), provider="preview"), locked(dog=attempt(DOG)))
    stage.ledger.rows["earlier"] = earlier
    stage.shelf.has(earlier)

    stage.apply()

    assert stage.book.entries["dog"].result == earlier


def test_what_an_emulator_made_never_replaces_a_paid_clip() -> None:
    paid = attempt(DOG)
    stage = Stage(storyboard(replace(CAT, name="dog")), locked(dog=paid))
    stage.vendor.submits(Accepted("task-1", emulated=True))

    report = stage.apply()

    assert report.names(Failed) == ["dog"]
    assert stage.book.entries["dog"].result == paid
    assert "dog" not in stage.shelf.placed


def test_what_an_emulator_made_is_recorded_as_such_and_costs_nothing() -> None:
    stage = Stage(storyboard(CAT))
    stage.vendor.submits(Accepted("task-1", TaskSucceeded(url_of("task-1"), emulated=True)))

    stage.apply()

    assert stage.book.entries["cat"].result.provider == "emulator"
    assert stage.plan().actions[0].reason == "only a preview of it exists"


# --- previews -----------------------------------------------------------------------------------------


def test_previews_are_rendered_here_and_recorded_as_such() -> None:
    stage = Stage(storyboard(CAT, NAP, provider="preview"))

    report = stage.apply()

    assert report.names(Done) == ["cat", "nap"]
    result = stage.book.entries["nap"].result
    assert (result.provider, result.base_url, result.task_id) == ("preview", "", "")
    assert stage.vendor.sent == []
    assert stage.told("rendering") == ["cat", "nap"]


def test_a_preview_whose_file_is_gone_is_rendered_again() -> None:
    stage = Stage(storyboard(CAT, NAP, provider="preview"))
    stage.apply()
    before = dict(stage.book.entries)
    stage.shelf.kept.clear()
    stage.shelf.placed.clear()

    report = stage.apply()

    assert report.names(Done) == ["cat", "nap"]
    assert stage.sketch.rendered == ["cat", "nap", "cat", "nap"]
    assert stage.book.entries == before


def test_a_preview_that_is_rendered_again_and_comes_out_differently_is_recorded() -> None:
    stage = Stage(storyboard(CAT, NAP, provider="preview"))
    stage.apply()
    stage.shelf.kept.clear()
    stage.shelf.placed.clear()
    stage.sketch.shows_names = True

    report = stage.apply()

    assert report.names(Done) == ["cat", "nap"]
    assert stage.sketch.rendered == ["cat", "nap", "cat", "nap"]
    assert stage.shelf.kept.keys() == {entry.result.clip.sha256 for entry in stage.book.entries.values()}
    assert {type(action) for action in stage.plan().actions} == {Keep}


def test_a_preview_that_is_gone_cannot_be_had_from_a_vendor() -> None:
    preview = attempt(CAT, provider="preview")
    stage = Stage(storyboard(CAT, provider="preview"), locked(cat=preview))
    stage._provider = lambda: stage.vendor  # type: ignore[method-assign]

    report = stage.apply()

    assert "nobody else can render it" in report.outcomes["cat"].reason


# --- clips that exist ---------------------------------------------------------------------------------


def test_a_missing_file_is_fetched_from_its_address_and_the_lock_stays() -> None:
    result = attempt(CAT, clip=None, url=url_of("task-cat"))
    stage = Stage(storyboard(CAT), locked(cat=result))
    stage.apply(replace=("cat",))
    stage.shelf.kept.clear()
    stage.shelf.placed.clear()
    before = dict(stage.book.entries)

    report = stage.apply()

    assert report.names(Done) == ["cat"]
    assert stage.book.entries == before
    assert stage.shelf.placed == {"cat": before["cat"].result.clip.sha256}
    assert [event.details for event in stage.events if event.event == "succeeded"] == [{"action": "fetch"}]


def test_a_file_that_is_no_longer_the_locked_one_is_refused() -> None:
    stage = Stage(storyboard(CAT), locked(cat=attempt(CAT)))

    report = stage.apply()

    assert report.outcomes["cat"].reason == "the clip that came is another one"
    assert "cat" not in stage.shelf.placed


def test_a_rename_is_recorded_without_asking_anybody() -> None:
    stage = Stage(storyboard(replace(CAT, name="kitten")), locked(cat=attempt(CAT)))
    stage.shelf.has(attempt(CAT))

    stage.apply()

    assert stage.book.entries == {"kitten": LockEntry(result=attempt(CAT))}
    assert not [effect for effect in stage.effects if effect.split()[0] in ("post", "poll", "download")]


def test_a_clip_that_vanishes_while_its_frame_is_needed_fails_the_shot_that_needs_it() -> None:
    stage = Stage(storyboard(CAT, NAP))
    stage.when["succeeded cat"] = lambda _: stage.shelf.kept.clear()

    report = stage.apply()

    assert report.outcomes["nap"].reason == "the clip of 'cat' is gone"
    assert len(stage.posts) == 1


def test_what_is_not_as_asked_is_kept_with_a_warning() -> None:
    stage = Stage(storyboard(shot("cat", "A cat.", size="3840x2160")))

    stage.apply()

    (event,) = (event for event in stage.events if event.event == "succeeded")
    assert event.details["warnings"] == ["asked for 3840x2160, got 1920x1080"]


# --- stopping -----------------------------------------------------------------------------------------


def test_a_request_that_is_out_when_the_run_is_stopped_is_finished_and_recorded() -> None:
    stage = Stage(storyboard(CAT, DOG))
    stage.vendor.on_post = lambda _: stage.run.stop()

    report = stage.apply(jobs=1)

    assert report.interrupted
    assert report.names(Stopped) == ["cat", "dog"]
    assert stage.effects == [
        "intend request-1",
        "post request-1",
        "record request-1 accepted",
        "lock cat submitted",
    ]
    stage.vendor.on_post = lambda _: None
    assert stage.apply().names(Done) == ["cat", "dog"]
    assert len(stage.vendor.sent) == 2


def test_a_request_that_has_not_left_when_the_run_is_stopped_never_leaves() -> None:
    stage = Stage(storyboard(CAT))
    intend = stage.ledger.intend

    async def stop_meanwhile(wanted, **rest):  # type: ignore[no-untyped-def]
        stage.run.stop()
        return await intend(wanted, **rest)

    stage.ledger.intend = stop_meanwhile  # type: ignore[method-assign]

    report = stage.apply()

    assert report.names(Stopped) == ["cat"]
    assert stage.effects == ["intend request-1", "record request-1 refused"]
    stage.ledger.intend = intend  # type: ignore[method-assign]
    assert stage.apply().names(Done) == ["cat"]


@pytest.mark.parametrize("event", ["shot_started", "running", "waiting", "downloading"])
def test_a_run_that_is_stopped_while_it_waits_goes_on_with_the_next(event: str) -> None:
    stage = Stage(storyboard(CAT, NAP, DOG))
    stage.vendor.submits(NotAccepted("busy", retry_after=30))
    stage.vendor.polls(TaskRunning(), TaskRunning())
    stage.when[event] = Run.stop

    first = stage.apply(jobs=2)
    stage.when.clear()
    second = stage.apply()

    assert first.interrupted
    assert "nap" in first.names(Stopped)
    assert not second.interrupted
    assert second.names(Done) == ["cat", "nap", "dog"]
    accepted = [row for row in stage.ledger.rows.values() if row.task_id]
    assert len(accepted) == 3
    assert not [effect for effect in stage.effects if effect.startswith("lost")]


def test_a_run_that_is_stopped_while_a_preview_is_drawn_records_nothing_of_it() -> None:
    stage = Stage(storyboard(CAT, provider="preview"))
    stage.when["rendering"] = Run.stop

    assert stage.apply().names(Stopped) == ["cat"]
    assert stage.book.entries == {}
    assert stage.ledger.rows == {}


def test_a_stop_does_not_wait_for_a_poll() -> None:
    stage = Stage(storyboard(CAT))
    stage.vendor.seconds_per_poll = 600
    stage.when["submitted"] = lambda run: asyncio.get_running_loop().call_later(5, run.stop)

    assert stage.apply().names(Stopped) == ["cat"]
    assert stage.seconds < 10


def test_a_stop_after_the_end_changes_nothing() -> None:
    stage = Stage(storyboard(CAT))
    stage.when["succeeded"] = Run.stop

    assert stage.apply().names(Done) == ["cat"]


def test_a_run_that_is_cancelled_from_outside_is_not_taken_for_one_that_was_stopped() -> None:
    stage = Stage(storyboard(CAT))
    stage.when["submitted"] = lambda _: asyncio.get_running_loop().call_later(0.1, cancel_all)

    def cancel_all() -> None:
        for task in asyncio.all_tasks():
            task.cancel()

    with pytest.raises(asyncio.CancelledError):
        stage.apply()

    assert stage.book.entries["cat"].status == "submitted"


# --- when something breaks ----------------------------------------------------------------------------


def test_a_bug_in_one_take_does_not_lose_the_answers_to_what_others_have_sent() -> None:
    stage = Stage(storyboard(CAT, DOG))
    stage.vendor.submits(Accepted("task-1"), ZeroDivisionError("a bug"))

    with pytest.raises(ZeroDivisionError):
        stage.apply()

    assert not [effect for effect in stage.effects if effect.startswith("lost")]
    assert stage.ledger.rows["request-1"].task_id == "task-1"
    assert stage.book.entries["cat"].status == "submitted"
    stage.apply()
    assert stage.book.entries["cat"].status == "succeeded"
    assert stage.book.entries["dog"].status == "held"


def test_when_nobody_can_hear_it_the_run_ends_in_order() -> None:
    stage = Stage(storyboard(CAT, DOG))

    def gone(_: Run) -> None:
        raise BrokenPipeError

    stage.when["submitted"] = stage.when["run_finished"] = gone

    report = stage.apply()

    assert report.interrupted
    assert not [effect for effect in stage.effects if effect.startswith("lost")]
    assert all(row.state is State.ACCEPTED for row in stage.ledger.rows.values())


def test_a_lock_that_cannot_be_written_for_a_while_loses_nothing() -> None:
    stage = Stage(storyboard(CAT))
    stage.book.failing = 2

    assert stage.apply().names(Done) == ["cat"]
    assert stage.book.entries["cat"].status == "succeeded"


def test_a_lock_that_cannot_be_written_at_all_is_an_error_at_the_end() -> None:
    stage = Stage(storyboard(CAT))
    stage.book.failing = 10**6

    with pytest.raises(StateError, match="cannot write the lock"):
        stage.apply()

    assert stage.ledger.rows["request-1"].state is State.SUCCEEDED


def test_without_a_durable_intent_nothing_is_sent() -> None:
    stage = Stage(storyboard(CAT))
    stage.ledger.broken.add("intend")

    report = stage.apply()

    assert report.outcomes["cat"] == Failed("cannot intend: the disk is full", "free some space")
    assert stage.posts == []


def test_an_accepted_task_that_the_ledger_cannot_record_is_known_from_the_lock() -> None:
    stage = Stage(storyboard(CAT, DOG))
    stage.ledger.broken.add("record")

    report = stage.apply(jobs=1)

    assert report.names(Failed) == ["cat", "dog"]
    assert "cannot be recorded" in report.outcomes["dog"].reason
    assert len(stage.posts) == 1
    assert stage.book.entries["cat"].pending.task_id == "task-1"
    stage.ledger.broken.clear()
    assert stage.apply().names(Done) == ["cat", "dog"]
    assert len(stage.posts) == 1


def test_jobs_bounds_what_is_under_way() -> None:
    stage = Stage(storyboard(*(shot(f"s{n}", f"Shot {n}.") for n in range(5))))

    stage.apply(jobs=2)

    under_way = most = 0
    for event in stage.events:
        under_way += {"shot_started": 1, "succeeded": -1}.get(event.event, 0)
        most = max(most, under_way)
    assert most == 2


def test_few_submissions_are_out_at_once_however_many_jobs_there_are() -> None:
    stage = Stage(storyboard(*(shot(f"s{n}", f"Shot {n}.") for n in range(40))))

    stage.apply(jobs=40)

    out = most = 0
    for effect in stage.effects:
        out += 1 if effect.startswith("post") else -1 if effect.endswith("accepted") else 0
        most = max(most, out)
    assert most == 8


def test_the_events_say_what_was_bought() -> None:
    stage = Stage(storyboard(CAT, replace(CAT, name="kitten")))

    stage.apply()

    bought = [event for event in stage.events if event.event == "submitted"]
    assert [(event.shot, str(event.details["cost"])) for event in bought] == [("cat", "1.00 CNY")]
    assert [stage.events[0].event, stage.events[-1].event] == ["run_started", "run_finished"]
    assert stage.events[0].details == {"provider": "geekai", "actions": {"generate": 1, "reuse": 1}}
    assert stage.events[-1].details == {"interrupted": False}

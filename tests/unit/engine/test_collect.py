"""From an accepted task to its clip, however long it takes and whatever goes wrong."""

from dataclasses import replace
from typing import Any

import pytest

from cogvid_pipeline.engine.collect import TaskEnded, download, wait_for_task
from cogvid_pipeline.errors import ClipGone, CogvidError, FetchError, MediaError, StateError, StoreError
from cogvid_pipeline.model.attempt import Attempt, State
from cogvid_pipeline.model.wire import (
    PollDenied,
    PollFailed,
    TaskFailed,
    TaskRunning,
    TaskState,
    TaskSucceeded,
    TaskUnknown,
)
from tests.boards import attempt, shot, storyboard
from tests.stage import NO_VIDEO, Stage, clip_of_bytes, url_of, with_run

CAT = shot("cat")
OUT = attempt(CAT, State.ACCEPTED, task_id="task-1", request_id="request-1")
DONE = replace(OUT, state=State.SUCCEEDED, url="https://static.example.com/old.mp4")


@pytest.fixture
def stage() -> Stage:
    one = Stage(storyboard(CAT))
    one.ledger.rows["request-1"] = OUT
    return one


def waited(stage: Stage, *states: TaskState, answer: TaskState | None = None, **options: Any) -> Attempt:
    stage.vendor.polls(*states)
    return with_run(stage, lambda run: wait_for_task(run, OUT, "cat", answer), **options)


def downloaded(stage: Stage, wanted: Attempt = DONE) -> Attempt:
    return with_run(stage, lambda run: download(run, wanted, "cat"))


def polls(stage: Stage) -> int:
    return stage.effects.count("poll task-1")


# --- polling ------------------------------------------------------------------------------------------


def test_a_finished_task_has_its_address_and_is_recorded_only_with_its_clip(stage: Stage) -> None:
    done = waited(stage, TaskRunning(), TaskRunning(), TaskSucceeded("https://static.example.com/a.mp4"))

    assert (done.state, done.url) == (State.SUCCEEDED, "https://static.example.com/a.mp4")
    assert polls(stage) == 3
    assert stage.told("running") == ["cat", "cat"]
    assert stage.ledger.rows["request-1"] == OUT


def test_an_answer_that_is_there_already_is_not_asked_for(stage: Stage) -> None:
    waited(stage, answer=TaskSucceeded("https://static.example.com/a.mp4"))

    assert polls(stage) == 0


def test_a_finished_task_shows_that_the_vendor_is_well(stage: Stage) -> None:
    async def body(run: Any) -> int:
        run.throttle.turned_away(1, 1)
        await wait_for_task(run, OUT, "cat", None)
        failures: int = run.throttle.failures
        return failures

    assert with_run(stage, body) == 0


def test_a_task_that_the_vendor_gave_up_on_is_recorded_as_a_failure(stage: Stage) -> None:
    with pytest.raises(TaskEnded, match="the model tripped") as ended:
        waited(stage, TaskFailed("the model tripped", "try again"))

    assert ended.value.hint == "try again"
    assert ended.value.attempt == stage.ledger.rows["request-1"]
    assert stage.ledger.rows["request-1"].state is State.FAILED
    assert stage.ledger.rows["request-1"].error == "the model tripped"


def test_a_task_that_never_finishes_is_left_for_the_next_apply(stage: Stage) -> None:
    stage.vendor.always = TaskRunning()

    with pytest.raises(CogvidError, match="did not finish in time"):
        waited(stage, task_timeout=3600)

    assert 3600 <= stage.seconds < 3601
    assert polls(stage) < 300
    assert stage.ledger.rows["request-1"] == OUT


def test_one_no_such_task_is_asked_again(stage: Stage) -> None:
    done = waited(stage, TaskUnknown("what task?"), TaskRunning(), TaskUnknown("what task?"))

    assert done.state is State.SUCCEEDED


def test_a_task_that_is_unknown_twice_in_a_row_is_reported_and_nothing_is_recorded(stage: Stage) -> None:
    with pytest.raises(CogvidError, match="no longer knows task task-1: what task") as error:
        waited(stage, TaskUnknown("what task?"), TaskUnknown("what task?"))

    assert not isinstance(error.value, TaskEnded)
    assert polls(stage) == 2
    assert stage.ledger.rows["request-1"] == OUT


def test_a_key_that_is_not_accepted_is_not_tried_again(stage: Stage) -> None:
    with pytest.raises(CogvidError, match="bad key") as error:
        waited(stage, PollDenied("bad key", "check it"))

    assert error.value.hint == "check it"
    assert polls(stage) == 1
    assert stage.ledger.rows["request-1"] == OUT


def test_polls_that_fail_are_repeated_ever_more_slowly(stage: Stage) -> None:
    done = waited(stage, *[PollFailed("HTTP 500")] * 6)

    assert done.state is State.SUCCEEDED
    assert stage.told("waiting") == ["cat"] * 6
    assert 60 < stage.seconds < 70  # 1 + 2 + 4 + 8 + 16 + 32, and the first 0.5


def test_a_poll_that_works_ends_the_row_of_failures(stage: Stage) -> None:
    waited(stage, *[PollFailed("HTTP 500")] * 3, TaskRunning(), PollFailed("HTTP 500"))

    assert stage.seconds < 16


def test_what_the_vendor_asks_for_between_polls_is_kept(stage: Stage) -> None:
    waited(stage, PollFailed("busy", retry_after=120))

    assert 120 < stage.seconds < 122


def test_nobody_waits_longer_for_a_poll_than_for_the_task(stage: Stage) -> None:
    stage.vendor.always = PollFailed("busy", retry_after=10**9)

    with pytest.raises(CogvidError, match="did not finish in time"):
        waited(stage, task_timeout=3600)

    assert stage.seconds < 3601


# --- downloading --------------------------------------------------------------------------------------


def test_a_clip_is_kept_and_recorded(stage: Stage) -> None:
    done = downloaded(stage)

    assert done.clip == clip_of_bytes(DONE.url.encode())
    assert stage.ledger.rows["request-1"] == done
    assert done.clip.sha256 in stage.shelf.kept


def test_bytes_are_told_now_and_then(stage: Stage) -> None:
    downloaded(stage)

    told = [event.details for event in stage.events if event.event == "downloading"]
    assert told == [{"bytes": 1, "total": 2}, {"bytes": 2, "total": 2}]


def test_bytes_are_told_at_most_four_times_a_second(stage: Stage) -> None:
    async def many(url: str, into: Any, progress: Any) -> None:
        for there in range(1000):
            progress(there, None)
        stage.shelf.files[into] = b"clip"

    stage.shelf.download = many  # type: ignore[method-assign]

    downloaded(stage)

    assert len(stage.told("downloading")) == 1


def test_a_download_that_fails_is_tried_again(stage: Stage) -> None:
    stage.shelf.gives(*[FetchError("cut off")] * 4)

    assert downloaded(stage).clip is not None
    assert stage.told("waiting") == ["cat"] * 4
    assert 15 <= stage.seconds - 5 < 16


def test_a_download_that_fails_five_times_stays_for_the_next_apply(stage: Stage) -> None:
    stage.shelf.gives(*[FetchError("cut off")] * 9)

    with pytest.raises(FetchError, match="cut off"):
        downloaded(stage)

    assert len([effect for effect in stage.effects if effect.startswith("download")]) == 5
    assert stage.ledger.rows["request-1"] == OUT


def test_what_is_no_video_is_tried_again_and_never_recorded(stage: Stage) -> None:
    stage.shelf.gives(*[NO_VIDEO] * 9)

    with pytest.raises(MediaError, match="no video"):
        downloaded(stage)

    assert stage.ledger.rows["request-1"] == OUT
    assert stage.shelf.kept == {}


def test_what_was_no_video_only_once_is_fine(stage: Stage) -> None:
    stage.shelf.gives(NO_VIDEO)

    assert downloaded(stage).clip is not None


def test_a_clip_that_is_not_the_recorded_one_is_an_error_at_once(stage: Stage) -> None:
    with pytest.raises(StateError, match="another one"):
        downloaded(stage, replace(DONE, clip=clip_of_bytes(b"recorded")))

    assert stage.told("waiting") == []


def test_what_the_lock_says_of_a_clip_stays_when_it_is_fetched_again(stage: Stage) -> None:
    described = replace(clip_of_bytes(DONE.url.encode()), duration=4.9)

    assert downloaded(stage, replace(DONE, clip=described)).clip == described


# --- dead addresses -----------------------------------------------------------------------------------


def test_a_dead_address_is_asked_for_anew(stage: Stage) -> None:
    stage.shelf.gives(ClipGone("dead"))

    done = downloaded(stage)

    assert done.url == url_of("task-1")
    assert polls(stage) == 1
    assert stage.ledger.rows["request-1"].url == url_of("task-1")


def test_no_address_at_all_is_asked_for_as_well(stage: Stage) -> None:
    stage.shelf.gives(ClipGone("no address"))

    assert downloaded(stage, replace(DONE, url="")).url == url_of("task-1")


def test_an_address_that_is_dead_although_it_is_new_is_the_end(stage: Stage) -> None:
    stage.shelf.gives(ClipGone("dead"), ClipGone("dead too"))

    with pytest.raises(ClipGone, match="dead too"):
        downloaded(stage)

    assert polls(stage) == 1


def test_nobody_is_sent_off_to_pay_for_what_the_shared_store_may_have(stage: Stage) -> None:
    described = clip_of_bytes(b"theirs")
    stage.colleagues.failing = True
    stage.shelf.gives(ClipGone("dead"), ClipGone("dead too"))

    with pytest.raises(StoreError, match="the shared store cannot be used"):
        downloaded(stage, replace(DONE, clip=described))

    assert stage.told("waiting") == ["cat"]


def test_the_same_dead_address_again_is_the_end(stage: Stage) -> None:
    stage.shelf.gives(ClipGone("dead"), ClipGone("dead"))
    stage.vendor.polls(TaskSucceeded(DONE.url))

    with pytest.raises(ClipGone):
        downloaded(stage)


def test_without_a_task_a_dead_address_is_the_end(stage: Stage) -> None:
    stage.shelf.gives(ClipGone("dead"))

    with pytest.raises(ClipGone):
        downloaded(stage, replace(DONE, task_id=""))

    assert stage.effects == [f"download {DONE.url}"]


@pytest.mark.parametrize("last", [TaskFailed("it was deleted"), TaskUnknown("it was deleted")])
def test_a_clip_that_the_vendor_has_no_more_is_said_plainly(
    stage: Stage, last: TaskFailed | TaskUnknown
) -> None:
    stage.shelf.gives(ClipGone("dead"))
    stage.vendor.polls(last, last)

    with pytest.raises(ClipGone, match="its address is dead and it was deleted") as gone:
        downloaded(stage)

    assert "--replace" in gone.value.hint
    assert stage.ledger.rows["request-1"] == OUT


@pytest.mark.parametrize("once", [PollFailed("HTTP 502"), TaskRunning(), TaskUnknown("what task?")])
def test_a_vendor_that_cannot_say_at_first_is_asked_again(stage: Stage, once: TaskState) -> None:
    stage.shelf.gives(ClipGone("dead"))
    stage.vendor.polls(once)

    assert downloaded(stage).url == url_of("task-1")
    assert polls(stage) == 2


def test_a_vendor_that_cannot_be_asked_is_no_reason_to_pay_again(stage: Stage) -> None:
    stage.shelf.gives(ClipGone("dead"))
    stage.vendor.always = PollFailed("HTTP 502")

    with pytest.raises(FetchError, match="cannot be asked for: HTTP 502") as failed:
        downloaded(stage)

    assert not isinstance(failed.value, ClipGone)
    assert "--replace" not in failed.value.hint


def test_a_key_that_is_not_accepted_is_no_reason_to_pay_again(stage: Stage) -> None:
    stage.shelf.gives(ClipGone("dead"))
    stage.vendor.polls(PollDenied("bad key", "check it"))

    with pytest.raises(CogvidError, match="bad key") as denied:
        downloaded(stage)

    assert denied.value.hint == "check it"
    assert not isinstance(denied.value, FetchError)

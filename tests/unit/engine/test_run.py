"""What the takes of a run share: work, the signal to stop, and an ear."""

import asyncio

import pytest

from cogvid_pipeline.engine.run import Run
from tests.boards import storyboard
from tests.stage import Stage, with_run


def stage() -> Stage:
    return Stage(storyboard())


# --- once ---------------------------------------------------------------------------------------------


def test_work_that_several_ask_for_is_done_once_and_all_get_its_result() -> None:
    done = []

    async def work() -> str:
        done.append("work")
        await asyncio.sleep(1)
        return "result"

    async def body(run: Run) -> list[str]:
        return await asyncio.gather(*(run.once("key", work) for _ in range(3)), run.once("other", work))

    assert with_run(stage(), body) == ["result"] * 4
    assert len(done) == 2


def test_who_asks_when_the_work_is_done_gets_its_result_at_once() -> None:
    async def work() -> object:
        return object()

    async def body(run: Run) -> bool:
        return await run.once("key", work) is await run.once("key", work)

    assert with_run(stage(), body)


def test_a_failure_reaches_all_who_asked() -> None:
    async def work() -> None:
        await asyncio.sleep(1)
        raise LookupError("nothing there")

    async def body(run: Run) -> list[object]:
        return await asyncio.gather(*(run.once("key", work) for _ in range(2)), return_exceptions=True)

    assert [str(error) for error in with_run(stage(), body)] == ["nothing there"] * 2


def test_a_failure_that_nobody_else_waits_for_is_no_warning() -> None:
    async def work() -> None:
        raise LookupError

    async def body(run: Run) -> None:
        with pytest.raises(LookupError):
            await run.once("key", work)

    complaints: list[object] = []

    async def watched(run: Run) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        await body(run)

    with_run(stage(), watched)
    assert complaints == []


def test_a_stop_ends_who_does_the_work_and_who_waits_for_it() -> None:
    async def body(run: Run) -> list[object]:
        takes = [asyncio.create_task(run.once("key", lambda: run.pause(3600))) for _ in range(2)]
        await asyncio.sleep(1)
        run.stop()
        return await asyncio.gather(*takes, return_exceptions=True)

    one = stage()
    ends = with_run(one, body)

    assert [type(end) for end in ends] == [asyncio.CancelledError] * 2
    assert one.seconds == 1


def test_who_waits_does_not_wait_for_ever_when_the_work_is_cancelled() -> None:
    async def body(run: Run) -> list[object]:
        worker, waiter = (asyncio.create_task(run.once("key", lambda: run.pause(3600))) for _ in range(2))
        await asyncio.sleep(1)
        worker.cancel()
        return await asyncio.gather(worker, waiter, return_exceptions=True)

    one = stage()
    assert [type(end) for end in with_run(one, body)] == [asyncio.CancelledError] * 2
    assert one.seconds == 1


def test_who_waits_may_go_without_ending_the_work() -> None:
    async def work() -> str:
        await asyncio.sleep(2)
        return "result"

    async def body(run: Run) -> str:
        worker = asyncio.create_task(run.once("key", work))
        await asyncio.sleep(1)
        waiter = asyncio.create_task(run.once("key", work))
        await asyncio.sleep(0.5)
        waiter.cancel()
        return await worker

    assert with_run(stage(), body) == "result"


# --- stopping -----------------------------------------------------------------------------------------


def test_a_pause_takes_its_time() -> None:
    one = stage()

    with_run(one, lambda run: run.pause(3600))

    assert one.seconds == 3600


def test_a_stop_ends_a_pause_and_not_what_runs_outside_of_one() -> None:
    ended = []

    async def paused(run: Run) -> None:
        await run.pause(3600)

    async def post(run: Run) -> None:
        await asyncio.sleep(5)
        ended.append("post")

    async def body(run: Run) -> list[object]:
        takes = [asyncio.create_task(paused(run)), asyncio.create_task(post(run))]
        await asyncio.sleep(1)
        run.stop()
        return await asyncio.gather(*takes, return_exceptions=True)

    one = stage()
    first, second = with_run(one, body)

    assert isinstance(first, asyncio.CancelledError)
    assert second is None
    assert ended == ["post"]
    assert one.seconds == 5


def test_after_a_stop_nothing_begins_to_wait() -> None:
    async def body(run: Run) -> None:
        run.stop()
        with pytest.raises(asyncio.CancelledError):
            await run.pause(3600)

    one = stage()
    with_run(one, body)

    assert one.seconds == 0


def test_what_has_waited_is_not_ended_by_a_later_stop() -> None:
    async def body(run: Run) -> str:
        await run.pause(1)
        run.stop()
        await asyncio.sleep(1)
        return "went on"

    assert with_run(stage(), body) == "went on"


# --- closing ------------------------------------------------------------------------------------------


def test_a_run_submits_until_it_is_closed_or_stopped() -> None:
    async def body(run: Run) -> list[bool]:
        answers = [run.may_submit()]
        run.close("no balance")
        answers.append(run.may_submit())
        return answers

    async def stopped(run: Run) -> bool:
        run.stop()
        return run.may_submit()

    assert with_run(stage(), body) == [True, False]
    assert with_run(stage(), stopped) is False


def test_the_first_reason_to_close_is_the_one_that_is_told() -> None:
    async def body(run: Run) -> tuple[str, str]:
        run.close("no balance", "top up")
        run.close("a failure")
        return run.closed, run.closed_hint

    assert with_run(stage(), body) == ("no balance", "top up")


# --- telling ------------------------------------------------------------------------------------------


def test_an_event_has_the_time_in_utc() -> None:
    one = stage()

    async def body(run: Run) -> None:
        run.tell("running", "cat", task_id="t")

    with_run(one, body)

    (event,) = one.events
    assert (event.event, event.shot, event.details) == ("running", "cat", {"task_id": "t"})
    assert event.time == "2026-09-21T14:13:20.000+00:00"


def test_a_run_that_nobody_can_hear_is_stopped() -> None:
    one = stage()

    def gone(_: Run) -> None:
        raise BrokenPipeError

    one.when["running"] = gone

    async def body(run: Run) -> bool:
        run.tell("running", "cat")
        return run.stopping

    assert with_run(one, body)

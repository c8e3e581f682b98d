"""See an accepted task through to a clip in the cache."""

import asyncio
from dataclasses import replace
from pathlib import Path

from cogvid_pipeline.engine.ports import Note, Progress
from cogvid_pipeline.engine.retry import backoff, poll_delays
from cogvid_pipeline.engine.run import Run
from cogvid_pipeline.errors import ClipGone, CogvidError, FetchError, MediaError, StoreError
from cogvid_pipeline.model.attempt import Attempt, State, Stored
from cogvid_pipeline.model.wire import (
    PollDenied,
    PollFailed,
    TaskFailed,
    TaskRunning,
    TaskState,
    TaskSucceeded,
    TaskUnknown,
)

_FETCH_TRIES = 5
_STRANGERS = 2


class TaskEnded(CogvidError):
    """The task will never give a clip; `attempt` records why."""

    def __init__(self, attempt: Attempt, *, hint: str) -> None:
        super().__init__(attempt.error, hint=hint)
        self.attempt = attempt


async def wait_for_task(run: Run, attempt: Attempt, shot: str, answer: TaskState | None) -> Attempt:
    """Poll until the task has ended; the attempt then has its URL.

    `answer` is what is known already. Raises TaskEnded when the vendor gave up on the task, CogvidError
    when the vendor cannot be asked or does not know it; the attempt then stays for the next apply.
    """
    deadline = run.ports.clock() + run.options.task_timeout
    delays = poll_delays()
    failures = strangers = 0
    while True:
        if isinstance(answer, TaskSucceeded | TaskFailed | PollDenied):
            return await _ended(run, attempt, answer)
        failures = failures + 1 if isinstance(answer, PollFailed) else 0
        # A single "no such task" may come from a replica that lags behind.
        strangers = strangers + 1 if isinstance(answer, TaskUnknown) else 0
        if isinstance(answer, TaskUnknown) and strangers >= _STRANGERS:
            raise CogvidError(
                f"{attempt.provider} no longer knows task {attempt.task_id}: {answer.reason}",
                hint="nothing is submitted again by itself; ask the vendor what became of it. "
                f"If it is another task, run: cogvid recover --adopt {shot}=TASK; "
                f"if it is lost: cogvid recover --pay-again {shot}",
            )
        left = deadline - run.ports.clock()
        if left <= 0:
            raise CogvidError(
                f"task {attempt.task_id} did not finish in time", hint="the next apply goes on waiting for it"
            )
        delay = next(delays)
        if isinstance(answer, PollFailed):
            run.tell("waiting", shot, reason=answer.reason)
            delay = max(delay, answer.retry_after or backoff(failures, run.ports.jitter()))
        elif answer is not None:
            run.tell("running", shot, task_id=attempt.task_id)
        await run.pause(min(delay, left))
        answer = await _poll(run, attempt)


async def _ended(run: Run, attempt: Attempt, answer: TaskSucceeded | TaskFailed | PollDenied) -> Attempt:
    match answer:
        case TaskSucceeded(url, emulated):
            # Recorded with its clip: until that is there, the task is what the next apply goes on with.
            run.throttle.progressed()
            provider = "emulator" if emulated else attempt.provider
            return replace(attempt, state=State.SUCCEEDED, provider=provider, url=url, completed_at=run.now())
        case TaskFailed(reason, hint):
            failed = replace(attempt, state=State.FAILED, error=reason, completed_at=run.now())
            await run.ports.ledger.record(failed)
            raise TaskEnded(failed, hint=hint)
        case PollDenied(reason, hint):
            raise CogvidError(reason, hint=hint)


async def download(run: Run, attempt: Attempt, shot: str, note: Note | None = None) -> Attempt:
    """Fetch a finished task's clip into the cache; the attempt then has it. Free, however often.

    What was there before may lie in the shared store. It is recorded, or noted as asked for. Raises
    FetchError when the clip cannot be had now, MediaError when what came is no playable video, StateError
    when it is not the clip that the lock describes, and StoreError when only the shared store may have it.
    """
    staged = run.ports.clips.staging(attempt.request_id)
    told = 0.0

    def progress(there: int, of: int | None) -> None:
        nonlocal told
        if run.ports.clock() - told >= 0.25:
            told = run.ports.clock()
            run.tell("downloading", shot, bytes=there, total=of)

    unshared: StoreError | None = None
    try:
        if attempt.clip and await fetch_shared(run, attempt.clip, staged, progress):
            run.tell("decoding", shot)
            return await keep(run, attempt, staged, note)
    except StoreError as error:
        run.tell("waiting", shot, reason=str(error))
        unshared = error
    try:
        return await _from_vendor(run, attempt, shot, staged, progress, note)
    except ClipGone:
        if unshared:  # which may have it yet: nobody is to pay for it again
            raise unshared from None
        raise


async def _from_vendor(
    run: Run, attempt: Attempt, shot: str, staged: Path, progress: Progress, note: Note | None
) -> Attempt:
    dead: str | None = None
    failures = 0
    while True:
        try:
            if attempt.url == dead:
                attempt = await _with_new_url(run, attempt)
            async with run.stoppable():
                await run.ports.download(attempt.url, staged, progress)
            run.tell("decoding", shot)
            return await keep(run, attempt, staged, note)
        except ClipGone:
            if dead is not None or not attempt.task_id:
                raise
            dead = attempt.url
        except (FetchError, MediaError) as error:
            failures += 1
            if failures >= _FETCH_TRIES:
                raise
            run.tell("waiting", shot, reason=str(error))
            await run.pause(backoff(failures, run.ports.jitter()))


async def fetch_shared(run: Run, clip: Stored, staged: Path, progress: Progress = lambda *_: None) -> bool:
    """Whether the shared store had the clip, which is staged then. Raises StoreError."""
    shared = run.ports.shared
    if shared is None:
        return False
    loop = asyncio.get_running_loop()

    def pass_on(there: int, of: int | None) -> None:
        if run.stopping:  # nobody waits for the rest; the next run goes on from here
            raise StoreError("the run has been stopped")
        loop.call_soon_threadsafe(progress, there, of)

    async with run.stoppable():
        return await asyncio.to_thread(shared.fetch, clip, staged, pass_on)


async def keep(run: Run, attempt: Attempt, staged: Path, note: Note | None = None) -> Attempt:
    """Move a finished file into the cache and record it, or note it as asked for."""
    expected = attempt.clip.sha256 if attempt.clip else None
    clip = await asyncio.to_thread(run.ports.clips.adopt, staged, expected=expected)
    done = replace(attempt, clip=attempt.clip or clip)
    await (note or run.ports.ledger.record)(done)
    return done


async def _with_new_url(run: Run, attempt: Attempt) -> Attempt:
    """Ask the vendor for the clip's address again.

    Raises ClipGone only when the vendor says that there is none any more: it sends the user off to pay.
    """
    answer = await _poll(run, attempt)
    if isinstance(answer, TaskUnknown):
        await run.pause(backoff(1, run.ports.jitter()))
        answer = await _poll(run, attempt)
    match answer:
        case TaskSucceeded(url):
            return replace(attempt, url=url)
        case TaskFailed(reason) | TaskUnknown(reason):
            raise ClipGone(
                f"the clip of task {attempt.task_id} cannot be had any more: "
                f"its address is dead and {reason}",
                hint="to pay for a new one, run: cogvid apply --replace SHOT",
            )
        case PollDenied(reason, hint):
            raise CogvidError(reason, hint=hint)
        case PollFailed(reason):
            raise FetchError(f"the clip's address is dead, and a new one cannot be asked for: {reason}")
        case TaskRunning():
            raise FetchError("the clip's address is dead, and the vendor says that the task is running")


async def _poll(run: Run, attempt: Attempt) -> TaskState:
    async with run.stoppable():
        return await run.ports.vendor_of(attempt).poll(attempt)

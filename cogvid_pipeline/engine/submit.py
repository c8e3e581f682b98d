"""Get one request accepted, at most once.

The order is the promise: the intent is durable before the POST leaves, and the task id is durable before
anything else happens. An answer that leaves doubt is held, never repeated.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from cogvid_pipeline.engine.outcome import Failed, Held
from cogvid_pipeline.engine.ports import Vendor
from cogvid_pipeline.engine.run import Run
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.attempt import Attempt, State
from cogvid_pipeline.model.wire import (
    Accepted,
    Closed,
    Duplicate,
    NotAccepted,
    Refused,
    Submission,
    Uncertain,
    Verdict,
)

# Nobody answers: a network that is down is not worth a long wait.
_UNREACHABLE_TRIES = 4

_COME_BACK = "nothing was bought; run apply again when the vendor answers"


@dataclass(frozen=True, slots=True)
class Submitted:
    """An accepted attempt; `answer` is None when another run had submitted the same request already."""

    attempt: Attempt
    answer: Accepted | None


async def submit(
    run: Run, vendor: Vendor, wanted: Attempt, submission: Submission
) -> Submitted | Failed | Held:
    """The accepted attempt, or how it ended without one. `wanted` is the attempt without its request id."""
    unreachable = 0
    while not run.closed:
        async with _turn(run, submission.shot):
            tried = await _try(run, vendor, wanted, submission)
        if tried is None:
            continue
        attempt, verdict = tried
        if not isinstance(verdict, NotAccepted):
            return _conclude(run, attempt, verdict)
        unreachable = 0 if verdict.reached else unreachable + 1
        run.throttle.turned_away(verdict.retry_after, run.ports.jitter())
        run.tell("waiting", submission.shot, reason=verdict.reason)
        if run.throttle.exhausted:
            run.close(verdict.reason, _COME_BACK)
        if unreachable >= _UNREACHABLE_TRIES:
            return Failed(verdict.reason, _COME_BACK)
    return Failed(f"not submitted: {run.closed}", run.closed_hint)


@asynccontextmanager
async def _turn(run: Run, shot: str) -> AsyncIterator[None]:
    """Wait until the vendor may be asked, and keep the number of requests that are out small."""
    while True:
        if seconds := run.throttle.wait():
            run.tell("waiting", shot, reason=f"the vendor is asked again in {seconds:.0f} s")
            await run.pause(seconds)
        async with run.stoppable():
            await run.submissions.acquire()
        try:
            if run.closed or not run.throttle.wait():
                yield
                return
        finally:
            run.submissions.release()


def _conclude(
    run: Run, attempt: Attempt, verdict: Accepted | Refused | Closed | Uncertain | Duplicate | None
) -> Submitted | Failed | Held:
    match verdict:
        case Accepted():
            run.throttle.progressed()
            return Submitted(attempt, verdict)
        case Refused(reason, hint):
            return Failed(reason, hint, attempt)
        case Closed(reason, hint):
            run.close(reason, hint)
            return Failed(reason, hint)
        case Uncertain() | Duplicate():
            return Held(attempt)
        case None if attempt.state is State.INTENT:
            return elsewhere()
        case None:
            return Held(attempt) if attempt.state is State.HELD else Submitted(attempt, None)


def elsewhere() -> Failed:
    """How a take ends whose very request a run that is alive is submitting."""
    return Failed("another run is submitting this very request", "run apply again when it has ended")


async def _try(
    run: Run, vendor: Vendor, wanted: Attempt, submission: Submission
) -> tuple[Attempt, Verdict | None] | None:
    """One attempt, from its intent to the record of what became of it; None when it was called off.

    There is no verdict when the ledger has a live attempt at the same request: that one is returned.
    """
    if not run.may_submit():
        return None
    request_id = run.ports.new_id()
    attempt = replace(wanted, state=State.INTENT, request_id=request_id, created_at=run.now())
    if (live := await run.ports.ledger.intend(attempt)) is not None:
        return live, None
    if not run.may_submit():
        await run.ports.ledger.record(_after(attempt, NotAccepted("the run was stopped"), run.now()))
        return None
    verdict = await vendor.submit(replace(submission, request_id=request_id))
    attempt = _after(attempt, verdict, run.now())
    try:
        await run.ports.ledger.record(attempt)
    except CogvidError as error:
        # Going on brings the task's id into the lock at least; buying more would be blind.
        run.close(f"what the vendor answered cannot be recorded: {error}", error.hint)
    return attempt, verdict


def _after(attempt: Attempt, verdict: Verdict, now: str) -> Attempt:
    match verdict:
        case Accepted(task_id, _, emulated):
            provider = "emulator" if emulated else attempt.provider
            return replace(attempt, state=State.ACCEPTED, task_id=task_id, provider=provider)
        case Uncertain(reason) | Duplicate(reason):
            return replace(attempt, state=State.HELD, error=reason)
        case NotAccepted(reason) | Refused(reason) | Closed(reason):
            return replace(attempt, state=State.REFUSED, error=reason, completed_at=now)

"""Get one request accepted, at most once.

The order is the promise: the intent is durable before the POST leaves, and the task id is durable before
anything else happens. An answer that leaves doubt is held, never repeated.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from cogvid_pipeline.engine.outcome import Failed, Held, Stopped
from cogvid_pipeline.engine.ports import Vendor
from cogvid_pipeline.engine.run import Run
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


@dataclass(frozen=True, slots=True)
class Submitted:
    """An accepted attempt; `answer` is None when another run had submitted the same request already."""

    attempt: Attempt
    answer: Accepted | None


async def submit(
    run: Run, vendor: Vendor, wanted: Attempt, submission: Submission
) -> Submitted | Failed | Held | Stopped:
    """The accepted attempt, or how it ended without one. `wanted` is the attempt without its request id."""
    unreachable = 0
    while True:
        async with _turn(run, submission.shot):
            if run.closed:
                return Failed(run.closed, run.closed_hint)
            if run.stopping:
                return Stopped()
            attempt, verdict = await _try(run, vendor, wanted, submission)
        if not isinstance(verdict, NotAccepted):
            return _conclude(run, attempt, verdict)
        unreachable = 0 if verdict.reached else unreachable + 1
        run.throttle.turned_away(verdict.retry_after, run.ports.jitter())
        run.tell("waiting", submission.shot, reason=verdict.reason)
        if unreachable >= _UNREACHABLE_TRIES or run.throttle.exhausted:
            return Failed(verdict.reason, "nothing was bought; run apply again when the vendor answers")


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
            if not run.throttle.wait():
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
        case None:
            in_doubt = attempt.state in (State.HELD, State.INTENT)
            return Held(attempt) if in_doubt else Submitted(attempt, None)


async def _try(
    run: Run, vendor: Vendor, wanted: Attempt, submission: Submission
) -> tuple[Attempt, Verdict | None]:
    """One attempt, from its intent to the record of what became of it.

    There is no verdict when the ledger has a live attempt at the same request: that one is returned.
    """
    request_id = run.ports.new_id()
    attempt = replace(wanted, state=State.INTENT, request_id=request_id, created_at=run.now())
    if (live := await run.ports.ledger.intend(attempt)) is not None:
        return live, None
    verdict = await vendor.submit(replace(submission, request_id=request_id))
    attempt = _after(attempt, verdict, run.now())
    await run.ports.ledger.record(attempt)
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

"""Send one submission when its turn has come, and record what became of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class Submitted:
    """An accepted attempt; `answer` is None when another run had submitted the same request already.

    That one may have come to its end since.
    """

    attempt: Attempt
    answer: Accepted | None


@asynccontextmanager
async def turn(run: Run, shot: str) -> AsyncIterator[None]:
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


async def post(run: Run, vendor: Vendor, attempt: Attempt, submission: Submission) -> tuple[Attempt, Verdict]:
    """Send it, once. The attempt is durable already: as an intent, or as held when this is a repetition."""
    verdict = await vendor.submit(replace(submission, request_id=attempt.request_id))
    return await record(run, attempt, verdict), verdict


async def record(run: Run, attempt: Attempt, verdict: Verdict) -> Attempt:
    """The attempt after this verdict, durable before anything else happens."""
    attempt = _after(attempt, verdict, run.now())
    try:
        await run.ports.ledger.record(attempt)
    except CogvidError as error:
        # Going on brings the task's id into the lock at least; buying more would be blind.
        run.close(f"what the vendor answered cannot be recorded: {error}", error.hint)
    return attempt


def _after(attempt: Attempt, verdict: Verdict, now: str) -> Attempt:
    match verdict:
        case Accepted(task_id, _, emulated):
            provider = "emulator" if emulated else attempt.provider
            return replace(attempt, state=State.ACCEPTED, task_id=task_id, provider=provider, error="")
        case Uncertain(reason) | Duplicate(reason):
            return replace(attempt, state=State.HELD, error=reason)
        case NotAccepted() | Refused() | Closed() if attempt.state is State.HELD:
            # That the repetition was turned away does not say what became of the first.
            return attempt
        case NotAccepted(reason) | Refused(reason) | Closed(reason):
            return replace(attempt, state=State.REFUSED, error=reason, completed_at=now)

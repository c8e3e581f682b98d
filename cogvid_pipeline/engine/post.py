"""Send one submission when its turn has come, and record what became of it."""

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


@dataclass(frozen=True, slots=True)
class Submitted:
    """An accepted attempt; `answer` is None when another run had submitted the same request already.

    That one may have come to its end since.
    """

    attempt: Attempt
    answer: Accepted | None


def of_another_run(attempt: Attempt) -> Submitted | Failed | Held:
    """How a submission ends of which another run has the say."""
    if attempt.state is State.HELD:
        return Held(attempt)
    if attempt.state in {State.RELEASED, State.REFUSED, State.FAILED}:
        return Failed(f"another run has found that it is {attempt.state}", "run apply again", attempt)
    return Submitted(attempt, None)


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


async def post(
    run: Run, vendor: Vendor, attempt: Attempt, submission: Submission
) -> tuple[Attempt, Verdict | None]:
    """Send it, once. Its intent is durable already; `attempt` is held when this is a repetition.

    There is no verdict when another run, which took this one for dead, has more to say of the attempt.
    """
    verdict = await vendor.submit(replace(submission, request_id=attempt.request_id))
    standing = await record(run, attempt, verdict)
    return standing, verdict if standing.state is _after(attempt, verdict, "").state else None


async def record(run: Run, attempt: Attempt, verdict: Verdict) -> Attempt:
    """The attempt after this verdict, durable before anything else happens."""
    attempt = _after(attempt, verdict, run.now())
    try:
        return await run.ports.ledger.record(attempt)
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

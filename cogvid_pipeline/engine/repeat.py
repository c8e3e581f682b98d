"""Settle a submission whose answer was lost, where the vendor knows it by its request id.

Sending the same bytes with the same request id to the same host with the same key buys nothing twice: the
vendor either takes it for the first time or says that it has it. It does not say for how long it remembers.
"""

from dataclasses import replace
from itertools import count

from cogvid_pipeline.engine.outcome import Failed, Held
from cogvid_pipeline.engine.ports import RepeatableVendor, Vendor
from cogvid_pipeline.engine.post import Submitted, of_another_run, post, record, turn
from cogvid_pipeline.engine.retry import backoff, is_repeatable
from cogvid_pipeline.engine.run import Run
from cogvid_pipeline.model.attempt import Attempt, State
from cogvid_pipeline.model.wire import (
    Accepted,
    Closed,
    Duplicate,
    NotAccepted,
    PollDenied,
    PollFailed,
    Refused,
    Submission,
    TaskUnknown,
    Uncertain,
    Verdict,
)

_REPETITIONS = 6
_QUESTIONS = 4
_ACCEPTED = "the vendor has accepted it, but does not tell its task's id: paying again would pay twice"


async def settle(
    run: Run, vendor: Vendor, held: Attempt, submission: Submission, doubt: Uncertain | Duplicate
) -> Submitted | Failed | Held:
    """What became of a submission after all; held as long as that is not known."""
    if not isinstance(vendor, RepeatableVendor):
        return Held(held)
    if isinstance(doubt, Duplicate):
        return await _find(run, vendor, held)
    return await _insist(run, vendor, held, submission)


async def go_on(run: Run, vendor: Vendor, held: Attempt, submission: Submission) -> Submitted | Failed | Held:
    """Settle a submission that an earlier run made; held unless this one would be the very same."""
    same = replace(submission, request_id=held.request_id)
    if not isinstance(vendor, RepeatableVendor) or vendor.seal(same) != held.seal:
        return Held(held)
    return await _repeat(run, vendor, held, same) or await _insist(run, vendor, held, same)


async def _insist(
    run: Run, vendor: RepeatableVendor, held: Attempt, submission: Submission
) -> Submitted | Failed | Held:
    """Send it again until there is an answer that tells, ever less often and not for long."""
    for failures in count(1):
        if failures > _REPETITIONS or not run.may_submit():
            break
        reason = f"asking again with the same request id, since {held.error}"
        run.tell("waiting", submission.name, reason=reason)
        await run.pause(backoff(failures, run.ports.jitter()))
        again = await _repeat(run, vendor, held, submission)
        if again is not None:
            return again
    return Held(held)


async def _repeat(
    run: Run, vendor: RepeatableVendor, held: Attempt, submission: Submission
) -> Submitted | Failed | Held | None:
    """Send it again, once; None when that leaves the doubt as it was and may be tried once more."""
    async with turn(run, submission.name):
        if not run.may_submit() or not is_repeatable(held, run.ports.clock()):
            return Held(held)
        attempt, verdict = await _send_again(run, vendor, held, submission)
    match verdict:
        case None:
            return _of_another_run(attempt)
        case Accepted():
            run.progressed()
            return Submitted(attempt, verdict)
        case Duplicate():
            return await _find(run, vendor, attempt)
        case NotAccepted():
            run.turned_away(verdict)
            return None
        case Uncertain():
            return None
        case Refused():
            return Held(attempt)
        case Closed(reason, hint):
            run.close(reason, hint)
            return Held(attempt)


async def _send_again(
    run: Run, vendor: RepeatableVendor, held: Attempt, submission: Submission
) -> tuple[Attempt, Verdict | None]:
    """Send it under a new intent; without a verdict where it was not sent, or another run has the say."""
    if (other := await run.ports.ledger.intend_again(held)) is not None:
        return other, None
    if not run.may_submit() or not is_repeatable(held, run.ports.clock()):  # writing may have taken long
        return await run.ports.ledger.record(held), None
    return await post(run, vendor, held, submission)


def _of_another_run(attempt: Attempt) -> Submitted | Failed | Held | None:
    """None while that run is sending it: then the doubt is as it was."""
    return None if attempt.state is State.INTENT else of_another_run(attempt)


async def _find(run: Run, vendor: RepeatableVendor, held: Attempt) -> Submitted | Failed | Held:
    """Ask for the task by its request id: it was accepted, and the answer with its id was lost."""
    unknown = False
    for failures in range(1, _QUESTIONS + 1):
        async with run.stoppable():
            answer = await vendor.find(held.request_id)
        match answer:
            case Accepted():
                run.progressed()
                found = await record(run, held, answer)
                return Submitted(found, answer if found.state is State.ACCEPTED else None)
            case PollDenied():
                return Held(held)
            case PollFailed():
                unknown = False
            case TaskUnknown():
                # Twice in a row: once may come from a replica that lags behind. Asking again is in vain then.
                if unknown:
                    given_up = replace(held, seal="", error=_ACCEPTED)
                    return of_another_run(await run.ports.ledger.record(given_up))
                unknown = True
        await run.pause(backoff(failures, run.ports.jitter()))
    return Held(held)

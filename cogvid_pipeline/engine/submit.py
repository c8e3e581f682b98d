"""Get one request accepted, at most once.

The order is the promise: the intent is durable before the POST leaves, and the task id is durable before
anything else happens. An answer that leaves doubt is held; only where the vendor knows the request by its
id is it asked again (engine/repeat.py).
"""

from dataclasses import replace

from cogvid_pipeline.engine.outcome import Failed, Held
from cogvid_pipeline.engine.ports import RepeatableVendor, Vendor
from cogvid_pipeline.engine.post import Submitted, of_another_run, post, record, turn
from cogvid_pipeline.engine.repeat import settle
from cogvid_pipeline.engine.run import Run
from cogvid_pipeline.engine.window import Visit
from cogvid_pipeline.model.attempt import Attempt, Full, State
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

LOOK_AGAIN = 2.0  # seconds after which is looked again what another run has come to

_COME_BACK = "nothing was bought; run apply again when the vendor answers"


async def submit(
    run: Run, vendor: Vendor, wanted: Attempt, submission: Submission, visit: Visit, *, again: bool = False
) -> Submitted | Failed | Held:
    """The accepted attempt, or how it ended without one. `wanted` is the attempt without its request id.

    One that has succeeded since the plan was made will do, unless the clip is wanted `again`.
    What is accepted, or may be, has a place in the vendor's window until the visit ends.
    """
    unreachable = 0
    while not run.closed:
        async with run.stoppable():
            await visit.enter()
        async with turn(run, submission.name):
            tried = await _try(run, vendor, wanted, submission, again=again)
        if tried is None:
            continue
        if isinstance(tried, Full):
            visit.leave()
            await _wait(run, submission, f"other runs have {tried.others} tasks of this account in hand")
            continue
        attempt, verdict = tried
        if verdict is None and attempt.state is State.INTENT:
            visit.leave()
            await _wait(run, submission, attempt.error)
            continue
        if not isinstance(verdict, NotAccepted):
            return await _conclude(run, vendor, submission, attempt, verdict)
        unreachable = 0 if verdict.reached else unreachable + 1
        run.turned_away(verdict)
        visit.leave()
        run.tell("waiting", submission.name, reason=verdict.reason)
        if run.throttle.exhausted:
            run.close(verdict.reason, _COME_BACK)
        if unreachable >= _UNREACHABLE_TRIES:
            return Failed(verdict.reason, _COME_BACK)
    return Failed(f"not submitted: {run.closed}", run.closed_hint)


async def _conclude(
    run: Run,
    vendor: Vendor,
    submission: Submission,
    attempt: Attempt,
    verdict: Accepted | Refused | Closed | Uncertain | Duplicate | None,
) -> Submitted | Failed | Held:
    match verdict:
        case Accepted():
            run.progressed()
            return Submitted(attempt, verdict)
        case Refused(reason, hint):
            return Failed(reason, hint, attempt)
        case Closed(reason, hint):
            run.close(reason, hint)
            return Failed(reason, hint)
        case Uncertain() | Duplicate():
            return await settle(run, vendor, attempt, submission, verdict)
        case None:
            return of_another_run(attempt)


async def _wait(run: Run, submission: Submission, reason: str) -> None:
    """Wait for another run, of whom no word comes."""
    run.tell("waiting", submission.name, reason=reason)
    await run.pause(LOOK_AGAIN * (0.5 + run.ports.jitter()))


async def _try(
    run: Run, vendor: Vendor, wanted: Attempt, submission: Submission, *, again: bool
) -> tuple[Attempt, Verdict | None] | Full | None:
    """One attempt, from its intent to the record of what became of it; None when it was called off.

    There is no verdict when another run has the say: of another attempt at the same request, or of this one.
    """
    if not run.may_submit():
        return None
    attempt = _intent(run, vendor, wanted, submission)
    room = max(0, run.window.size - run.window.inside)
    other = await run.ports.ledger.intend(attempt, again=again, room=room)
    if other is not None:
        return other if isinstance(other, Full) else (other, None)
    if not run.may_submit():
        await record(run, attempt, NotAccepted("the run was stopped"))
        return None
    return await post(run, vendor, attempt, submission)


def _intent(run: Run, vendor: Vendor, wanted: Attempt, submission: Submission) -> Attempt:
    submission = replace(submission, request_id=run.ports.new_id())
    return replace(
        wanted,
        state=State.INTENT,
        request_id=submission.request_id,
        created_at=run.now(),
        seal=vendor.seal(submission) if isinstance(vendor, RepeatableVendor) else "",
        own=True,
        account=vendor.account,
    )

"""Decide whether what a run has to say of an attempt may replace what the ledger has.

Several runs may speak of one attempt. A run can be paused for longer than others wait for it, and be taken
for dead; what it sent may then have been held, asked for again, adopted or released before it wakes.

| the ledger has | held | refused | accepted | failed | succeeded | adopted | released |
|---|---|---|---|---|---|---|---|
| intent, by this run | yes | yes | yes | yes | yes | error | error |
| intent, by another that is alive | no | no | yes | yes | yes | error | error |
| held (or an intent whose run is dead) | yes | if this run sent it last | yes | yes | yes | yes | yes |
| accepted, adopted | no | no | yes | of the same task | yes | if it was adopted | of the same task |
| refused, released | no | no | yes, beside | yes | yes | error | no change |
| failed | no | no | no | yes | yes | error | no change |
| succeeded | no | no | no | no | yes | error | error |

So knowledge replaces doubt and never the reverse; a refusal counts only from the run that sent the request
last, since another's repetition may have been accepted; a vendor's word that it has a task is always kept,
even where a person has meanwhile paid again; and a person's word counts for what that person has seen.
"""

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, State

_OVER = frozenset({State.REFUSED, State.RELEASED, State.FAILED})


def replaces(new: Attempt, old: Attempt, *, mine: bool) -> bool:
    """Whether `new` is to be recorded over `old`, the same attempt as the ledger has it.

    `mine` says that the run that speaks was the last to send it. The state of `old` is as it is seen: held
    where its run is dead. Raises StateError when a person's decision was about something else.
    """
    same_task = new.task_id == old.task_id
    match new.state:
        case State.INTENT:
            return False
        case State.HELD:
            return old.state is State.HELD or (old.state is State.INTENT and mine)
        case State.REFUSED:
            return mine and old.state in {State.INTENT, State.HELD}
        case State.ACCEPTED:
            return old.state not in {State.FAILED, State.SUCCEEDED}
        case State.FAILED:
            return old.clip is None and (same_task or not old.task_id)
        case State.SUCCEEDED:
            return True
        case State.ADOPTED:
            return _decided(new, old, fits=old.state in {State.HELD, State.ADOPTED})
        case State.RELEASED:
            fits = old.clip is None and old.state is not State.INTENT and same_task
            return _decided(new, old, fits=fits) and old.state not in _OVER


def _decided(new: Attempt, old: Attempt, *, fits: bool) -> bool:
    if fits or new == old:
        return True
    task = f" as task {old.task_id}" if old.task_id else ""
    raise StateError(
        f"another run has something to say of {new.request_id} meanwhile: it is {old.state}{task}",
        hint="nothing was changed; look at `cogvid recover` again",
    )

"""Settle what is in doubt as the user says, in the ledger and in the lock."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cogvid_pipeline.cli.accounts import ACCOUNTS
from cogvid_pipeline.cli.conflict import settle_conflict, whole_again
from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.model.attempt import Attempt, Lock, LockEntry, State
from cogvid_pipeline.model.plan import (
    Forget,
    Generate,
    Hold,
    Plan,
    PlanOptions,
    Regenerate,
    Repeat,
    Resume,
    TakeStep,
)
from cogvid_pipeline.model.wire import is_task_id
from cogvid_pipeline.report.held import Doubt
from cogvid_pipeline.state.ledger import SqliteLedger
from cogvid_pipeline.state.lockfile import LockFile


def find_doubts(plan: Plan, ledger: SqliteLedger) -> dict[str, Doubt]:
    """What is in doubt, by the names of the shots that ask for it, else by its request id."""
    held = [action for action in _steps(plan).values() if isinstance(action, Hold | Repeat)]
    shots: dict[str, tuple[str, ...]] = {}
    for action in held:
        request_id = action.attempt.request_id
        shots[request_id] = (*shots.get(request_id, ()), action.name)
    doubts = {
        action.name: Doubt(action.attempt, shots[action.attempt.request_id], isinstance(action, Repeat))
        for action in held
        if action.attempt.state is not State.INTENT
    }
    others = (attempt for attempt in ledger.in_doubt() if attempt.request_id not in shots)
    return doubts | {attempt.request_id: Doubt(attempt, ()) for attempt in others}


class Settlement:
    """One use of `recover`; what it says is durable when `settle` has ended."""

    def __init__(self, project: Project, ledger: SqliteLedger) -> None:
        self._project = project
        self._ledger = ledger
        self._plan = project.plan(ledger, PlanOptions())
        self._steps = _steps(self._plan)
        self._doubts = find_doubts(self._plan, ledger)

    def settle(self, adopt: Mapping[str, str], pay_again: Sequence[str]) -> Iterator[str]:
        """Do it, and yield a line about each. Raises UsageError before anything is changed."""
        if both := adopt.keys() & set(pay_again):
            raise UsageError(f"{', '.join(sorted(both))} cannot be both adopted and paid again")
        settled = {
            **{name: self._adopted(name, task) for name, task in adopt.items()},
            **{name: self._released(name) for name in pay_again},
        }
        lock, file = settle_conflict(self._project, self._ledger, self._plan)
        for name, attempt in settled.items():
            self._ledger.record(attempt)
            self._show(name, attempt, lock, file)
        file.flush()
        for name, task in adopt.items():
            yield f"{name}: the next apply waits for task {task}"
        for name in pay_again:
            yield f"{name}: {self._what_follows(name)}"
        if self._plan.conflicted:
            yield whole_again(self._project)

    def _adopted(self, name: str, task_id: str) -> Attempt:
        if not is_task_id(task_id):
            raise UsageError(f"{task_id!r} cannot be the id of a task", hint="copy it from the vendor's list")
        attempt = self._to_adopt_for(name)
        others = [one for one in self._ledger.of_task(task_id) if one.request_id != attempt.request_id]
        if others:
            prompt = others[0].request.get("prompt", "")
            raise UsageError(
                f"task {task_id} is known already, as that of another request: {prompt!r}",
                hint="see at the vendor which task it is",
            )
        return replace(attempt, state=State.ADOPTED, task_id=task_id, error="")

    def _to_adopt_for(self, name: str) -> Attempt:
        step = self._steps.get(name)
        if name in self._doubts:
            attempt = self._doubts[name].attempt
        elif isinstance(step, Resume) and step.attempt.state is State.ADOPTED:
            attempt = step.attempt  # the user's own word, which may have been wrong
        else:
            return self._made_elsewhere(name)
        account = ACCOUNTS.get(attempt.provider)
        if not (attempt.own or (account and account.knows(attempt.base_url))):
            # The polls for an adopted task carry the key, and a lock comes with pull requests.
            raise UsageError(
                f"the lock says that {name!r} was submitted to {attempt.base_url}, "
                "where no key of yours is sent",
                hint="see in git who changed the lock; if the host is right, set the base URL to it",
            )
        return attempt

    def _made_elsewhere(self, name: str) -> Attempt:
        """An attempt at what the shot asks for, which was submitted by other means."""
        action = self._step(name)
        account = ACCOUNTS.get(self._project.storyboard.provider)
        if not isinstance(action, Generate | Regenerate):
            raise UsageError(f"{name!r} needs no task: {action.reason}", hint=self._held_now())
        if account is None:
            raise UsageError(f"no vendor makes {name!r}", hint="its provider is preview")
        if action.fingerprint is None:
            raise UsageError(f"what {name!r} asks for is not known yet: {action.reason}")
        return Attempt(
            State.ADOPTED,
            action.fingerprint,
            action.request,
            account.name,
            account.base_url,
            request_id=str(uuid.uuid4()),
            cost=action.cost,
            created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            own=True,
        )

    def _released(self, name: str) -> Attempt:
        if name in self._doubts:
            return replace(self._doubts[name].attempt, state=State.RELEASED)
        action = self._step(name)
        if isinstance(action, Resume):
            return replace(action.attempt, state=State.RELEASED)
        raise UsageError(f"{name!r} is not held", hint=self._held_now())

    def _what_follows(self, released: str) -> str:
        if released in self._steps:
            return "the next apply submits it again"
        return "no longer held; no shot of this manifest asks for it now"

    def _step(self, name: str) -> TakeStep:
        self._project.check_takes([name])
        return self._steps[name]

    def _held_now(self) -> str:
        return f"held are {', '.join(self._doubts)}" if self._doubts else "nothing is held"

    def _show(self, name: str, settled: Attempt, lock: Lock, file: LockFile) -> None:
        """Bring it into every entry of the lock that waits for this attempt, or that is to wait for it."""
        waiting = {
            other
            for other, entry in lock.entries.items()
            if entry.pending and entry.pending.request_id == settled.request_id
        }
        if name in self._steps:
            waiting.add(name)
        pending = settled if settled.state is State.ADOPTED else None
        for other in waiting:
            before = lock.entries.get(other, LockEntry())
            if before.pending:
                self._ledger.take_in(before.pending)
            entry = replace(before, pending=pending)
            file.put(other, entry if entry.pending or entry.result else None)


def _steps(plan: Plan) -> dict[str, TakeStep]:
    return {action.name: action for action in plan.actions if not isinstance(action, Forget)}

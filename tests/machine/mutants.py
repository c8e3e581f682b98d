"""Mistakes that the machine has to catch; each is made in a process that is told to."""

import pickle
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.engine.locking import LockKeeper
from cogvid_pipeline.engine.outcome import Outcome
from cogvid_pipeline.engine.take import TakeWorker
from cogvid_pipeline.model.attempt import Attempt, Labelled, Lock, LockEntry
from cogvid_pipeline.model.plan import Resume
from cogvid_pipeline.model.wire import NotAccepted, Submission, Uncertain, Verdict
from cogvid_pipeline.providers.geekai import GeekAI
from cogvid_pipeline.state.gathered import GatheredLedger
from cogvid_pipeline.state.lockfile import read_lock


def resuming_posts_again() -> None:
    """A task that is under way is submitted once more by the next run."""
    resume = TakeWorker.resume

    async def mutant(self: TakeWorker, action: Resume) -> Outcome:
        if not action.shot.images:
            submission = await self._submission(action.take, {})
            await self.run.ports.provider().submit(replace(submission, request_id=self.run.ports.new_id()))
        return await resume(self, action)

    TakeWorker.resume = mutant


def the_intent_is_recorded_late() -> None:
    """Nothing is written down before the answer is there."""

    async def mutant(self: GatheredLedger, attempt: Attempt, **how: object) -> None:
        return None

    GatheredLedger.intend = mutant


def a_lost_answer_is_asked_for_again() -> None:
    """What is uncertain counts as not accepted."""
    submit = GeekAI.submit

    async def mutant(self: GeekAI, submission: Submission) -> Verdict:
        verdict = await submit(self, submission)
        return NotAccepted(verdict.reason, 0.0) if isinstance(verdict, Uncertain) else verdict

    GeekAI.submit = mutant


def a_result_hides_what_is_pending() -> None:
    """The lock shows an unfinished attempt only where there is no result."""
    pending = LockKeeper.pending

    def mutant(self: LockKeeper, name: str, attempt: Attempt) -> None:
        if self.entry(name).result is None:
            pending(self, name, attempt)

    LockKeeper.pending = mutant


def the_past_is_replayed_by_name() -> None:
    """What this machine last made for a shot of that name takes the place of what git brought."""
    result = LockKeeper.result
    memory = Path(".git/by-name")  # where the command runs, at the top of the repository

    def remembered() -> dict[str, Attempt]:
        with suppress(OSError):
            return pickle.loads(memory.read_bytes())
        return {}

    def mutant(self: LockKeeper, name: str, attempt: Attempt, labelled: Labelled | None = None) -> None:
        result(self, name, attempt, labelled)
        with suppress(OSError):
            memory.write_bytes(pickle.dumps(remembered() | {name: attempt}))

    def lock(self: Project) -> Lock:
        lock = read_lock(self.lock_path)
        entries = {
            name: replace(lock.entries.get(name, LockEntry()), result=attempt)
            for name, attempt in remembered().items()
        }
        return replace(lock, entries={**lock.entries, **entries})

    LockKeeper.result = mutant
    Project.lock = cached_property(lock)
    Project.lock.__set_name__(Project, "lock")


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (
        resuming_posts_again,
        the_intent_is_recorded_late,
        a_lost_answer_is_asked_for_again,
        a_result_hides_what_is_pending,
        the_past_is_replayed_by_name,
    )
}

"""Put a lock in which a merge left conflicts in order again."""

from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.model.attempt import Lock
from cogvid_pipeline.model.plan import Plan
from cogvid_pipeline.state.ledger import Ledger
from cogvid_pipeline.state.lockfile import LockFile


def settle_conflict(project: Project, ledger: Ledger, plan: Plan) -> tuple[Lock, LockFile]:
    """The lock with one entry for each take, and the file, which its next flush writes whole.

    What either side says of the others is in the ledger before anything of it can leave the lock: going back
    to it is free, and what is unfinished is not lost. Raises StateError.
    """
    file = LockFile(project.lock_path, project.storyboard.output)
    if not plan.conflicted:
        return project.lock, file
    with ledger.together():
        for alternatives in project.lock.alternatives.values():
            for entry in alternatives:
                for attempt in entry.attempts:
                    ledger.take_in(attempt)
    file.settle(project.lock.digest, plan.settled)
    return project.lock.settled(plan.settled), file


def whole_again(project: Project) -> str:
    """What is left to do once such a lock has been written."""
    name = project.lock_path.name
    return f"{name} is whole again; tell git with `git add {name}`"

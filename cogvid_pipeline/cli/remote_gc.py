"""What `gc --remote` finds in the shared store, and removes from it."""

import time
from collections.abc import Sequence

from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.cli.sharing import need_store
from cogvid_pipeline.model.cache import CacheFile
from cogvid_pipeline.remote.sweep import check_own, clear_abandoned, remove, survey
from cogvid_pipeline.state.needed import find_needed


def sweep_store(
    project: Project, grace: float, *, unshared: bool, yes: bool
) -> tuple[str, list[CacheFile], Sequence[str]]:
    """The store's address, its objects with why each stays, and what dead uploads have left.

    With `yes` what nobody needs is gone then. `grace` is in seconds. Raises StoreError where other projects
    may need what is there.
    """
    store = need_store(project)
    check_own(store, project.storyboard.project, unshared=unshared)
    now = time.time()
    with project.read_ledger() as ledger:
        needed = find_needed(project.root, ledger, since=now - grace, shared=False)
    files = survey(store, needed, now=now, grace=grace)
    if yes:
        remove(store, files, now=now)
    return store.address, files, list(clear_abandoned(store, before=now - grace, yes=yes))

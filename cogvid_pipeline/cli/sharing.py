"""The shared store of a project: where it is, and what planning asks of it."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from cogvid_pipeline.cli.extras import needing_extra
from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.errors import StoreError, UsageError
from cogvid_pipeline.manifest.remote import check_address
from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.model.plan import Generate, Plan, PlanOptions, Regenerate
from cogvid_pipeline.remote.bucket import AT_ONCE
from cogvid_pipeline.remote.places import open_bucket, refuse_planted
from cogvid_pipeline.remote.shared import SharedStore
from cogvid_pipeline.state.ledger import Ledger

REMOTE = "COGVID_REMOTE"


def find_store(project: Project) -> SharedStore | None:
    """The shared store that the environment names, or else the manifest; None where there is none.

    Raises UsageError when the address cannot be one, CogvidError when what knows its scheme is missing.
    """
    address = os.environ.get(REMOTE)
    if address is None:
        if address := project.storyboard.remote:
            refuse_planted(address, project.root)
    elif address and (problem := check_address(address)):
        raise UsageError(f"{REMOTE}: {problem[0]}", hint=problem[1])
    if not address:
        return None
    with needing_extra("s3", f"a store at {address}"):
        return SharedStore(open_bucket(address, project.root), project.is_genuine)


def need_store(project: Project) -> SharedStore:
    """The shared store. Raises UsageError where none is named."""
    store = find_store(project)
    if store is None:
        raise UsageError(
            "no shared store is named",
            hint=f"write `remote: s3://our-clips/film`, or set {REMOTE} to its address",
        )
    return store


def _without_remote(error: StoreError) -> str:
    """What to do where the shared store cannot be asked, and nothing is bought anyway."""
    return f"{error.hint or 'try again later'}; leave --remote out to plan without the store"


def plan_with(
    store: SharedStore | None,
    project: Project,
    ledger: Ledger,
    options: PlanOptions,
    advise: Callable[[StoreError], str] = _without_remote,
) -> Plan:
    """What `apply` would do, once a store was asked for all that would be bought.

    What it has may tell what later shots ask for, so that it is asked again. Raises StoreError when it
    cannot be asked: then nobody knows what would be paid for twice.
    """
    plan = project.plan(ledger, options)
    if store is None or not options.remote or plan.provider == "preview":
        return plan
    asked: set[str] = set()
    while new := _bought(plan) - asked:
        asked |= new
        try:
            found = _found(store, new)
        except StoreError as error:
            raise StoreError(str(error), hint=advise(error)) from error
        if found:
            project.colleagues.update(found)
            plan = project.plan(ledger, options)
    return plan


def _found(store: SharedStore, fingerprints: set[str]) -> dict[str, Attempt]:
    """What the store has of these requests. Who is interrupted waits for no more answers."""
    store.check()  # before there are threads, which would each wait for a store that is silent
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        answers = zip(fingerprints, pool.map(store.find, fingerprints), strict=True)
        return {each: attempt for each, attempt in answers if attempt}
    except KeyboardInterrupt:
        # Threads that wait for a silent store hold up the exit; another Ctrl-C need not hear of them.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _bought(plan: Plan) -> set[str]:
    """The fingerprints of what would be bought, as far as they are known, and a clip in place would do."""
    return {
        action.fingerprint
        for action in plan.actions
        if isinstance(action, Generate | Regenerate) and action.fingerprint and not action.again
    }

"""`cogvid gc`: clear the clip cache of what nobody needs."""

import os
import time
from contextlib import nullcontext
from pathlib import Path

import click

from cogvid_pipeline.cli.options import MANIFEST_OPTION
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.model.cache import CacheFile
from cogvid_pipeline.report.cache import cache_json, cache_text
from cogvid_pipeline.report.printable import printable
from cogvid_pipeline.state.exclusive import between_runs
from cogvid_pipeline.state.needed import find_needed
from cogvid_pipeline.state.opening import read_ledger
from cogvid_pipeline.state.places import find_state_directory, server_in
from cogvid_pipeline.store.sweep import remove, survey

_DAY = 24 * 60 * 60


@click.command()
@click.option("--yes", "-y", is_flag=True, help="Remove the files; without it they are only listed.")
@click.option(
    "--grace",
    "grace_days",
    type=click.IntRange(min=0, max=36_500),
    default=30,
    show_default=True,
    metavar="DAYS",
    help="Keep what is younger, and what a lock named within this time.",
)
@click.option(
    "--unshared",
    is_flag=True,
    help="No other project uses the directory in COGVID_LEDGER, or the shared store: go by the locks of this "
    "one alone.",
)
@click.option("--remote", is_flag=True, help="Clear the shared store, not the cache of this machine.")
@click.option("--format", "layout", type=click.Choice(["text", "json"]), default="text", show_default=True)
@MANIFEST_OPTION
def command(yes: bool, grace_days: int, unshared: bool, remote: bool, layout: str, manifest: Path) -> None:
    """List the files of the clip cache that nobody needs, or remove them.

    Kept is what a lock names (on any branch, remote branch, tag or stash entry of the repository, in any
    index, and in any work tree, committed or not), what an unfinished attempt needs, and whatever is young.
    The manifest need not be valid, since only its place counts. A clip that is needed again later is
    downloaded again free of charge, while the vendor still has it.

    With --remote the same holds for the shared store, where clips of all colleagues lie: what only their
    branches need has to be pushed to git first. There the manifest has to be valid.

    \b
    Examples:
      cogvid gc
      cogvid gc --grace 90 --yes
      cogvid gc --remote
    """
    if remote:
        _clear_store(manifest, grace_days, layout, unshared=unshared, yes=yes)
        return
    project = _directory(manifest)
    setting = os.environ.get("COGVID_LEDGER")
    state = find_state_directory(project, setting)
    shared = state != find_state_directory(project, None) and not unshared
    # A run finds clips that no lock names yet, so there must be none between the look and the removal.
    with between_runs(state) if yes and state.is_dir() else nullcontext():
        files = _survey(project, state, grace_days * _DAY, shared=shared)
        if yes:
            remove(state, [file for file in files if file.reason is None])
    if layout == "json":
        text = cache_json(files, removed=yes, grace_days=grace_days, state=str(state))
    else:
        text = cache_text(files, removed=yes, grace_days=grace_days)
    click.echo(text, nl=False)
    if shared:
        words = f"{state} may serve other projects; if it does not, add --unshared"
        click.echo(printable(words), err=True)


def _clear_store(manifest: Path, grace_days: int, layout: str, *, unshared: bool, yes: bool) -> None:
    from cogvid_pipeline.cli.project import open_project
    from cogvid_pipeline.cli.remote_gc import sweep_store

    project = open_project(Settings(manifest=manifest))
    address, files, left = sweep_store(project, grace_days * _DAY, unshared=unshared, yes=yes)
    if layout == "json":
        text = cache_json(files, removed=yes, grace_days=grace_days, state=address)
    else:
        text = cache_text(files, removed=yes, grace_days=grace_days, command="cogvid gc --remote")
    click.echo(text, nl=False)
    if left:
        click.echo(f"uploads that died and left something: {len(left)}{', removed' if yes else ''}", err=True)


def _directory(manifest: Path) -> Path:
    """The directory of the manifest, where one may be on another branch only."""
    directory = manifest if manifest.is_dir() else manifest.parent
    if not directory.is_dir():
        raise UsageError(f"there is no directory {directory}", hint="`-f` names the manifest of the project")
    return directory.absolute()


def _survey(project: Path, state: Path, grace: float, *, shared: bool) -> list[CacheFile]:
    now = time.time()
    with read_ledger(state, server=server_in(os.environ.get("COGVID_LEDGER"))) as ledger:
        needed = find_needed(project, ledger, since=now - grace, shared=shared)
    return survey(state, needed, now=now, grace=grace)

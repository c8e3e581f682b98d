"""`cogvid check`: whether lock and clips match the manifest."""

from collections.abc import Iterator

import click

from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.model.plan import PENDING, PlanOptions
from cogvid_pipeline.report.printable import printable

_DIFFERS = 2


@click.command()
@click.option("--lock-only", is_flag=True, help="Compare the manifest with the lock, and leave clips alone.")
@reads_manifest
@click.pass_context
def command(context: click.Context, lock_only: bool, settings: Settings) -> None:
    """Exit with 0 when the lock matches the manifest and the clips match the lock, else with 2.

    The gate for CI: needs no API key, and the network only for a ledger in PostgreSQL (COGVID_LEDGER).
    `--lock-only` suits a checkout without clips.

    \b
    Example:
      cogvid check --lock-only
    """
    project = open_project(settings)
    found = [
        *_conflict(project),
        *_lock_differences(project),
        *([] if lock_only else _clip_differences(project)),
    ]
    for difference in found:
        click.echo(printable(difference))
    if found:
        context.exit(_DIFFERS)
    count = len(project.storyboard.shots)
    click.echo(f"ok: {count} shot{' is' if count == 1 else 's are'} as the manifest says")


def _conflict(project: Project) -> Iterator[str]:
    if project.lock.conflicted:
        name = project.lock_path.name
        yield f"{name}: a merge has left conflicts in it; `cogvid apply` writes it whole"


def _lock_differences(project: Project) -> Iterator[str]:
    with project.read_ledger() as ledger:
        plan = project.plan(ledger, PlanOptions())
    for action in plan.actions:
        if isinstance(action, PENDING):
            yield f"{action.name}: {action.kind} ({action.reason})"


def _clip_differences(project: Project) -> Iterator[str]:
    """Files that are not what the lock says, by their digest."""
    for take in project.takes:
        entry = project.settled_lock.entries.get(take)
        if entry is None or entry.result is None or entry.result.clip is None:
            continue
        name = f"{project.storyboard.output}/{take}.mp4"
        digest = project.clips.digest_of(take)
        if digest is None:
            yield f"{take}: {name} is missing"
        elif digest not in {stored.sha256 for stored in (entry.result.clip, entry.labelled) if stored}:
            yield (
                f"{take}: {name} is not the clip in the lock; delete it, and apply brings the right one back"
            )

"""`cogvid status`: what is there."""

import click

from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.project import open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.report.status import status_text


@click.command()
@reads_manifest
def command(settings: Settings) -> None:
    """Show each shot's clip, task and state, as the lock has them.

    \b
    Example:
      cogvid status
    """
    project = open_project(settings)
    lock = project.settled_lock
    if lock.conflicted:
        name = project.lock_path.name
        click.echo(f"warning: a merge has left conflicts in {name}; this is what apply would keep", err=True)
    missing = {
        name
        for name, entry in lock.entries.items()
        if entry.result and entry.result.clip and project.is_displaced(lock, entry.result.clip, name)
    }
    click.echo(status_text(project.takes, lock, missing, project.storyboard.output), nl=False)

"""`cogvid preview`: a local animatic of every shot."""

import click

from cogvid_pipeline.cli.options import finite, reads_manifest
from cogvid_pipeline.cli.project import open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.preview import NotRendered
from cogvid_pipeline.plan.graph import with_upstream


@click.command()
@click.argument("shots", nargs=-1, metavar="[SHOT]...")
@click.option(
    "--scale",
    type=click.FloatRange(min=0.05, max=1.0),
    callback=finite,
    default=1.0,
    show_default=True,
    help="Render smaller, as in 0.5 for half the width and height.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1, max=64),
    metavar="N",
    help="How many shots to render at a time.  [default: one for each processor]",
)
@reads_manifest
def command(shots: tuple[str, ...], scale: float, jobs: int | None, settings: Settings) -> None:
    """Render an animatic of every shot into previews/, on this machine and free of charge.

    Only what changed is rendered; the lock and the clips stay as they are. Shots whose frames a chosen shot
    uses are rendered too.

    \b
    Examples:
      cogvid preview
      cogvid preview arrival walk --scale 0.5
    """
    project = open_project(settings)
    every = project.storyboard.shots
    chosen = with_upstream(every, [shot.name for shot in project.shots_named(shots)]) if shots else every
    from cogvid_pipeline.cli.previewing import ended_by_signals, render, summary
    from cogvid_pipeline.cli.workers import Workers, processors
    from cogvid_pipeline.store.previews import PreviewFolder

    folder = PreviewFolder(project.root, project.storyboard.environment)
    with ended_by_signals(), Workers(jobs or processors()) as workers:
        outcomes = render(project, chosen, folder, workers, scale=scale)
    click.echo(summary(outcomes, folder, scale=scale))
    if failed := [outcome.shot for outcome in outcomes if isinstance(outcome, NotRendered)]:
        raise CogvidError(f"no preview of {', '.join(failed)}")

"""`cogvid preview`: a local animatic of every shot."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.durable import make_ignored_directory
from cogvid_pipeline.model.shot import Shot
from cogvid_pipeline.plan.graph import with_upstream
from cogvid_pipeline.report.printable import printable


@click.command()
@click.argument("shots", nargs=-1, metavar="[SHOT]...")
@click.option(
    "--scale",
    type=click.FloatRange(min=0.05, max=1.0),
    default=1.0,
    show_default=True,
    help="Render smaller, as in 0.5 for half the width and height.",
)
@reads_manifest
def command(shots: tuple[str, ...], scale: float, settings: Settings) -> None:
    """Render an animatic of every shot into previews/, on this machine and free of charge.

    The lock and the clips stay as they are. Shots whose frames a chosen shot uses are rendered too.

    \b
    Examples:
      cogvid preview
      cogvid preview arrival walk --scale 0.5
    """
    project = open_project(settings)
    every = project.storyboard.shots
    chosen = with_upstream(every, [shot.name for shot in project.shots_named(shots)]) if shots else every
    into = make_ignored_directory(project.root / "previews", project.storyboard.environment)

    def done(shot: Shot, path: Path) -> None:
        click.echo(printable(f"{shot.name}: {os.path.relpath(path)}"), err=True)

    asyncio.run(_render(project, chosen, into, scale, done))
    at_scale = "" if scale == 1 else f" at scale {scale:g}"
    click.echo(printable(f"{len(chosen)} previews in {os.path.relpath(into)}{at_scale}"))


async def _render(
    project: Project, shots: Sequence[Shot], into: Path, scale: float, done: Callable[[Shot, Path], None]
) -> None:
    from cogvid_pipeline.cli.wiring import render_all  # loads FFmpeg

    await render_all(project, shots, into, scale=scale, done=done)

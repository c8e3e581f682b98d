"""`cogvid show`: the resolved requests."""

import click

from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.project import open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.report.json_text import json_text
from cogvid_pipeline.report.storyboard import storyboard_document, storyboard_text


@click.command()
@click.argument("shots", nargs=-1, metavar="[SHOT]...")
@click.option("--format", "layout", type=click.Choice(["text", "json"]), default="text", show_default=True)
@reads_manifest
def command(shots: tuple[str, ...], layout: str, settings: Settings) -> None:
    """Show what each shot asks for, with defaults applied and templates rendered.

    \b
    Examples:
      cogvid show
      cogvid show arrival --format json
    """
    project = open_project(settings)
    storyboard = project.storyboard
    chosen = project.shots_named(shots) if shots else storyboard.shots
    if layout == "json":
        click.echo(json_text(storyboard_document(storyboard, chosen)), nl=False)
    else:
        click.echo(storyboard_text(chosen), nl=False)

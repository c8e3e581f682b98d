"""`cogvid assemble`: join the clips into one film."""

from functools import partial
from pathlib import Path

import click

from cogvid_pipeline.cli.crews import ENGINE_OPTION, hired
from cogvid_pipeline.cli.film_file import film_file
from cogvid_pipeline.cli.film_options import gathers_film_options
from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cli.stopping import ended_by_signals
from cogvid_pipeline.cut.edit_list import EditOptions
from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.listing import listed
from cogvid_pipeline.report.printable import printable


@click.command()
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the film goes; film.mp4 beside the manifest, or film.ENV.mp4, when it is left out.",
)
@click.option("--placeholders", is_flag=True, help="Show a card in place of each shot that is not there.")
@click.option(
    "--loudness",
    type=click.FloatRange(-40, -5),
    metavar="LUFS",
    help="Bring each clip to this loudness: -16 is usual on the web, -23 in European broadcasting.",
)
@gathers_film_options
@ENGINE_OPTION
@reads_manifest
def command(
    output: Path | None,
    placeholders: bool,
    loudness: float | None,
    shape: EditOptions,
    engine: str,
    settings: Settings,
) -> None:
    """Join the clips of the sequence, or of all shots in order, into one film.

    Clips that the cut shows in full are copied without a loss where they are coded alike; what is trimmed,
    faded or differs is encoded. Nothing is generated or downloaded. A film that would come out the same is
    left as it is.

    \b
    Examples:
      cogvid assemble
      cogvid assemble -o rough-cut.mp4 --placeholders
      cogvid assemble --loudness -16 --drop-repeats
    """
    from cogvid_pipeline.cli.assembly import MOST_NAMED, Assembly  # loads FFmpeg

    project = open_project(settings)
    assembly = Assembly(
        project,
        shape,
        _destination(output, project),
        placeholders=placeholders,
        loudness=loudness,
        hire=partial(hired, engine, project),
    )
    if outdated := assembly.outdated:
        words = f"the manifest has changed since these clips were made: {listed(outdated, MOST_NAMED)}"
        click.echo(printable(f"warning: {words}; `cogvid plan` says how"), err=True)
    with ended_by_signals():  # so that what is half done is cleared away
        click.echo(printable(assembly.run()))


def _destination(output: Path | None, project: Project) -> Path:
    """Where the film goes. Raises UsageError where it would overwrite what is no film."""
    film = film_file(project, output, "mp4")
    clips = (project.root / project.storyboard.output).resolve()
    if film.parent.resolve() == clips and film.stem in project.takes:
        raise UsageError(f"{film} is where the clip of {film.stem} lies", hint="choose another name")
    return film

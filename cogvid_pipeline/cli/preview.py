"""`cogvid preview`: a local animatic of every shot."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import click

from cogvid_pipeline.cli.crews import ENGINE_OPTION, hired, processes
from cogvid_pipeline.cli.extras import needing_extra
from cogvid_pipeline.cli.options import finite, reads_manifest
from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cli.stopping import ended_by_signals
from cogvid_pipeline.errors import CogvidError, UsageError
from cogvid_pipeline.model.preview import NotRendered, PreviewOutcome
from cogvid_pipeline.model.shot import Shot
from cogvid_pipeline.plan.graph import with_upstream
from cogvid_pipeline.report.printable import printable

_FILM = "film"


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
    help="How many shots to render at a time; one for each processor here when it is left out.",
)
@click.option("--film", is_flag=True, help="Join the previews of the sequence into previews/film.mp4.")
@click.option(
    "--watch", "follow", is_flag=True, help="Serve the storyboard page, and render again at each change."
)
@click.option(
    "--port",
    type=click.IntRange(min=0, max=65535),
    metavar="PORT",
    help="Where --watch serves the page; a free port when it is left out.",
)
@ENGINE_OPTION
@reads_manifest
def command(
    shots: tuple[str, ...],
    scale: float,
    jobs: int | None,
    film: bool,
    follow: bool,
    port: int | None,
    engine: str,
    settings: Settings,
) -> None:
    """Render an animatic of every shot into previews/, on this machine and free of charge.

    Only what changed is rendered; the lock and the clips stay as they are. Shots whose frames a chosen shot
    uses are rendered too. With --watch, the page that is served reloads itself at each change, until Ctrl-C.

    \b
    Examples:
      cogvid preview
      cogvid preview arrival walk --scale 0.5
      cogvid preview --scale 0.5 --film
      cogvid preview --scale 0.25 --watch
    """
    render = partial(_render, names=shots, scale=scale, jobs=jobs, film=film, engine=engine)
    if film and shots:
        raise UsageError("--film shows the whole sequence, not chosen shots", hint="leave the shots out")
    if port is not None and not follow:
        raise UsageError("--port says where --watch serves the page", hint="add --watch, or leave it out")
    with ended_by_signals():
        if follow:
            _watch(settings, render, port or 0)
            return
        outcomes = render(open_project(settings))
    if failed := [outcome.shot for outcome in outcomes if isinstance(outcome, NotRendered)]:
        raise CogvidError(f"no preview of {', '.join(failed)}")


def _render(
    project: Project, *, names: Sequence[str], scale: float, jobs: int | None, film: bool, engine: str
) -> Sequence[PreviewOutcome]:
    """Render what changed, join it where a film is wanted, and say how much that was."""
    shots = _chosen(project, names)
    if film:
        _refuse_namesake(project)
    from cogvid_pipeline.cli.previewing import render, summary
    from cogvid_pipeline.store.previews import PreviewFolder

    folder = PreviewFolder(project.root, project.storyboard.environment)
    hire = partial(hired, engine, project, partial(processes, jobs), most=jobs)
    outcomes = render(project, shots, folder, scale=scale, hire=hire)
    click.echo(summary(outcomes, folder, scale=scale))
    if film:
        from cogvid_pipeline.cli.preview_film import preview_film

        made = preview_film(project, outcomes, folder.path(_FILM), partial(hired, engine, project))
        click.echo(printable(made))
    return outcomes


def _refuse_namesake(project: Project) -> None:
    """Raise UsageError when a shot's preview lies where the film is to go."""
    if any(shot.name == _FILM for shot in project.storyboard.shots):
        raise UsageError(
            f"the preview of the shot {_FILM!r} lies where the film would go",
            hint="rename the shot, which costs nothing, or leave --film out",
        )


def _chosen(project: Project, names: Sequence[str]) -> Sequence[Shot]:
    every = project.storyboard.shots
    return with_upstream(every, [shot.name for shot in project.shots_named(names)]) if names else every


def _watch(settings: Settings, render: Callable[[Project], Sequence[PreviewOutcome]], port: int) -> None:
    with needing_extra("watch", "preview --watch"):
        from cogvid_pipeline.cli.watching import watch
    with suppress(KeyboardInterrupt):  # Ctrl-C is how this is meant to end
        watch(settings, render, port=port)

"""Render previews, and show how that goes."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import click

from cogvid_pipeline.cli.crews import Hire
from cogvid_pipeline.cli.progress import can_redraw
from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.engine.previews import render_previews
from cogvid_pipeline.listing import counted
from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.preview import Kept, NotRendered, PreviewOutcome, Rendered
from cogvid_pipeline.model.shot import Shot
from cogvid_pipeline.report.printable import printable
from cogvid_pipeline.store.previews import PreviewFolder


def render(
    project: Project, shots: Sequence[Shot], folder: PreviewFolder, *, scale: float, hire: Hire
) -> list[PreviewOutcome]:
    """Render what changed of these shots, and delete the previews of shots that are no more."""
    from cogvid_pipeline.cli.wiring import make_studio  # loads FFmpeg

    for name in folder.keep_only({shot.name for shot in project.storyboard.shots}):
        click.echo(printable(f"{name}: deleted, as there is no such shot any more"), err=True)
    try:
        with hire() as crew, _shown(len(shots)) as show:
            studio = make_studio(project, folder, crew, scale=scale)
            return asyncio.run(render_previews(shots, studio, show))
    finally:
        folder.close()


def summary(outcomes: Sequence[PreviewOutcome], folder: PreviewFolder, *, scale: float) -> str:
    """How many previews there are, and how many are new."""
    counts = Counter(type(outcome) for outcome in outcomes)
    there = counts[Rendered] + counts[Kept]
    at_scale = "" if scale == 1 else f" at scale {scale:g}"
    parts = [f"{counted(there, 'preview')} in {os.path.relpath(folder.directory)}{at_scale}"]
    if counts[Kept]:
        parts.append(f"{counts[Rendered]} rendered" if counts[Rendered] else "nothing changed")
    if counts[NotRendered]:
        parts.append(f"{counts[NotRendered]} failed")
    return ", ".join(parts)


@cache
def described(path: Path, digest: str) -> Clip:
    """What is in a preview, which is looked into once."""
    from cogvid_pipeline.media.probe import describe  # loads FFmpeg

    return describe(path, digest)


@contextmanager
def _shown(total: int) -> Iterator[Callable[[PreviewOutcome], None]]:
    """An observer: a bar on a terminal, lines elsewhere; failures are lines on both."""
    if not can_redraw():
        yield _print_line
        return
    from rich.console import Console  # only a terminal pays for it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=total)

        def advance(outcome: PreviewOutcome) -> None:
            if isinstance(outcome, NotRendered):
                progress.console.print(outcome_words(outcome), markup=False, highlight=False)
            progress.update(bar, advance=1, description=printable(outcome.shot))

        yield advance


def _print_line(outcome: PreviewOutcome) -> None:
    if not isinstance(outcome, Kept):
        click.echo(outcome_words(outcome), err=True)


def outcome_words(outcome: PreviewOutcome) -> str:
    """What became of a shot's preview, on one line."""
    match outcome:
        case Rendered(shot, path) | Kept(shot, path):
            return printable(f"{shot}: {os.path.relpath(path)}")
        case NotRendered(shot, reason, hint):
            return printable(f"{shot}: failed: {reason}" + (f" ({hint})" if hint else ""))

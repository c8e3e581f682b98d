"""Print an expected failure."""

from collections.abc import Sequence

import click

from cogvid_pipeline.errors import CogvidError, InvalidManifest, StalePlan
from cogvid_pipeline.report.printable import printable
from cogvid_pipeline.report.problems import as_text

# What moved can be every shot, and then the first ones tell the story.
_MOST_LINES = 40


def complain(error: CogvidError) -> None:
    """Say on stderr what went wrong and what to do about it."""
    if isinstance(error, InvalidManifest) and error.problems:
        click.echo(as_text(error.problems), err=True, nl=False)
        return
    click.echo(f"error: {printable(str(error))}", err=True)
    if isinstance(error, StalePlan):
        _list(error.moved)
    if error.hint:
        click.echo(f" hint: {printable(error.hint)}", err=True)


def _list(lines: Sequence[str]) -> None:
    for line in lines[:_MOST_LINES]:
        click.echo(f"  {printable(line)}", err=True)
    if len(lines) > _MOST_LINES:
        click.echo(f"  … and {len(lines) - _MOST_LINES} more", err=True)

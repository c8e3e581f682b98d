"""Print an expected failure."""

import click

from cogvid_pipeline.errors import CogvidError, InvalidManifest
from cogvid_pipeline.report.printable import printable
from cogvid_pipeline.report.problems import as_text


def complain(error: CogvidError) -> None:
    """Say on stderr what went wrong and what to do about it."""
    if isinstance(error, InvalidManifest) and error.problems:
        click.echo(as_text(error.problems), err=True, nl=False)
        return
    click.echo(f"error: {printable(str(error))}", err=True)
    if error.hint:
        click.echo(f" hint: {printable(error.hint)}", err=True)

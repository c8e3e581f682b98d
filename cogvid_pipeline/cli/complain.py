"""Print an expected failure."""

from collections.abc import Iterator

import click

from cogvid_pipeline.errors import CogvidError, InvalidManifest, StalePlan
from cogvid_pipeline.report.printable import printable
from cogvid_pipeline.report.problems import as_text

# What moved can be every shot, and then the first ones tell the story.
_MOST_LINES = 40


def complain(error: CogvidError) -> None:
    """Say on stderr what went wrong and what to do about it."""
    click.echo(complaint(error), err=True, nl=False)


def complaint(error: CogvidError) -> str:
    """What went wrong and what to do about it, as lines."""
    if isinstance(error, InvalidManifest) and error.problems:
        return as_text(error.problems)
    return "".join(f"{line}\n" for line in _lines(error))


def _lines(error: CogvidError) -> Iterator[str]:
    yield f"error: {printable(str(error))}"
    if isinstance(error, StalePlan):
        yield from (f"  {printable(moved)}" for moved in error.moved[:_MOST_LINES])
        if (more := len(error.moved) - _MOST_LINES) > 0:
            yield f"  … and {more} more"
    if error.hint:
        yield f" hint: {printable(error.hint)}"

"""Choose how a run is shown while it happens."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from cogvid_pipeline.model.event import Event
from cogvid_pipeline.report.events import event_json, event_words

# Too many of these for a log.
_PASSING = frozenset({"running", "downloading", "rendering"})


@contextmanager
def watching(*, as_json: bool, total: int) -> Iterator[Callable[[Event], None]]:
    """An observer that fits where the output goes; `total` is the number of takes with something to do."""
    if as_json:
        yield _print_json
    elif sys.stderr.isatty():
        from cogvid_pipeline.cli.live import live_table

        with live_table(total) as watch:
            yield watch
    else:
        yield _print_line


def _print_json(event: Event) -> None:
    click.echo(event_json(event))


def _print_line(event: Event) -> None:
    words = event_words(event)
    if words and event.event not in _PASSING:
        click.echo(f"{event.time[11:19]} {event.shot}: {words}", err=True)

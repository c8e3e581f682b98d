"""Choose how a run is shown while it happens."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from cogvid_pipeline.model.event import Event
from cogvid_pipeline.model.plan import Plan
from cogvid_pipeline.report.events import event_json, event_words

# Too many of these for a log.
_PASSING = frozenset({"running", "downloading", "decoding", "rendering"})
_SHOW_CURSOR = b"\x1b[?25h\n"


@contextmanager
def watching(plan: Plan, *, as_json: bool) -> Iterator[Callable[[Event], None]]:
    """An observer that fits where the output goes."""
    if as_json:
        yield _print_json
    elif can_redraw():
        from cogvid_pipeline.cli.live import live_table  # only a terminal pays for rich

        with live_table(plan) as watch:
            yield watch
    else:
        yield _print_line


def leave_terminal() -> None:
    """Give the terminal back as it was, for an end that nothing else comes after."""
    if can_redraw():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)


def can_redraw() -> bool:
    """Whether stderr is a terminal on which lines can be drawn anew."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _print_json(event: Event) -> None:
    click.echo(event_json(event))


def _print_line(event: Event) -> None:
    words = event_words(event)
    if words and event.event not in _PASSING:
        sys.stderr.write(f"{event.time[11:19]} {event.name}: {words}\n")
        sys.stderr.flush()

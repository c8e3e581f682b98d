"""Show how far a film is: a bar on a terminal, a line for each stretch elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cogvid_pipeline.cli.filming import Watch
from cogvid_pipeline.cli.progress import can_redraw
from cogvid_pipeline.model.edit import Event


@contextmanager
def watching_film() -> Iterator[Watch]:
    """Who watches, as fits where the output goes."""
    if not can_redraw():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("encoding"), BarColumn(), MofNCompleteColumn(), TextColumn("frames"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None, visible=False)

        class Bar(_Lines):
            def begin(self, frames: int) -> None:
                progress.update(task, total=frames, visible=frames > 0)

            def advance(self, frames: int = 1) -> None:
                progress.advance(task, frames)

            def say(self, line: str) -> None:
                progress.console.print(line, markup=False, highlight=False)

        yield Bar()


class _Lines:
    def begin(self, frames: int) -> None:
        if frames:
            self.say(f"{frames} frame{'s'[: frames - 1]} to encode")

    def advance(self, frames: int = 1) -> None:
        pass

    def encoded(self, event: Event) -> None:
        self.say(f"{event.name}: {event.frames} frame{'s'[: event.frames - 1]} encoded")

    def say(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

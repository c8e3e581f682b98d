"""Move many clips at the same time, and show how far that is."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from threading import Event
from typing import Protocol, TypeVar

from cogvid_pipeline.cli.progress import can_redraw
from cogvid_pipeline.cli.stopping import stopped_by_signals
from cogvid_pipeline.errors import CogvidError, DamagedObject, Interrupted, StoreError
from cogvid_pipeline.remote.bucket import AT_ONCE
from cogvid_pipeline.report.printable import printable


class Item(Protocol):
    """Something to be moved; `name` is that of a take."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Item)


def move(items: Sequence[T], work: Callable[[T], str], verb: str) -> list[str]:
    """Do the work for each item; the names of those that failed come back, in order.

    What `work` returns is shown, unless it is empty. A store that cannot be used at all ends it, and so does
    a Ctrl-C: what is under way is finished then, and StoreError or Interrupted is raised.
    """
    failed = set()
    left = 0
    stopping = Event()

    def turn(item: T) -> str:
        if stopping.is_set():
            raise CancelledError
        return work(item)

    with (
        _watching(len(items), verb) as say,
        stopped_by_signals(stopping.set),
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        futures = {pool.submit(turn, item): item for item in items}
        try:
            for future in as_completed(futures):
                name = futures[future].name
                try:
                    words = future.result()
                except CancelledError:
                    left += 1
                    continue
                except CogvidError as error:
                    if isinstance(error, StoreError) and not isinstance(error, DamagedObject):
                        raise
                    failed.add(name)
                    words = f"failed: {error}" + (f" ({error.hint})" if error.hint else "")
                say(f"{name}: {words}" if words else "")
        except BaseException:
            stopping.set()
            raise
    if left:
        raise Interrupted(
            f"stopped; {left} of {len(items)} are left",
            hint="run the same command again: it goes on where it was",
        )
    return [item.name for item in items if item.name in failed]


@contextmanager
def _watching(count: int, verb: str) -> Iterator[Callable[[str], None]]:
    """What to call for each item that has ended, with a line for it or nothing."""
    if not can_redraw() or not count:
        yield _print_line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(verb), BarColumn(), MofNCompleteColumn(), TextColumn("clips"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=count)

        def say(line: str) -> None:
            progress.advance(task)
            if line:
                progress.console.print(printable(line), markup=False, highlight=False)

        yield say


def _print_line(line: str) -> None:
    if line:
        sys.stderr.write(f"{printable(line)}\n")
        sys.stderr.flush()

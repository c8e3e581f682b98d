"""End a command in order when it is interrupted."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from cogvid_pipeline.cli.progress import leave_terminal
from cogvid_pipeline.cli.streams import say
from cogvid_pipeline.errors import Interrupted

_WANTED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first Ctrl-C, SIGTERM or closed terminal, and heed none after that.

    What then remains is to tidy up and to end, which takes a moment.
    """
    before = _heeded()
    interrupted = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            if not interrupted:
                signal.signal(number, handler)


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first Ctrl-C, SIGTERM or closed terminal; the second ends the process at once."""
    before = _heeded()
    stopping = False

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        if stopping:
            leave_terminal()
            os._exit(Interrupted.exit_code)
        stopping = True
        stop()
        say("stopping: what is under way is finished; again to stop at once")

    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heeded() -> dict[signal.Signals, Any]:
    """The handlers of the signals that end a command, save those that are ignored, as under nohup."""
    return {number: was for number in _WANTED if (was := signal.getsignal(number)) is not signal.SIG_IGN}

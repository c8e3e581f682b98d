"""Processes that work for a command, and end with it."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from types import FrameType, TracebackType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_SIGNALS = {signal.SIGINT, signal.SIGTERM}


class Workers(ProcessPoolExecutor):
    """At most so many processes; where an exception leaves the `with` block they drop what they do.

    Functions are then left by an exception, so that they can tidy up.
    """

    def __init__(self, most: int) -> None:
        # A fork would copy whatever another thread holds at that moment.
        super().__init__(most, mp_context=get_context("spawn"), initializer=_begin)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As any executor does."""
        # A process that this starts inherits that signals are blocked. Ctrl-C, which goes to all processes of
        # a terminal, stays so: what it means is decided here alone.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            return super().submit(_Worker.run, fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is not None:
            for process in active_children():
                process.terminate()
            self.shutdown(cancel_futures=True)
        return super().__exit__(kind, error, trace)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Dropped(BaseException):
    """Nobody waits for the result any more."""


class _Worker:
    """What a process knows of itself."""

    busy = False
    dropped = False

    @classmethod
    def run(cls, function: Callable[..., T], /, *args: object, **kwargs: object) -> T:
        """Call the function, unless nobody waits for it any more."""
        try:
            cls.busy = True
            if cls.dropped:
                raise _Dropped
            return function(*args, **kwargs)
        finally:
            cls.busy = False

    @classmethod
    def drop(cls, _number: int, _frame: FrameType | None) -> None:
        """Leave the function that is running by an exception, and do no other."""
        cls.dropped = True
        if cls.busy:
            raise _Dropped


def _begin() -> None:
    """Have this process heed SIGTERM, and end when the one that started it is gone, even if killed."""
    signal.signal(signal.SIGTERM, _Worker.drop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

"""End a command in order when it is interrupted."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first Ctrl-C, SIGTERM or closed terminal, and heed none after that.

    What then remains is to tidy up and to end, which takes a moment.
    """
    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # What is ignored already stays so, as in the background or under nohup.
    before = {number: was for number in wanted if (was := signal.getsignal(number)) is not signal.SIG_IGN}
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

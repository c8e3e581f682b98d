"""A pseudo-terminal for tests: the command sees a person at a screen."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.project import PATIENCE, Project

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])")


class Terminal:
    """The screen of one command. `shown` is all that was ever written to it."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self._process = process
        self._screen = screen
        self.shown = ""
        self._raw = b""

    def type(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def wait_for(self, text: str) -> None:
        """Wait until the text is on the screen, escape sequences left out."""
        self._read_until(lambda: text in self.text)
        assert text in self.text, f"the command has ended; the screen shows:\n{self.text}"

    def end(self) -> int:
        """Read what else comes, and give the exit code."""
        self._read_until(lambda: False)
        return self._process.wait(PATIENCE)

    def interrupt(self) -> int:
        """Press Ctrl-C, again each second as a person would, and give the exit code.

        Python's input() sleeps through a Ctrl-C that comes in the moment before it reads.
        """
        for _ in range(PATIENCE):
            self.type("\x03")
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(1)
        raise AssertionError(f"Ctrl-C in vain; the screen shows:\n{self.text}")

    def hang_up(self) -> int:
        """Close the window, and give the exit code of what ran in it."""
        os.close(self._screen)
        self._screen = -1
        return self._process.wait(PATIENCE)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._screen >= 0:
            os.close(self._screen)

    @property
    def text(self) -> str:
        """What was shown, without what moves the cursor and sets colours."""
        return _SEQUENCE.sub("", self.shown)

    @property
    def sequences(self) -> set[str]:
        """The escape sequences that came, each once."""
        return {found.group() for found in _SEQUENCE.finditer(self.shown)}

    def _read_until(self, enough: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not enough():
            ready, _, _ = select.select([self._screen], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"in vain; the screen shows:\n{self.text}"
            try:
                data = os.read(self._screen, 65536)
            except OSError:  # Linux: the other end is closed
                data = b""
            if not data:
                return
            self._raw += data
            self.shown = self._raw.decode(errors="replace")


@contextmanager
def on_terminal(
    project: Project, *arguments: str, columns: int = 100, lines: int = 30, **environment: str
) -> Iterator[Terminal]:
    """Run `cogvid` with a terminal as its standard streams, in a session of its own."""
    screen, seat = pty.openpty()
    fcntl.ioctl(seat, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    variables = {**os.environ, "TERM": "xterm-256color", **project.env, **environment}
    for name in ("COLUMNS", "LINES", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        variables.pop(name, None)
    if project.vendor:
        variables |= project.vendor.environment
    process = subprocess.Popen(
        [sys.executable, "-c", _SIT_DOWN, *arguments],
        cwd=project.root,
        env=variables,
        stdin=seat,
        stdout=seat,
        stderr=seat,
        start_new_session=True,
    )
    os.close(seat)
    terminal = Terminal(process, screen)
    try:
        yield terminal
    finally:
        terminal.close()


# The terminal becomes the session's own, so that keys that are typed there send signals; and signals are
# heeded as in a shell, even where the tests themselves run in the background or under nohup.
_SIT_DOWN = """
import fcntl, runpy, signal, sys, termios
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("cogvid_pipeline", run_name="__main__", alter_sys=True)
"""

"""Where output goes: to a terminal that shows colours, or into a log that obeys what it is shown."""

import os
import sys
from contextlib import suppress
from typing import Any, TextIO

from cogvid_pipeline.report.actions_log import harmless
from cogvid_pipeline.report.paint import Paint, ansi, plain
from cogvid_pipeline.report.printable import printable


def paint_for(stream: TextIO) -> Paint:
    """Colours on a terminal that has them, unless NO_COLOR is set."""
    colourful = stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    return ansi if colourful else plain


def say(words: str) -> None:
    """Tell whoever reads stderr in a line of its own; the terminal may have gone, which stops nothing.

    Not by way of click, which would write into the middle of a live table.
    """
    with suppress(OSError):
        sys.stderr.write(f"{printable(words)}\n")
        sys.stderr.flush()


def guard_log() -> None:
    """Keep what is printed from now on from being taken for workflow commands of GitHub Actions."""
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


def unguarded(stream: TextIO) -> TextIO:
    """The stream for what is a workflow command on purpose."""
    return getattr(stream, "behind", stream)


class GuardedStream:
    """A text stream that breaks workflow commands up; in all else it is the stream `behind` it."""

    def __init__(self, behind: TextIO) -> None:
        self.behind = behind
        self._within_line = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    def write(self, text: str) -> int:
        """Write the text. Its length comes back, as from any stream."""
        self.behind.write(harmless(text, within_line=self._within_line))
        self._within_line = not text.endswith("\n") if text else self._within_line
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write each of the texts."""
        for line in lines:
            self.write(line)


def _guarded(stream: TextIO) -> Any:
    return GuardedStream(stream)

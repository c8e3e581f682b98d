"""Write what happens in a run into a file, as a trace."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from cogvid_pipeline.cli.streams import say
from cogvid_pipeline.errors import CogvidError, UsageError
from cogvid_pipeline.model.event import Event
from cogvid_pipeline.report.json_text import json_line
from cogvid_pipeline.report.trace import Trace

Observer = Callable[[Event], None]

# How each of these files begins. Who reads them does without the end, as a run that is killed leaves them.
_BEGINNING = '[\n{"ph": "M", "name": "process_name", "pid": 1, "args": {"name": "cogvid apply"}}'


@contextmanager
def tracing(path: Path | None, watch: Observer) -> Iterator[Observer]:
    """The observer, by way of a trace where a file for one is named.

    Raises UsageError where something else is, CogvidError when it cannot be written. Once a run is under way,
    nothing that is wrong with the file stops it.
    """
    if path is None:
        yield watch
        return
    _check(path)
    try:
        file = path.open("w", encoding="utf-8", buffering=1)
    except OSError as error:
        raise CogvidError(f"cannot write the trace {path}: {error.strerror}") from error
    writer = _Writer(file)
    writer.write(_BEGINNING)

    def observe(event: Event) -> None:
        at = int(datetime.fromisoformat(event.time).timestamp() * 1_000_000)
        for record in writer.trace.records(event, at):
            writer.write(f",\n{json_line(record)}")
        watch(event)

    try:
        yield observe
    finally:
        writer.write("\n]\n")
        writer.close()


class _Writer:
    """Writes as long as the disk lets it."""

    def __init__(self, file: TextIO) -> None:
        self.trace = Trace()
        self._file = file
        self._works = True

    def write(self, text: str) -> None:
        if self._works:
            try:
                self._file.write(text)
            except OSError as error:
                self._give_up(error)

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        if self._works:
            self._works = False
            say(f"note: the trace ends here: {error.strerror}")


def _check(path: Path) -> None:
    """Raise UsageError where there is a file that is no trace."""
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_BEGINNING))
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"--trace {path}: {error.strerror}", hint="name a file") from error
    if beginning not in (b"", _BEGINNING.encode()):
        raise UsageError(f"{path} is there and is no trace", hint="choose another name for --trace")

"""Make the copy of a clip that says how it was made: the label, and signed credentials around it."""

from pathlib import Path
from typing import Protocol

from cogvid_pipeline.durable import write_failures_named
from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.provenance.tags import write_tagged


class Sign(Protocol):
    """Writes a signed copy of `tagged`, which was made of the `original` clip. Raises CogvidError."""

    def __call__(self, attempt: Attempt, *, original: Path, tagged: Path, into: Path) -> None: ...


class ClipLabeller:
    """Labels clips in the name of a producer, and signs them where there is somebody who signs."""

    def __init__(self, producer: str, sign: Sign | None = None) -> None:
        self._producer = producer
        self._sign = sign
        self.signs = sign is not None

    def write(self, clip: Path, attempt: Attempt, into: Path) -> None:
        """Write the copy of an attempt's clip. Raises CogvidError when that cannot be done."""
        with write_failures_named(into):
            if self._sign is None:
                write_tagged(clip, attempt, self._producer, into)
            else:
                self._write_signed(self._sign, clip, attempt, into)

    def _write_signed(self, sign: Sign, clip: Path, attempt: Attempt, into: Path) -> None:
        tagged = into.with_suffix(".tagged")
        tagged.unlink(missing_ok=True)
        try:
            write_tagged(clip, attempt, self._producer, tagged)
            sign(attempt, original=clip, tagged=tagged, into=into)
        finally:
            tagged.unlink(missing_ok=True)

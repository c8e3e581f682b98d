"""Make the copy of a clip that says how it was made: the label, and signed credentials around it."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.provenance.tags import write_tagged

# Writes a signed copy of a file, which is an attempt's clip, to the path. Raises CogvidError.
Sign: TypeAlias = Callable[[Path, Attempt, Path], None]


class ClipLabeller:
    """Labels clips in the name of a producer, and signs them where there is somebody who signs."""

    def __init__(self, producer: str, sign: Sign | None = None) -> None:
        self._producer = producer
        self._sign = sign
        self.signs = sign is not None

    def write(self, clip: Path, attempt: Attempt, into: Path) -> None:
        """Write the copy of an attempt's clip. Raises CogvidError when that cannot be done."""
        if self._sign is None:
            write_tagged(clip, attempt, self._producer, into)
            return
        tagged = into.with_suffix(".tagged")
        tagged.unlink(missing_ok=True)
        try:
            write_tagged(clip, attempt, self._producer, tagged)
            self._sign(tagged, attempt, into)
        finally:
            tagged.unlink(missing_ok=True)

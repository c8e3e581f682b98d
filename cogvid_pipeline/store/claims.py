"""Names that one process at a time may use; what it has claimed is free again when it ends."""

import fcntl
import os
import weakref
from pathlib import Path

from cogvid_pipeline.durable import write_failures_named

_OFFSET_DIGITS = 15  # hexadecimal; the offset into a file has 63 bits


class Claims:
    """Claims are locks on single bytes of one file, so that thousands of them need one descriptor."""

    def __init__(self, path: Path) -> None:
        """Raises StateError when the file cannot be made."""
        with write_failures_named(path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        weakref.finalize(self, os.close, self._descriptor)

    def take(self, digest: str) -> bool:
        """Whether the name with this hexadecimal digest is this process's now, if it was not before."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int(digest[:_OFFSET_DIGITS], 16))
        except (BlockingIOError, PermissionError):
            return False
        return True

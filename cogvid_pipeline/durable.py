"""Files that are either the old version or the new one, whatever happens in between."""

import os
from collections.abc import Callable
from pathlib import Path

from cogvid_pipeline.errors import StateError


def replace_durably(path: Path, data: bytes) -> None:
    """Write the whole file: temporary file, fsync, rename, fsync of the directory.

    Raises StateError when the disk refuses; the old file is then still there.
    """
    staging = path.with_name(f".{path.name}.{os.getpid()}.tmp")

    def write() -> None:
        with staging.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    _guarded(write, path, staging)
    move_durably(staging, path)


def move_durably(staging: Path, path: Path) -> None:
    """Rename a file that is already synced into its place, durably. Both lie on one file system."""

    def move() -> None:
        staging.replace(path)
        fsync_directory(path.parent)

    _guarded(move, path, staging)


def fsync_directory(directory: Path) -> None:
    """Make renames in the directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _guarded(step: Callable[[], None], path: Path, staging: Path) -> None:
    try:
        step()
    except OSError as error:
        staging.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise StateError(
            f"cannot write {path}: {reason}",
            hint="free some space or make the directory writable, then run the command again",
        ) from error

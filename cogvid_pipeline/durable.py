"""Files that are either the old version or the new one, whatever happens in between."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from cogvid_pipeline.effects import reached
from cogvid_pipeline.errors import StateError

_MAKING = Lock()


def replace_durably(path: Path, data: bytes, *, secret: bool = False) -> None:
    """Write the whole file: temporary file, fsync, rename, fsync of the directory.

    A `secret` is for nobody else to read. Raises StateError when the disk refuses; the old file is then
    still there.
    """
    staging = staging_beside(path)
    try:
        with write_failures_named(path), staging.open("xb") as file:
            if secret:
                os.fchmod(file.fileno(), 0o600)
            file.write(data)
        reached("written", staging)
        move_durably(staging, path)
    except BaseException:
        staging.unlink(missing_ok=True)
        raise


def move_durably(staging: Path, path: Path) -> None:
    """Give a finished file its name so that both survive a power cut. Both lie on one file system.

    Raises StateError when the disk refuses; `staging` is then left where it is.
    """
    with write_failures_named(path):
        sync(staging)
        staging.replace(path)
        reached("renamed", path)
        sync(path.parent)


def sync(path: Path) -> None:
    """Have a file's bytes, or a directory's names, survive a power cut. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    reached("synced", path)


def make_directory_durably(path: Path) -> None:
    """Make a directory and what it lies in, where they are not there yet. Raises StateError."""
    if path.is_dir():
        return
    make_directory_durably(path.parent)
    with write_failures_named(path):
        path.mkdir(exist_ok=True)
        reached("made", path)
        sync(path.parent)


def make_ignored_directory(root: Path, *below: str) -> Path:
    """Make `root`, which tells git to leave it alone, and the directory `below` it, which is returned."""
    # Several threads may want it at once, of which one has to make it.
    with _MAKING, write_failures_named(root):
        make_directory_durably(root)
        # Only a directory that nobody uses yet: who deletes its .gitignore wants the files in git.
        with os.scandir(root) as entries:
            unused = next(entries, None) is None
        if unused:
            replace_durably(root / ".gitignore", b"*\n")
    directory = root.joinpath(*below)
    make_directory_durably(directory)
    return directory


def check_writable(path: Path) -> None:
    """Raise StateError when no file of that name can be made."""
    with write_failures_named(path):
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def staging_beside(path: Path) -> Path:
    """A free name in the same directory for what is to become `path`.

    Open it in mode "x", which follows no symbolic link that somebody else put there.
    """
    staging = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with write_failures_named(path):
        staging.unlink(missing_ok=True)
    return staging


@contextmanager
def write_failures_named(path: Path) -> Iterator[None]:
    """Turn what the operating system says about writing into a StateError that names the file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StateError(
            f"cannot write {path}: {reason}",
            hint="free some space or make the directory writable, then run the command again",
        ) from error

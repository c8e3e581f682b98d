"""Clear the cache of what nobody needs."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.cache import CacheFile, Needed, Reason
from cogvid_pipeline.store.clips import staging_name

_CLIP = re.compile(r"([0-9a-f]{64})\.(mp4|damaged)")
# What a file is called that is being written.
_UNFINISHED = r"(\.part|\.[0-9]+\.tmp)?"
_STRETCH = re.compile(r"\.?[0-9a-f]{64}[-.][0-9a-f]+\.(mp4|film)" + _UNFINISHED)
# The number is that of a process which found another one's file in its way.
_DOWNLOAD = re.compile(r"\.?([0-9a-f]{32})(?:\.[0-9]+)?\.mp4" + _UNFINISHED)


def survey(state: Path, needed: Needed, *, now: float, grace: float) -> list[CacheFile]:
    """The files of the cache in a state directory, the oldest first, and why each stays.

    A file stays when it is needed, or younger than `grace` (in seconds) at the time `now`; one from the
    future counts as young, since a clock was wrong then. Files that the cache did not make are left out.
    Raises StateError.
    """

    def described(entry: os.DirEntry[str], reason: Reason | None) -> CacheFile:
        status = entry.stat(follow_symlinks=False)
        age = now - status.st_mtime
        path = str(Path(entry.path).relative_to(state))
        return CacheFile(path, status.st_size, age, reason or (Reason.YOUNG if age < grace else None))

    try:
        found = [
            *(
                described(entry, _reason_for_clip(entry, needed))
                for entry in _shelved(state / "clips", _CLIP)
            ),
            *(described(entry, reason) for entry, reason in _downloads(state / "partial", needed)),
            # What was encoded for a film can be encoded again.
            *(described(entry, None) for entry in _shelved(state / "cuts", _STRETCH)),
        ]
    except OSError as error:
        raise StateError(f"cannot read {error.filename}: {error.strerror}") from error
    return sorted(found, key=lambda file: (-file.age, file.path))


def remove(state: Path, files: Iterable[CacheFile]) -> None:
    """Remove files of the cache.

    Each is whole or gone whenever this is cut off: of a download, either half is worth nothing without the
    other, and does no harm. Raises StateError.
    """
    for file in files:
        try:
            (state / file.path).unlink(missing_ok=True)
        except OSError as error:
            raise StateError(
                f"cannot remove {state / file.path}: {error.strerror}",
                hint="make its directory writable, then run the command again",
            ) from error


def _shelved(directory: Path, name: re.Pattern[str]) -> Iterator[os.DirEntry[str]]:
    for shelf in _entries(directory):
        if shelf.is_dir():
            yield from (entry for entry in _files(Path(shelf.path)) if name.fullmatch(entry.name))


def _reason_for_clip(entry: os.DirEntry[str], needed: Needed) -> Reason | None:
    digest, _, kind = entry.name.partition(".")
    # What is left of a damaged clip is better than nothing, as long as there is nothing better.
    if kind == "damaged" and Path(entry.path).with_suffix(".mp4").exists():
        return None
    return needed.clip(digest)


def _downloads(directory: Path, needed: Needed) -> Iterator[tuple[os.DirEntry[str], Reason | None]]:
    names = {staging_name(key) for key in needed.downloads}
    for entry in _files(directory):
        if found := _DOWNLOAD.fullmatch(entry.name):
            yield entry, Reason.UNFINISHED if found[1] in names else None


def _files(directory: Path) -> Iterator[os.DirEntry[str]]:
    return (entry for entry in _entries(directory) if entry.is_file(follow_symlinks=False))


def _entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            yield from entries
    except FileNotFoundError:
        return

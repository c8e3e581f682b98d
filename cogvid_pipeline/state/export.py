"""Write the files of a revision into another directory, for a manifest to be read there."""

import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.state.revisions import Revisions, TreeFile

# No manifest and no picture may be larger, so that only the size of such a file counts.
_MOST_BYTES = 30_000_000
_CLIPS = (".mp4", ".mov", ".webm", ".mkv")
_LFS_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n"
)
_LONGEST_POINTER = 1024
# What a name or a link of a commit may be at fault for; no manifest can use such a file.
_ODD = {
    errno.ENAMETOOLONG,
    errno.EEXIST,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EINVAL,
    errno.EILSEQ,
}


def export(files: Iterable[TreeFile], revisions: Revisions, target: Path, *, repository: Path) -> None:
    """Write files of a commit into `target`, which is to be empty.

    Of clips, and of what is too large to be read, only the size is written. What Git LFS keeps is taken from
    the `repository` where that has it. What no file system can have is left out. Raises StateError.
    """
    listed = [file for file in files if _is_inside(file.path)]
    try:
        target.mkdir(parents=True, exist_ok=True)
        # Links come last: nothing is written through one, whatever the commit says.
        _write_files(revisions, [file for file in listed if not file.link], target, repository)
        _write_links(revisions, [file for file in listed if file.link], target)
    except OSError as error:
        raise StateError(
            f"cannot write the files of the revision into {target}: {error.strerror}",
            hint="set that right, or set TMPDIR to a directory with room",
        ) from error


def _write_files(revisions: Revisions, files: Iterable[TreeFile], target: Path, repository: Path) -> None:
    wanted = []
    for file in files:
        if file.size <= _MOST_BYTES and not file.path.lower().endswith(_CLIPS):
            wanted.append(file)
            continue
        with _odd_ones_left_out(), _new(target / file.path) as empty:
            empty.truncate(file.size)
    for file, blocks in zip(wanted, revisions.contents(file.object for file in wanted), strict=True):
        with _odd_ones_left_out(), _new(target / file.path) as written:
            written.writelines(_real(b"".join(blocks), repository))


def _new(place: Path) -> IO[bytes]:
    place.parent.mkdir(parents=True, exist_ok=True)
    return place.open("xb")


@contextmanager
def _odd_ones_left_out() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _ODD:
            raise


def _real(content: bytes, repository: Path) -> Iterator[bytes]:
    """The content, or what Git LFS has put a pointer in the place of."""
    pointer = _LFS_POINTER.match(content) if len(content) <= _LONGEST_POINTER else None
    if pointer:
        name = pointer[1].decode()
        kept = repository / "lfs" / "objects" / name[:2] / name[2:4] / name
        if kept.is_file() and kept.stat().st_size <= _MOST_BYTES:
            content = kept.read_bytes()
    yield content


def _write_links(revisions: Revisions, links: list[TreeFile], target: Path) -> None:
    root = target.resolve()
    for link, blocks in zip(links, revisions.contents(link.object for link in links), strict=True):
        leads_to = b"".join(blocks)
        place = target / link.path
        with _odd_ones_left_out():
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.parent.resolve().is_relative_to(root) and b"\0" not in leads_to:
                place.symlink_to(os.fsdecode(leads_to))


def _is_inside(path: str) -> bool:
    """Whether the path is one that git would check out; a commit can be made to have any."""
    parts = path.split("/")
    return not {"", ".", "..", ".git"}.intersection(parts)

"""Write the files of a revision into another directory, for a manifest to be read there."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.state.revisions import Revisions, TreeFile

# No manifest and no picture may be larger, so that only the size of such a file counts.
_MOST_BYTES = 16_000_000
_CLIPS = (".mp4", ".mov", ".webm", ".mkv")
_LFS_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n"
)
_LONGEST_POINTER = 1024


def export(revisions: Revisions, commit: str, target: Path, *, repository: Path) -> None:
    """Write what the commit has below the directory of `revisions` into `target`, which is to be empty.

    Of clips, and of what is too large to be read, only the size is written. What Git LFS keeps is taken from
    the `repository` where that has it. Raises StateError.
    """
    listed = [file for file in revisions.files(commit) if _is_inside(file.path)]
    try:
        target.mkdir(parents=True, exist_ok=True)
        # Links come last: nothing is written through one, whatever the commit says.
        _write_files(revisions, [file for file in listed if not file.link], target, repository)
        _write_links(revisions, [file for file in listed if file.link], target)
    except OSError as error:
        raise StateError(
            f"cannot write the files of the revision into {target}: {error.strerror}",
            hint="make room there, or set TMPDIR to a directory that has some",
        ) from error


def _write_files(revisions: Revisions, files: Iterable[TreeFile], target: Path, repository: Path) -> None:
    wanted = []
    for file in files:
        place = target / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.size <= _MOST_BYTES and not file.path.lower().endswith(_CLIPS):
            wanted.append(file)
        else:
            with place.open("xb") as empty:
                empty.truncate(file.size)
    for file, blocks in zip(wanted, revisions.contents(file.object for file in wanted), strict=True):
        with (target / file.path).open("xb") as written:
            written.writelines(_real(b"".join(blocks), repository))


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
        leads_to = os.fsdecode(b"".join(blocks))
        place = target / link.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.parent.resolve().is_relative_to(root):
            place.symlink_to(leads_to)


def _is_inside(path: str) -> bool:
    """Whether the path is one that git would check out; a commit can be made to have any."""
    parts = path.split("/")
    return not {"", ".", "..", ".git"}.intersection(parts)

"""Read both sides of a file in a merge conflict from git's index."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.state.git import Git

_ENTRY = re.compile(rb"100(?:644|755) ([0-9a-f]{40,64}) ([123])\t(.*)", re.DOTALL)


class _TooLarge(Exception):
    """It is no lock."""


def stages(path: Path, limit: int) -> tuple[bytes, bytes] | None:
    """The file as it is on our side and on theirs, whole, when git has it as unmerged; nothing is changed.

    Git keeps both for a while after `git add`, too. None where git has not both of them, where there is no
    git, or where one is larger than `limit` bytes.
    """
    git = Git(path.parent)
    try:
        for which in ("--unmerged", "--resolve-undo"):
            listed = git.run("ls-files", which, "-z", "--", f":(literal){path.name}")
            found = [_ENTRY.fullmatch(entry) for entry in listed.split(b"\0")]
            blobs = {one[2]: one[1].decode() for one in found if one and one[3] == os.fsencode(path.name)}
            if {b"2", b"3"} <= blobs.keys():
                ours, theirs = (_whole(one, limit) for one in git.contents([blobs[b"2"], blobs[b"3"]]))
                return ours, theirs
    except (StateError, _TooLarge):
        pass
    return None


def _whole(blocks: Iterable[bytes], limit: int) -> bytes:
    content = bytearray()
    for block in blocks:
        content += block
        if len(content) > limit:
            raise _TooLarge
    return bytes(content)

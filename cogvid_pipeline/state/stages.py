"""Read both sides of a file in a merge conflict from git's index."""

import os
import re
import subprocess
from pathlib import Path

_ENTRY = re.compile(rb"100(?:644|755) ([0-9a-f]{40,64}) ([123])\t(.*)", re.DOTALL)

# No daemon, hook or replacement that a repository configures, no path taken for a pattern.
_GIT = ("git", "-c", "core.fsmonitor=", "--no-replace-objects", "--literal-pathspecs")
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
# What a hook is told of the repository is relative to another directory; the file's own tells the same.
_TOLD = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})


def stages(path: Path, limit: int) -> tuple[bytes, bytes] | None:
    """The file as it is on our side and on theirs, whole, when git has it as unmerged; nothing is changed.

    Git keeps both for a while after `git add`, too. None where git has not both of them, where there is no
    git, or where one is larger than `limit` bytes.
    """
    for which in ("--unmerged", "--resolve-undo"):
        listed = _output(path.parent, 1 << 20, "ls-files", which, "-z", "--", path.name) or b""
        found = [_ENTRY.fullmatch(entry) for entry in listed.split(b"\0")]
        blobs = {one[2]: one[1].decode() for one in found if one and one[3] == os.fsencode(path.name)}
        if {b"2", b"3"} <= blobs.keys():
            ours = _output(path.parent, limit, "cat-file", "blob", blobs[b"2"])
            theirs = _output(path.parent, limit, "cat-file", "blob", blobs[b"3"])
            return None if ours is None or theirs is None else (ours, theirs)
    return None


def _output(directory: Path, limit: int, *arguments: str) -> bytes | None:
    """What git prints; None when it fails or prints more than `limit` bytes."""
    environment = {name: value for name, value in os.environ.items() if name not in _TOLD}
    try:
        with subprocess.Popen(  # noqa: S603 -- the arguments are ours, and no shell reads them
            [*_GIT, *arguments],
            cwd=directory,
            env=environment | _QUIET,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None
            output = process.stdout.read(limit + 1)
            if len(output) > limit:
                process.kill()
    except OSError:
        return None
    return output if process.returncode == 0 and len(output) <= limit else None

"""The directory for the clips: below the manifest's, and nobody else's."""

import os
from pathlib import Path

from cogvid_pipeline.manifest.mistakes import Mistake

# Directories of Git's and of cogvid's own.
_RESERVED = frozenset({".git", ".cogvid"})

# Where `preview` renders to, under the very names that clips have.
_PREVIEWS = "previews"


def check_output(output: str, directory: Path) -> Mistake | None:
    """What keeps clips from going to `output`, which is relative to the manifest's directory."""
    if not (why := _unusable(output, directory.resolve())):
        return None
    hint = "let `output` name a directory of its own below the manifest's, as in: output: renders"
    return Mistake("CV416", f"clips cannot go to {output}{why}", ("output",), hint)


def _unusable(output: str, root: Path) -> str:
    """Why clips cannot go to a path below the root; "" when they can."""
    written = Path(os.path.normpath(root / output))
    try:
        real = (root / output).resolve()
        taken = real.exists() and not real.is_dir()
    except (OSError, RuntimeError, ValueError):
        return ": this path cannot be followed"
    if not written.is_relative_to(root):
        return ": it lies outside the manifest's directory"
    if not real.is_relative_to(root):
        return f": a link there leads out of the manifest's directory, to {real}"
    if real == root:
        return ": it is the manifest's own directory"
    for below in (written.relative_to(root).parts, real.relative_to(root).parts):
        # Some file systems take .GIT for the same.
        if reserved := [part for part in below if part.lower() in _RESERVED]:
            return f": {reserved[0]} is not for clips"
        if below and below[0].lower() == _PREVIEWS:
            return f": {below[0]} is for what `cogvid preview` renders"
    return ": it is a file" if taken else ""

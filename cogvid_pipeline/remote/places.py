"""Find out where the shared store is, and open it."""

import re
from pathlib import Path

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.remote.bucket import Bucket
from cogvid_pipeline.remote.folder import Folder

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)")


def open_bucket(address: str, base: Path) -> Bucket:
    """The bucket at a valid address; a path is relative to `base`.

    Raises ModuleNotFoundError where what knows the scheme is not installed.
    """
    if path := folder_at(address, base):
        return Folder(path)
    from cogvid_pipeline.remote.objects import Objects  # fsspec comes with an extra

    return Objects(address)


def folder_at(address: str, base: Path) -> Path | None:
    """The directory that an address means; None where it means none."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return base / address
    return Path(found[2]) if found[1] in {"file", "local"} else None


def anywhere(address: str) -> str:
    """The address as it means the same in whatever directory it is read."""
    path = folder_at(address, Path())
    return str(path.resolve()) if path else address


def refuse_planted(address: str, base: Path) -> None:
    """Raise UsageError for a directory inside of the work tree: a pull request could have brought it."""
    path = folder_at(address, base)
    here = base.resolve()
    tree = next((above for above in (here, *here.parents) if (above / ".git").exists()), here)
    if path is not None and path.resolve().is_relative_to(tree):
        raise UsageError(
            f"the manifest's `remote`, {address}, lies inside of {tree}, where a pull request could put it",
            hint="choose a place outside of it, or name it in COGVID_REMOTE if it is right",
        )

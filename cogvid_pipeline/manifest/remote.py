"""The address of the shared store, as far as it can be checked without going there."""

import re

from cogvid_pipeline.manifest.mistakes import Mistake
from cogvid_pipeline.manifest.text import CONTROL_IN_VALUE

# A manifest may come with a pull request: nothing that makes a program fetch from anywhere, or chains stores.
SCHEMES = ("s3", "gs", "az", "sftp", "file")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
_EXAMPLE = "as in: remote: s3://our-clips/night-market"


def check_remote(remote: str) -> Mistake | None:
    """What is wrong with an address; plain paths are directories."""
    problem = _problem(remote)
    return Mistake("CV426", problem[0], ("remote",), problem[1]) if problem else None


def _problem(remote: str) -> tuple[str, str] | None:
    if remote != remote.strip() or CONTROL_IN_VALUE.search(remote) or not remote:
        return "the address of a store has no spaces at its ends and no control characters", _EXAMPLE
    found = _SCHEME.match(remote)
    if not found:
        return None
    scheme, place = found[1], remote[found.end() :]
    if "::" in remote:
        return "one store cannot be reached through another", f"name the store itself, {_EXAMPLE}"
    if scheme.lower() not in SCHEMES:
        others = ", ".join(f"{each}://" for each in SCHEMES)
        return f"{scheme}: is no store that clips can be shared in", f"{others} or the path of a directory"
    return _wrong_place(scheme, place, found[2] or "")


def _wrong_place(scheme: str, place: str, slashes: str) -> tuple[str, str] | None:
    """What is wrong with what follows a known scheme."""
    host = place.partition("/")[0]
    if scheme not in SCHEMES or not slashes:
        return f"this address does not begin with {scheme.lower()}://", f"write {scheme.lower()}://{place}"
    if "@" in host and (scheme != "sftp" or ":" in host.rpartition("@")[0]):
        hint = f"take it out: keys of stores come from the environment; {_EXAMPLE}"
        return "this address has a key or a password in it", hint
    if unfit := re.search(r"[?#]", place):
        return f"the address of a store cannot have {unfit[0]!r}", _EXAMPLE
    if not host and scheme != "file":
        return f"this address names no place after {scheme}://", _EXAMPLE
    return None

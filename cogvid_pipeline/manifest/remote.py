"""The address of the shared store, as far as it can be checked without going there."""

import re
from collections.abc import Collection

from cogvid_pipeline.manifest.mistakes import Mistake
from cogvid_pipeline.manifest.text import CONTROL_IN_VALUE

# A manifest may come with a pull request: nothing whose host it could choose, to be called or logged in to.
SCHEMES = ("s3", "gs", "az", "file")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")
_EXAMPLE = "as in: remote: s3://our-clips/night-market"


def check_remote(remote: str) -> Mistake | None:
    """What is wrong with an address that a manifest names; plain paths are directories."""
    problem = check_address(remote, SCHEMES)
    return Mistake("CV426", problem[0], ("remote",), problem[1]) if problem else None


def check_address(remote: str, schemes: Collection[str] = ()) -> tuple[str, str] | None:
    """What is wrong with an address, and what to do; without `schemes` any scheme will do."""
    if remote != remote.strip() or CONTROL_IN_VALUE.search(remote) or not remote:
        return "the address of a store has no spaces at its ends and no control characters", _EXAMPLE
    found = _SCHEME.match(remote)
    if not found:
        return None
    scheme, place = found[1], remote[found.end() :]
    if "::" in remote:
        return "one store cannot be reached through another", f"name the store itself, {_EXAMPLE}"
    if schemes and scheme.lower() not in schemes:
        others = ", ".join(f"{each}://" for each in schemes)
        hint = f"{others} or the path of a directory; others can be named in COGVID_REMOTE alone"
        return f"{scheme}: is no store that a manifest can name", hint
    return _wrong_place(scheme, place, found[2] or "")


def _wrong_place(scheme: str, place: str, slashes: str) -> tuple[str, str] | None:
    """What is wrong with what follows a known scheme."""
    host = place.partition("/")[0]
    if scheme != scheme.lower() or not slashes:
        return f"this address does not begin with {scheme.lower()}://", f"write {scheme.lower()}://{place}"
    if "@" in host and (scheme in SCHEMES or ":" in host.rpartition("@")[0]):
        hint = f"take it out: keys of stores come from the environment; {_EXAMPLE}"
        return "this address has a key or a password in it", hint
    if unfit := re.search(r"[?#]", place):
        return f"the address of a store cannot have {unfit[0]!r}", _EXAMPLE
    if scheme == "file":
        hint = f"write the path alone, or file:///{place.lstrip('/')}"
        return (f"after {scheme}:// comes a path from the root", hint) if host or not place else None
    if not host and scheme in SCHEMES:
        return f"this address names no place after {scheme}://", _EXAMPLE
    return None

"""Name the moments at which a crash matters, so that a test can bring one about at each of them.

In normal use nobody observes them, and nothing outside of the process can change that.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

# A step that has just been done, except that "committing" and "posting" come right before theirs.
Effect: TypeAlias = Literal[
    "written",  # a file has its bytes
    "synced",  # a file, or the names in a directory, survive a power cut
    "renamed",
    "removed",
    "made",  # a directory
    "committing",
    "committed",  # a change of the ledger
    "posting",
    "answered",  # a submission, or nothing will come any more
]

# Each is called with the effect and the path or address that it is about, from whatever thread it happens in.
observers: list[Callable[[Effect, str], None]] = []


def reached(effect: Effect, what: object) -> None:
    """Tell whoever observes."""
    for observe in observers:
        observe(effect, str(what))

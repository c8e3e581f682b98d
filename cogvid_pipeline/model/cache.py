"""What the clip cache holds, and why each file stays there."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a file of the cache stays, the strongest first."""

    LOCK = "lock"
    UNFINISHED = "unfinished"
    LEDGER = "ledger"
    YOUNG = "young"


@dataclass(frozen=True, slots=True)
class Needed:
    """What may not leave the cache: digests of clips (bare hex SHA-256) and keys of downloads.

    `locked` is what locks name, `unfinished` and `downloads` are what unfinished attempts need, `recorded`
    is what the ledger names and locks that cannot be seen from here may name too.
    """

    locked: frozenset[str]
    unfinished: frozenset[str]
    downloads: frozenset[str]
    recorded: frozenset[str]

    def clip(self, digest: str) -> Reason | None:
        """Why the clip with this digest is needed, if it is."""
        if digest in self.locked:
            return Reason.LOCK
        if digest in self.unfinished:
            return Reason.UNFINISHED
        return Reason.LEDGER if digest in self.recorded else None


@dataclass(frozen=True, slots=True)
class CacheFile:
    """A file of the cache; `path` is relative to the state directory.

    `age` is in seconds, and negative where the file is from the future. `reason` is None when nobody needs
    the file.
    """

    path: str
    bytes: int
    age: float
    reason: Reason | None

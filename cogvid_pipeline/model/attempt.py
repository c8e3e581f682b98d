"""What was asked of a vendor and what came of it, as the lock and the ledger record it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from cogvid_pipeline.model.shot import Money, Request

# Providers whose clips cost nothing and so never stand in for a paid one.
FREE_PROVIDERS = frozenset({"preview", "emulator"})


class State(StrEnum):
    """Where an attempt is: intent → accepted → succeeded | failed, intent → refused | held."""

    INTENT = "intent"
    ACCEPTED = "accepted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUSED = "refused"
    HELD = "held"
    ADOPTED = "adopted"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Clip:
    """The video file of a take: its digest (bare hex SHA-256) and what a probe found in it.

    `duration` is in seconds, `fps` in frames a second, sizes in pixels.
    """

    sha256: str
    bytes: int
    width: int
    height: int
    fps: float
    duration: float
    audio: bool


@dataclass(frozen=True, slots=True)
class Labelled:
    """The copy of a clip that says how it was made: its digest (bare hex SHA-256), and if it is signed."""

    sha256: str
    bytes: int
    signed: bool


# What the cache holds, and what lies under a readable name.
Stored: TypeAlias = Clip | Labelled


@dataclass(frozen=True, slots=True)
class Attempt:
    """One submission. Times are ISO 8601 in UTC; `url` may be signed, so only the ledger keeps its query.

    `request` is as in the plan. `cost` is what the price book said when it was submitted. `error` has the
    vendor's words when it failed, or why the outcome is unknown when it is held.

    What only the ledger knows: `seal` tells the very submission, host and key from any other, and is empty
    where the vendor knows no request ids; `own` says that it was submitted from here, so that its host is
    one that the key may be sent to; `account` tells the vendor's account from any other, without its key.
    """

    state: State
    fingerprint: str
    request: Request
    provider: str
    base_url: str
    request_id: str
    task_id: str = ""
    url: str = ""
    clip: Clip | None = None
    cost: Money | None = None
    created_at: str = ""
    completed_at: str = ""
    error: str = ""
    seal: str = ""
    own: bool = False
    account: str = ""

    @property
    def paid(self) -> bool:
        return self.provider not in FREE_PROVIDERS


@dataclass(frozen=True, slots=True)
class Full:
    """Why nothing may be submitted now: other runs have so many of the account's tasks in hand."""

    others: int


# A task that has succeeded is pending until its clip is there.
_STATUS_OF_PENDING = {
    State.INTENT: "held",
    State.HELD: "held",
    State.ACCEPTED: "submitted",
    State.ADOPTED: "submitted",
    State.SUCCEEDED: "submitted",
}


@dataclass(frozen=True, slots=True)
class LockEntry:
    """What the lock says of one take.

    `result` is the newest attempt that succeeded, `pending` a newer one that has not (yet), `previous`
    the result that `result` took the place of. At least one of `result` and `pending` is there. `labelled`
    is what was last made of the result's clip to be seen by others, `previous_labelled` of the one before.
    """

    result: Attempt | None = None
    pending: Attempt | None = None
    previous: Attempt | None = None
    labelled: Labelled | None = None
    previous_labelled: Labelled | None = None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All of them, the newest first."""
        return tuple(attempt for attempt in (self.pending, self.result, self.previous) if attempt)

    @property
    def status(self) -> str:
        """`succeeded`, `submitted`, `failed` or `held`: that of the newest attempt."""
        if self.pending is None:
            return "succeeded" if self.result else "failed"
        return _STATUS_OF_PENDING.get(self.pending.state, "failed")


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock file as data: entries by take (`walk`, `walk@2`), and the digest of its bytes.

    A file in which a merge left conflicts is `conflicted`: its entries are those of both sides. Of a take
    that the sides have differently, `alternatives` holds the entry of each, ours first, and `entries` ours
    until the planner has chosen. The digest is then that of the file and of both sides.
    """

    entries: Mapping[str, LockEntry] = field(default_factory=dict)
    digest: str = ""
    alternatives: Mapping[str, tuple[LockEntry, ...]] = field(default_factory=dict)
    conflicted: bool = False

    def everything(self) -> Iterator[tuple[str, LockEntry]]:
        """Every entry with its take, the alternatives among them."""
        for name, entry in self.entries.items():
            for alternative in self.alternatives.get(name, (entry,)):
                yield name, alternative

    def settled(self, chosen: Mapping[str, LockEntry]) -> "Lock":
        """The lock with one entry for each take: `chosen` has one for each that has alternatives."""
        return replace(self, entries={**self.entries, **chosen}, alternatives={})


# What the ledger knows of each fingerprint that was asked about: its newest attempt that counts.
Attempts: TypeAlias = Mapping[str, Attempt]

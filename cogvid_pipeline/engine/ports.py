"""The protocols that the engine needs; adapters fit them without importing them."""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

from cogvid_pipeline.model.attempt import Attempt, Clip, Full, LockEntry, Stored
from cogvid_pipeline.model.event import Event
from cogvid_pipeline.model.shot import Fit, ImageFile
from cogvid_pipeline.model.wire import (
    Accepted,
    PollDenied,
    PollFailed,
    Submission,
    TaskState,
    TaskUnknown,
    Verdict,
)

T = TypeVar("T")

# Called with the bytes there are so far and, where it is known, the bytes there will be.
Progress: TypeAlias = Callable[[int, int | None], None]

# Downloads a clip to a path, going on where a part of it is there already; no key goes along. Raises
# ClipGone when the address is dead, FetchError when it may work later.
Download: TypeAlias = Callable[[str, Path, Progress], Awaitable[None]]


class Vendor(Protocol):
    """A paid, asynchronous API."""

    name: str
    base_url: str
    account: str  # the same for the same key at the same host, and betrays neither

    async def submit(self, submission: Submission) -> Verdict:
        """Send one request, once, and say what became of it. Raises nothing that is expected."""
        ...

    async def poll(self, attempt: Attempt) -> TaskState:
        """Ask once how a task is doing. Raises nothing that is expected."""
        ...


@runtime_checkable
class RepeatableVendor(Vendor, Protocol):
    """A vendor that knows the request ids that it has accepted, and accepts none twice.

    So a submission whose answer was lost may be sent again: the very same one, to the same host, with the
    same key.
    """

    def seal(self, submission: Submission) -> str:
        """A text that is the same for the very same submission, host and key alone; it betrays none."""
        ...

    async def find(self, request_id: str) -> Accepted | TaskUnknown | PollFailed | PollDenied:
        """Ask once for the task that was accepted under this request id. Raises nothing expected."""
        ...


@runtime_checkable
class Renderer(Protocol):
    """A provider that makes clips on this machine, at once and for nothing."""

    name: str

    async def render(self, submission: Submission, into: Path, progress: Callable[[float], None]) -> None:
        """Write the clip to `into`; `progress` gets the fraction done, 0 to 1. Raises MediaError."""
        ...


Provider: TypeAlias = Vendor | Renderer


class Ledger(Protocol):
    """The durable record of every attempt; each method returns only when its row is on the disk."""

    async def intend(
        self, attempt: Attempt, *, again: bool = False, room: int | None = None
    ) -> Attempt | Full | None:
        """Record an intent, unless the fingerprint has an attempt already that is live or has succeeded.

        Then that one is returned. Where a clip is wanted `again`, only a live one stands in the way.
        With `room`, other runs may have so many of the account's tasks in hand, and no more.
        """
        ...

    async def intend_again(self, held: Attempt) -> Attempt | None:
        """Record the intent to send an attempt in doubt once more, unless it is in doubt no longer.

        Then, or when another run is sending it, it is returned as it is now.
        """
        ...

    async def record(self, attempt: Attempt) -> Attempt:
        """Record what became of the attempt with this request id, which may be new.

        It is returned as it then stands, since another run may know more.
        """
        ...

    async def take_in(self, attempt: Attempt) -> Attempt:
        """Add an attempt that came from a lock or the shared store; one that is known is left alone.

        It is returned as it stands.
        """
        ...

    async def take_over(self, attempt: Attempt) -> None:
        """See to a task from now on, unless the run that does is alive."""
        ...

    async def ask(self, question: Callable[[], T]) -> T:
        """The answer to what looks into the ledger, such as a planner; one question at a time."""
        ...

    def hurry(self) -> None:
        """The run is to end: what cannot be recorded soon is given up, with StateError."""
        ...


# Writes down in the ledger an attempt that has its clip.
Note: TypeAlias = Callable[[Attempt], Awaitable[Attempt]]


class LockWriter(Protocol):
    """Changes the lock, entry by entry."""

    def put(self, name: str, entry: LockEntry | None) -> None:
        """Set an entry, or drop it (None). May be written out later; `flush` waits for that."""
        ...

    def flush(self) -> None:
        """Write what was put, durably."""
        ...


class Clips(Protocol):
    """The content-addressed cache and the readable names."""

    def find(self, clip: Stored) -> Path | None:
        """The file with this digest, its bytes checked, from the cache or from under its readable name."""
        ...

    def staging(self, key: str) -> Path:
        """Where a download with this key goes; the same key gives the same path in the next run."""
        ...

    def adopt(self, staged: Path, *, expected: str | None = None) -> Clip:
        """Probe a finished file, move it into the cache and describe it.

        Raises MediaError when it is no playable MP4, StateError when its digest is not `expected`.
        """
        ...

    def place(self, clip: Stored, take: str) -> Path:
        """Put a cached clip under the take's readable name, replacing what is there."""
        ...

    def displaced(self, clip: Stored, take: str) -> bool:
        """Whether the take's readable name is missing or is not this clip (judged by size)."""
        ...


class Shared(Protocol):
    """The clips of colleagues. Methods raise StoreError when the store cannot be asked or is damaged."""

    def find(self, fingerprint: str) -> Attempt | None:
        """A colleague's attempt at this request, whose clip is there."""
        ...

    def fetch(self, clip: Stored, into: Path, progress: Progress) -> bool:
        """Download a clip and check its digest; False where there is none."""
        ...


class Frames(Protocol):
    """Pictures out of clips, as a vendor takes them."""

    async def extract(self, clip: Path, at: str | float) -> tuple[bytes, str]:
        """The frame as an image file of at most 5 MB, and its media type. Raises MediaError."""
        ...


class Labeller(Protocol):
    """Makes copies of clips that say how they were made; `signs` tells whether they prove it, too."""

    signs: bool

    def write(self, clip: Path, attempt: Attempt, into: Path) -> None:
        """Write the copy of an attempt's clip. Raises CogvidError when that cannot be done."""
        ...


# Is told what happens.
Observer: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything outside that a run touches.

    `provider` gives who generates, the same at each call; it raises UsageError when a key is missing.
    `vendor_of` gives the vendor that an earlier attempt was submitted to; it raises CogvidError when that
    host is none of those that a key may be sent to. `read_image` raises when the file is no longer the one
    that was planned, `fit_picture` when a picture cannot be decoded. `labeller` is None where clips lie as
    the vendor sent them, `shared` where no store is shared. `clock` gives seconds since the epoch.
    """

    provider: Callable[[], Provider]
    vendor_of: Callable[[Attempt], Vendor]
    download: Download
    ledger: Ledger
    lock: LockWriter
    clips: Clips
    frames: Frames
    read_image: Callable[[ImageFile], bytes]
    fit_picture: Callable[[bytes, Fit], Awaitable[tuple[bytes, str]]]
    observe: Observer
    labeller: Labeller | None = None
    shared: Shared | None = None
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())

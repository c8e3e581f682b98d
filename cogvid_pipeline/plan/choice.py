"""Choose among the entries that the two sides of a merge have for one take."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cogvid_pipeline.model.attempt import Attempt, Lock, LockEntry, State

_OUT = frozenset({State.ACCEPTED, State.ADOPTED, State.SUCCEEDED})  # a success is out until its clip is here
_IN_DOUBT = frozenset({State.HELD, State.INTENT})


@dataclass
class Choice:
    """Chooses the same on every machine, whichever side is called ours.

    `satisfies` says whether a clip can stand for a shot of this run's provider.
    """

    lock: Lock
    satisfies: Callable[[Attempt], bool]

    def best(self, take: str, fingerprint: str | None) -> LockEntry:
        """The alternative that is worth most for a take that asks for this (None: it is not known yet)."""
        return max(self.lock.alternatives[take], key=lambda entry: self._worth(entry, fingerprint))

    def _worth(self, entry: LockEntry, fingerprint: str | None) -> tuple[Any, ...]:
        """What is compared: whether it was paid for, how it fits, what hangs on it, and how new it is."""
        paid = any(attempt.paid and (attempt.clip or _waits(attempt)) for attempt in entry.attempts)
        ages = [(one.completed_at or one.created_at, one.request_id) for one in entry.attempts]
        return paid, self._fit(entry, fingerprint), self._hangers_on(entry.result), ages

    def _fit(self, entry: LockEntry, fingerprint: str | None) -> int:
        """How near the entry is to a clip of what is asked for: finished, then running, then in doubt."""
        pending = entry.pending
        out = pending is not None and pending.fingerprint == fingerprint and _waits(pending)
        if self._has(entry.result, fingerprint):
            # A --replace that is out has been paid for, and is not left behind.
            return 6 if out else 5 if pending is None else 4
        if self._has(entry.previous, fingerprint):
            return 3
        if out and pending is not None:
            return 1 if pending.state in _IN_DOUBT else 2
        return 0

    def _has(self, attempt: Attempt | None, fingerprint: str | None) -> bool:
        return (
            attempt is not None
            and attempt.clip is not None
            and attempt.fingerprint == fingerprint
            and self.satisfies(attempt)
        )

    def _hangers_on(self, result: Attempt | None) -> int:
        """How many clips were made of frames of this one's, and of frames of theirs."""
        clips = {result.clip.sha256} if result and result.clip else set()
        waiting = list(clips)
        while waiting:
            new = self._made_of[waiting.pop()] - clips
            clips |= new
            waiting += new
        return len(clips)

    @cached_property
    def _made_of(self) -> dict[str, set[str]]:
        """By the digest of a clip, those of the clips that have a frame of it as an input."""
        index: dict[str, set[str]] = defaultdict(set)
        for _, entry in self.lock.everything():
            if entry.result and entry.result.clip:
                for image in entry.result.request.get("image", ()):
                    if image.startswith("frame:sha256:"):
                        index[image.split(":")[2]].add(entry.result.clip.sha256)
        return index


def _waits(attempt: Attempt) -> bool:
    return attempt.clip is None and attempt.state in _OUT | _IN_DOUBT

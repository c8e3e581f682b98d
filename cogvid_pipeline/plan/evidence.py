"""Find the attempt that already answers a request."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from cogvid_pipeline.model.attempt import Attempt, Lock, State

# Which states count, the best first: finished, running, in doubt.
_RANK = {State.SUCCEEDED: 0, State.ADOPTED: 1, State.ACCEPTED: 1, State.HELD: 2, State.INTENT: 2}


def _distance(attempt: Attempt) -> tuple[bool, int]:
    """How far the attempt is from a clip."""
    return attempt.clip is None, _RANK.get(attempt.state, len(_RANK))


@dataclass(frozen=True, slots=True)
class Found:
    """An attempt, and the take whose lock entry it was found in (empty when the lock does not have it).

    With `shared` neither the lock nor the ledger has it, but the shared store.
    """

    attempt: Attempt
    owner: str
    shared: bool = False


@dataclass
class Evidence:
    """What the lock, the ledger and the shared store know, by fingerprint.

    `known` gives the ledger's newest attempt of a fingerprint, `recorded` the one with a request id, `shared`
    what the shared store is known to have.
    `rehearsal` is the address of the emulator that stands in for the provider, empty where none does.
    """

    lock: Lock
    known: Callable[[str], Attempt | None]
    recorded: Callable[[str], Attempt | None]
    provider: str
    rehearsal: str = ""
    shared: Callable[[str], Attempt | None] = lambda _: None

    def satisfies(self, attempt: Attempt) -> bool:
        """Whether what an attempt made, or will make, can stand for a shot of this provider.

        Previews stand for previews alone, and what an emulator made for that emulator. A paid clip stands
        for anything, but a preview run neither waits for a paid task nor is held by one.
        """
        if self.provider == "preview":
            return attempt.clip is not None
        return attempt.paid or (attempt.provider == "emulator" and attempt.base_url == self.rehearsal != "")

    def best(self, fingerprint: str, take: str, *, unfinished: bool = False) -> Found | None:
        """The attempt that counts for a take with this fingerprint, its own lock entry's first among equals.

        With `unfinished`, only one that has no clip yet.
        """
        usable = [
            found
            for found in self._all(fingerprint)
            if self._counts(found.attempt) and not (unfinished and found.attempt.clip)
        ]

        return min(usable, key=lambda found: (_distance(found.attempt), found.owner != take), default=None)

    def of(self, attempt: Attempt, owner: str) -> Found | None:
        """An attempt from the lock as the ledger knows it now, if it still counts."""
        found = Found(self._newest_word(attempt), owner)
        return found if self._counts(found.attempt) else None

    def _counts(self, attempt: Attempt) -> bool:
        return attempt.state in _RANK and self.satisfies(attempt)

    def _newest_word(self, attempt: Attempt) -> Attempt:
        # The ledger is written first, so of the same attempt it may know more than the lock; where another
        # machine has settled what is in doubt here, the lock does.
        known = self.known(attempt.fingerprint)
        if known is None or known.request_id != attempt.request_id:
            known = self.recorded(attempt.request_id) if attempt.clip is None else None
        if known is None or known.fingerprint != attempt.fingerprint:
            return attempt
        # A lock of another branch may not have heard yet that the attempt is over, or released.
        if known.state not in _RANK and attempt.task_id in ("", known.task_id):
            return known
        return min(known, attempt, key=_distance)

    def _all(self, fingerprint: str) -> Iterator[Found]:
        for owner, attempt in self._locked.get(fingerprint, ()):
            yield Found(self._newest_word(attempt), owner)
        if known := self.known(fingerprint):
            yield Found(known, "")
        if shared := self.shared(fingerprint):
            yield Found(shared, "", shared=True)

    @cached_property
    def _locked(self) -> dict[str, list[tuple[str, Attempt]]]:
        index: dict[str, list[tuple[str, Attempt]]] = defaultdict(list)
        for owner, entry in self.lock.everything():
            for attempt in entry.attempts:
                index[attempt.fingerprint].append((owner, attempt))
        return index

"""Ask the ledger once for all that a plan will want to know of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from cogvid_pipeline.model.attempt import Attempt, Attempts, Lock
from cogvid_pipeline.model.shot import Scalar, Take
from cogvid_pipeline.plan.fingerprint import fingerprint, make_request
from cogvid_pipeline.plan.planner import Facts


def with_foresight(
    facts: Facts, takes: Iterable[Take], documented_defaults: Mapping[str, Mapping[str, Scalar]]
) -> Facts:
    """Facts whose first question is about all the takes, and which remember what they were told.

    A frame is taken to be one of the clip that the lock has. Where it is decided otherwise, that request is
    asked for by itself.
    """
    told: dict[str, Attempt | None] = {}

    def known(digests: Collection[str]) -> Attempts:
        if asked := {digest for digest in digests if digest not in told}:
            if not told:
                asked.update(_foreseen(facts.lock, takes, documented_defaults))
            found = facts.known(asked)
            told.update((digest, found.get(digest)) for digest in asked)
        return {digest: attempt for digest in digests if (attempt := told[digest])}

    return replace(facts, known=known)


def _foreseen(
    lock: Lock, takes: Iterable[Take], documented_defaults: Mapping[str, Mapping[str, Scalar]]
) -> Iterator[str]:
    clips = {
        name: entry.result.clip.sha256
        for name, entry in lock.entries.items()
        if entry.result and entry.result.clip
    }
    for take in takes:
        request = make_request(take.shot, clips.get, take.number)
        if digest := fingerprint(request, documented_defaults):
            yield digest

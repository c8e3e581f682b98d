"""Decide what to do about each take, one after the other."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property

from cogvid_pipeline.model.attempt import Attempt, Attempts, Clip, Lock, LockEntry, State
from cogvid_pipeline.model.plan import (
    Change,
    Fetch,
    Generate,
    Hold,
    Keep,
    PlanOptions,
    Regenerate,
    Repeat,
    Resume,
    Reuse,
    Share,
    TakeStep,
    clip_after,
)
from cogvid_pipeline.model.shot import Request, Storyboard, Take
from cogvid_pipeline.plan.changes import changes_between
from cogvid_pipeline.plan.choice import Choice
from cogvid_pipeline.plan.cost import PriceBook
from cogvid_pipeline.plan.evidence import Evidence, Found
from cogvid_pipeline.plan.fingerprint import fingerprint, make_request
from cogvid_pipeline.plan.names import TakeNames

_NO_ENTRY = LockEntry()
_OVER = frozenset({State.FAILED, State.REFUSED, State.RELEASED})
_IN_DOUBT = frozenset({State.HELD, State.INTENT})
DISPLACED = "its file is missing or was changed"
_SHARED = "a colleague's; the shared store has it"
_ASKED_AGAIN = "its answer was lost; it is sent again with the same request id, which buys nothing twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What there is.

    `known` gives the ledger's newest attempts by fingerprint, `recorded` the one with a request id;
    `displaced` says whether a take's file is not the clip that it should be, `repeatable` whether a
    submission in doubt may be sent again now.
    `rehearsal` is the address of the emulator that stands in for the provider, empty where none does.
    `shared` gives a colleague's attempt that the shared store was found to have; planning asks nobody.
    """

    lock: Lock
    known: Callable[[Collection[str]], Attempts]
    recorded: Callable[[str], Attempt | None]
    displaced: Callable[[Clip, str], bool]
    repeatable: Callable[[Attempt], bool] = lambda _: False
    rehearsal: str = ""
    shared: Callable[[str], Attempt | None] = lambda _: None


class Planner:
    """Decides take by take, upstream first, remembering what downstream shots need to know.

    `clips` has the digest of each decided take's clip, None while it is to be made. The engine sets it
    when a clip is there, and has the downstream shots decided again.
    """

    def __init__(self, storyboard: Storyboard, facts: Facts, prices: PriceBook, options: PlanOptions) -> None:
        self.storyboard = storyboard
        self.facts = facts
        self.prices = prices
        self.replace = frozenset(take for name in options.replace for take in self.names.takes(name))
        self.evidence = Evidence(
            facts.lock, self._known, facts.recorded, storyboard.provider, facts.rehearsal, facts.shared
        )
        self.choice = Choice(facts.lock, self.evidence.satisfies)
        self.settled: dict[str, LockEntry] = {}
        self.warnings: list[str] = []
        self.clips: dict[str, str | None] = {}
        self._paying: dict[str, str] = {}

    @cached_property
    def names(self) -> TakeNames:
        return TakeNames(self.storyboard.shots)

    def _known(self, digest: str) -> Attempt | None:
        return self.facts.known((digest,)).get(digest)

    def standing(self, take: str) -> Attempt | None:
        """The result that the lock has of a take, if its clip counts."""
        result = self.entry(take, None).result
        return result if result and self._stands(result) else None

    def displaced(self, clip: Clip, take: str) -> bool:
        """Whether the take's file is not the clip that it should be."""
        return self.facts.displaced(clip, take)

    def decide(self, take: Take) -> TakeStep:
        """What is done about the take; those that it takes frames from have been decided."""
        request = make_request(take.shot, self.clips.__getitem__, take.number)
        digest = fingerprint(request, self.storyboard.documented_defaults)
        entry = self.entry(take.name, digest)
        action = (
            self._frozen(take, request, digest, entry)
            or self._free(take, request, digest, entry)
            or self._paid(take, request, digest, entry)
        )
        if take.shot.protect and self._displaces(action, entry):
            action = replace(action, reason=f"{action.reason}; protected", refused=True)
        self.clips[take.name] = clip_after(action)
        return action

    def entry(self, take: str, digest: str | None) -> LockEntry:
        """The lock's entry; where a merge left several, the one that was chosen first stays the one."""
        if take not in self.facts.lock.alternatives:
            return self.facts.lock.entries.get(take, _NO_ENTRY)
        if take not in self.settled:
            self.settled[take] = self.choice.best(take, digest)
        return self.settled[take]

    def _frozen(self, take: Take, request: Request, digest: str | None, entry: LockEntry) -> TakeStep | None:
        """What to do where a clip stays although another one is asked for."""
        result = entry.result
        if not take.shot.freeze or take.name in self.replace or result is None or result.clip is None:
            return None
        if result.fingerprint == digest or not self._stands(result):
            return None
        changes = self._changes(entry, request)
        if self.facts.displaced(result.clip, take.name):
            return Fetch(take, "frozen, and its file is missing", request, digest, result)
        reason = f"frozen and stale: {self._changed(take, digest, changes)}"
        return Keep(take, reason, request, digest, result, changes, stale=True)

    def _displaces(self, action: TakeStep, entry: LockEntry) -> bool:
        """Whether an action would put another clip in the place of one that stands."""
        result = entry.result
        if result is None or not self._stands(result):
            return False
        match action:
            case Keep() | Fetch() | Hold():
                return False
            case Reuse(attempt=attempt):
                return attempt.clip != result.clip
            case _:
                return True

    def _free(self, take: Take, request: Request, digest: str | None, entry: LockEntry) -> TakeStep | None:
        """The action that costs nothing, if there is one."""
        if digest is None:
            return None
        replace = take.name in self.replace
        if not replace and (standing := self._standing(take, request, digest, entry)):
            return standing
        changes = self._changes(entry, request)
        payer = self._paying.get(digest, take.name)
        guarded = self._guarded(entry)
        if payer != take.name and not guarded:
            return Share(take, f"the same request as {payer!r}", request, digest, payer, changes)
        found = self._unfinished(take, digest, entry) or self.evidence.best(
            digest, take.name, unfinished=replace
        )
        if found and (found.attempt.paid or not guarded):
            return self._take_up(found, take, request, digest, changes)
        return None

    def _guarded(self, entry: LockEntry) -> bool:
        """Whether the shot has a paid clip and the run makes previews, which never replace one."""
        return entry.result is not None and entry.result.paid and self.storyboard.provider == "preview"

    def _unfinished(self, take: Take, digest: str, entry: LockEntry) -> Found | None:
        """The attempt at this very request that the lock waits for, such as an earlier --replace."""
        if entry.pending is None or entry.pending.fingerprint != digest or entry.pending.state in _OVER:
            return None
        found = self.evidence.of(entry.pending, take.name)
        if found and found.attempt.state in _IN_DOUBT:
            # Someone else's may be on its way, which is better than one in doubt.
            return self.evidence.best(digest, take.name, unfinished=True)
        return found

    def _standing(self, take: Take, request: Request, digest: str, entry: LockEntry) -> TakeStep | None:
        """What to do where the lock has a clip of this very request under this very name."""
        result = entry.result
        if result is None or result.clip is None or result.fingerprint != digest or not self._stands(result):
            return None
        # What is free settles nothing about a paid task, and does not wait for it.
        pending = None if entry.pending and entry.pending.paid and not result.paid else entry.pending
        if pending and (pending.fingerprint != digest or pending.state in _OVER):
            return Reuse(take, "back to the request of its clip", request, digest, result)
        if pending:
            return None
        if self.facts.displaced(result.clip, take.name):
            return Fetch(take, DISPLACED, request, digest, result)
        return Keep(take, "up to date", request, digest, result)

    def _paid(self, take: Take, request: Request, digest: str | None, entry: LockEntry) -> TakeStep:
        """The action that submits."""
        result = entry.result
        if result and result.clip and self._guarded(entry):
            self.warnings.append(f"{take.name}: its paid clip stays as it is; a preview never replaces it")
            if self.facts.displaced(result.clip, take.name):
                return Fetch(take, DISPLACED, request, digest, result)
            return Keep(take, "a preview never replaces a paid clip", request, digest, result)
        if digest is not None:
            self._paying[digest] = take.name
        cost = self.prices.price(take.shot.model)
        again = take.name in self.replace
        failure = _failure(entry, digest)
        if result is None or not self._stands(result):
            reason = failure or ("only a preview of it exists" if result else self._new(take, digest))
            return Generate(take, reason, request, digest, cost, again)
        changes = self._changes(entry, request)
        reason = failure or self._changed(take, digest, changes)
        return Regenerate(take, reason, request, digest, cost, changes, again)

    def _take_up(
        self, found: Found, take: Take, request: Request, digest: str, changes: tuple[Change, ...]
    ) -> TakeStep:
        """Go on with an attempt at this request, however far it got."""
        attempt = found.attempt
        if attempt.clip is not None:
            origin = {
                take.name: "back to an earlier clip of its own",
                "": _SHARED if found.shared else "made before; the ledger has it",
            }.get(found.owner, f"the same request as {found.owner!r}, which is in the lock")
            return Reuse(take, origin, request, digest, attempt, changes, found.shared)
        if attempt.state not in _IN_DOUBT:
            return Resume(take, "submitted before, not finished", request, digest, attempt, changes)
        if attempt.state is State.HELD and self.facts.repeatable(attempt):
            self._paying[digest] = take.name
            cost = attempt.cost or self.prices.price(take.shot.model)
            return Repeat(take, _ASKED_AGAIN, request, digest, cost, attempt, changes)
        reason = attempt.error or "an earlier submission may have been accepted"
        return Hold(take, reason, request, digest, attempt, changes)

    def _stands(self, attempt: Attempt) -> bool:
        return attempt.clip is not None and self.evidence.satisfies(attempt)

    def _changes(self, entry: LockEntry, request: Request) -> tuple[Change, ...]:
        if entry.result is None:
            return ()
        return changes_between(entry.result.request, request, self.storyboard.documented_defaults)

    def _new(self, take: Take, digest: str | None) -> str:
        return f"new; {self._awaited(take)}" if digest is None else "new"

    def _changed(self, take: Take, digest: str | None, changes: tuple[Change, ...]) -> str:
        if take.name in self.replace:
            return "asked for with --replace"
        fields = dict.fromkeys(change.path.split(".")[0] for change in changes)
        if digest is None:
            fields.pop("image", None)
        reasons = [f"{', '.join(fields)} changed"] if fields else []
        return "; ".join([*reasons, self._awaited(take)] if digest is None else reasons)

    def _awaited(self, take: Take) -> str:
        names = [repr(name) for name in take.shot.sources if self.clips[name] is None]
        return f"its frame of {' and '.join(names)} is known after apply"


def _failure(entry: LockEntry, digest: str | None) -> str:
    pending = entry.pending
    if pending and pending.fingerprint == digest and pending.state in _OVER:
        return f"failed before: {pending.error}"
    return ""

"""Decide what to do about each take by comparing the storyboard with what there is."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cogvid_pipeline.model.attempt import Attempt, Clip, Lock, LockEntry, State
from cogvid_pipeline.model.plan import (
    Action,
    Change,
    Fetch,
    Forget,
    Generate,
    Hold,
    Keep,
    Plan,
    PlanOptions,
    Regenerate,
    Repeat,
    Resume,
    Reuse,
    Share,
    TakeStep,
    paying,
)
from cogvid_pipeline.model.shot import Request, Scalar, Shot, Storyboard
from cogvid_pipeline.plan.choice import Choice
from cogvid_pipeline.plan.cost import PriceBook, total
from cogvid_pipeline.plan.evidence import Evidence, Found
from cogvid_pipeline.plan.fingerprint import fingerprint, make_request, significant
from cogvid_pipeline.plan.graph import upstream_first

Defaults: TypeAlias = Mapping[str, Mapping[str, Scalar]]

_NO_ENTRY = LockEntry()
_OVER = frozenset({State.FAILED, State.REFUSED, State.RELEASED})
_IN_DOUBT = frozenset({State.HELD, State.INTENT})
_DISPLACED = "its file is missing or was changed"
_NAMED = 5  # how many shots a warning lists
_ASKED_AGAIN = "its answer was lost; it is sent again with the same request id, which buys nothing twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What there is.

    `known` gives the ledger's newest attempt of a fingerprint; `displaced` says whether a take's file is
    not the clip that it should be; `repeatable` whether a submission in doubt may be sent again now.
    `rehearsal` is the address of the emulator that stands in for the provider, empty where none does.
    """

    lock: Lock
    known: Callable[[str], Attempt | None]
    displaced: Callable[[Clip, str], bool]
    repeatable: Callable[[Attempt], bool] = lambda _: False
    rehearsal: str = ""


def make_plan(
    storyboard: Storyboard, facts: Facts, prices: PriceBook, options: PlanOptions | None = None
) -> Plan:
    """The actions that make the lock match the storyboard."""
    options = options or PlanOptions()
    planner = Planner(storyboard, facts, prices, options)
    decided = {shot.name: planner.decide(shot) for shot in upstream_first(storyboard.shots)}
    actions: list[Action] = [decided[shot.name] for shot in storyboard.shots]
    actions += [
        Forget(name, "no shot of the manifest stands for it", planner.entry(name, None))
        for name in sorted(facts.lock.entries)
        if name not in decided
    ]
    return Plan(
        actions=tuple(actions),
        provider=storyboard.provider,
        lock_digest=facts.lock.digest,
        options=options,
        summary=dict(Counter(action.kind for action in actions)),
        cost=total((action.cost for action in paying(actions)), prices.currency),
        currency=prices.currency,
        warnings=(*_conflict(facts.lock), *planner.warnings),
        settled={name: planner.entry(name, None) for name in facts.lock.alternatives},
        conflicted=facts.lock.conflicted,
    )


def _conflict(lock: Lock) -> tuple[str, ...]:
    if not lock.conflicted:
        return ()
    said = "a merge has left conflicts in the lock: both sides were read, and apply writes it whole"
    if names := sorted(lock.alternatives):
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        said += f", with what fits the manifest where they differ ({', '.join(names[:_NAMED])}{more})"
    return (said,)


def changes_between(before: Request, after: Request, defaults: Defaults) -> tuple[Change, ...]:
    """The fields that differ in meaning; images are compared one by one, as `image.0` and `image.1`."""
    old, new = (_flat(significant(request, defaults)) for request in (before, after))
    return tuple(
        Change(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if path not in old or path not in new or old[path] != new[path]
    )


def _flat(request: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in request.items() if name != "image"}
    flat.update({f"image.{index}": image for index, image in enumerate(request.get("image", ()))})
    return flat


class Planner:
    """Decides shot by shot, upstream first, remembering what downstream shots need to know.

    `clips` has the digest of each decided shot's clip, None while it is to be made. The engine sets it
    when a clip is there, and has the downstream shots decided again.
    """

    def __init__(self, storyboard: Storyboard, facts: Facts, prices: PriceBook, options: PlanOptions) -> None:
        self.storyboard = storyboard
        self.facts = facts
        self.prices = prices
        self.replace = frozenset(options.replace)
        self.evidence = Evidence(facts.lock, facts.known, storyboard.provider, facts.rehearsal)
        self.choice = Choice(facts.lock, self.evidence.satisfies)
        self.settled: dict[str, LockEntry] = {}
        self.warnings: list[str] = []
        self.clips: dict[str, str | None] = {}
        self._paying: dict[str, str] = {}

    def decide(self, shot: Shot) -> TakeStep:
        request = make_request(shot, self.clips.__getitem__)
        digest = fingerprint(request, self.storyboard.documented_defaults)
        entry = self.entry(shot.name, digest)
        action = self._free(shot, request, digest, entry) or self._paid(shot, request, digest, entry)
        self.clips[shot.name] = clip_after(action)
        return action

    def entry(self, take: str, digest: str | None) -> LockEntry:
        """The lock's entry; where a merge left several, the one that was chosen first stays the one."""
        if take not in self.facts.lock.alternatives:
            return self.facts.lock.entries.get(take, _NO_ENTRY)
        if take not in self.settled:
            self.settled[take] = self.choice.best(take, digest)
        return self.settled[take]

    def _free(self, shot: Shot, request: Request, digest: str | None, entry: LockEntry) -> TakeStep | None:
        """The action that costs nothing, if there is one."""
        if digest is None:
            return None
        replace = shot.name in self.replace
        if not replace and (standing := self._standing(shot, request, digest, entry)):
            return standing
        changes = self._changes(entry, request)
        payer = self._paying.get(digest, shot.name)
        guarded = self._guarded(entry)
        if payer != shot.name and not guarded:
            return Share(shot, 1, f"the same request as {payer!r}", request, digest, payer, changes)
        found = self._unfinished(shot, digest, entry) or self.evidence.best(
            digest, shot.name, unfinished=replace
        )
        if found and (found.attempt.paid or not guarded):
            return self._take_up(found, shot, request, digest, changes)
        return None

    def _guarded(self, entry: LockEntry) -> bool:
        """Whether the shot has a paid clip and the run makes previews, which never replace one."""
        return entry.result is not None and entry.result.paid and self.storyboard.provider == "preview"

    def _unfinished(self, shot: Shot, digest: str, entry: LockEntry) -> Found | None:
        """The attempt at this very request that the lock waits for, such as an earlier --replace."""
        if entry.pending is None or entry.pending.fingerprint != digest or entry.pending.state in _OVER:
            return None
        found = self.evidence.of(entry.pending, shot.name)
        if found and found.attempt.state in _IN_DOUBT:
            # Someone else's may be on its way, which is better than one in doubt.
            return self.evidence.best(digest, shot.name, unfinished=True)
        return found

    def _standing(self, shot: Shot, request: Request, digest: str, entry: LockEntry) -> TakeStep | None:
        """What to do where the lock has a clip of this very request under this very name."""
        result = entry.result
        if result is None or result.clip is None or result.fingerprint != digest or not self._stands(result):
            return None
        # What is free settles nothing about a paid task, and does not wait for it.
        pending = None if entry.pending and entry.pending.paid and not result.paid else entry.pending
        if pending and (pending.fingerprint != digest or pending.state in _OVER):
            return Reuse(shot, 1, "back to the request of its clip", request, digest, result)
        if pending:
            return None
        if self.facts.displaced(result.clip, shot.name):
            return Fetch(shot, 1, _DISPLACED, request, digest, result)
        return Keep(shot, 1, "up to date", request, digest, result)

    def _paid(self, shot: Shot, request: Request, digest: str | None, entry: LockEntry) -> TakeStep:
        """The action that submits."""
        result = entry.result
        if result and result.clip and self._guarded(entry):
            self.warnings.append(f"{shot.name}: its paid clip stays as it is; a preview never replaces it")
            if self.facts.displaced(result.clip, shot.name):
                return Fetch(shot, 1, _DISPLACED, request, digest, result)
            return Keep(shot, 1, "a preview never replaces a paid clip", request, digest, result)
        if digest is not None:
            self._paying[digest] = shot.name
        cost = self.prices.price(shot.model)
        again = shot.name in self.replace
        failure = _failure(entry, digest)
        if result is None or not self._stands(result):
            reason = failure or ("only a preview of it exists" if result else self._new(shot, digest))
            return Generate(shot, 1, reason, request, digest, cost, again)
        changes = self._changes(entry, request)
        reason = failure or self._changed(shot, digest, changes)
        return Regenerate(shot, 1, reason, request, digest, cost, changes, again)

    def _take_up(
        self, found: Found, shot: Shot, request: Request, digest: str, changes: tuple[Change, ...]
    ) -> TakeStep:
        """Go on with an attempt at this request, however far it got."""
        attempt = found.attempt
        if attempt.clip is not None:
            origin = {
                shot.name: "back to an earlier clip of its own",
                "": "made before; the ledger has it",
            }.get(found.owner, f"the same request as {found.owner!r}, which is in the lock")
            return Reuse(shot, 1, origin, request, digest, attempt, changes)
        if attempt.state not in _IN_DOUBT:
            return Resume(shot, 1, "submitted before, not finished", request, digest, attempt, changes)
        if attempt.state is State.HELD and self.facts.repeatable(attempt):
            self._paying[digest] = shot.name
            cost = attempt.cost or self.prices.price(shot.model)
            return Repeat(shot, 1, _ASKED_AGAIN, request, digest, cost, attempt, changes)
        reason = attempt.error or "an earlier submission may have been accepted"
        return Hold(shot, 1, reason, request, digest, attempt, changes)

    def _stands(self, attempt: Attempt) -> bool:
        return attempt.clip is not None and self.evidence.satisfies(attempt)

    def _changes(self, entry: LockEntry, request: Request) -> tuple[Change, ...]:
        if entry.result is None:
            return ()
        return changes_between(entry.result.request, request, self.storyboard.documented_defaults)

    def _new(self, shot: Shot, digest: str | None) -> str:
        return f"new; {self._awaited(shot)}" if digest is None else "new"

    def _changed(self, shot: Shot, digest: str | None, changes: tuple[Change, ...]) -> str:
        if shot.name in self.replace:
            return "asked for with --replace"
        fields = dict.fromkeys(change.path.split(".")[0] for change in changes)
        if digest is None:
            fields.pop("image", None)
        reasons = [f"{', '.join(fields)} changed"] if fields else []
        return "; ".join([*reasons, self._awaited(shot)] if digest is None else reasons)

    def _awaited(self, shot: Shot) -> str:
        names = [repr(name) for name in shot.upstream if self.clips[name] is None]
        return f"its frame of {' and '.join(names)} is known after apply"


def _failure(entry: LockEntry, digest: str | None) -> str:
    pending = entry.pending
    if pending and pending.fingerprint == digest and pending.state in _OVER:
        return f"failed before: {pending.error}"
    return ""


def clip_after(action: TakeStep) -> str | None:
    """The digest of the clip that the take has once the action is done, where it is known already."""
    match action:
        case Keep(attempt=attempt) | Fetch(attempt=attempt) | Reuse(attempt=attempt):
            return attempt.clip.sha256 if attempt.clip else None
        case _:
            return None

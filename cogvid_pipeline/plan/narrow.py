"""Narrow what is decided about all takes down to a selection, and to what that needs."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.listing import listed
from cogvid_pipeline.model.attempt import Attempt, Clip, Lock, LockEntry
from cogvid_pipeline.model.plan import (
    Fetch,
    Generate,
    Hold,
    PlanOptions,
    Regenerate,
    Repeat,
    Resume,
    Reuse,
    Share,
    TakeStep,
    changes_of,
    clip_after,
    draws,
)
from cogvid_pipeline.model.shot import Take, matrix_of
from cogvid_pipeline.plan.names import TakeNames
from cogvid_pipeline.plan.planner import DISPLACED
from cogvid_pipeline.plan.selection import Candidate, select

_NAMED = 3  # of the shots for which another one is brought in


class Decider(Protocol):
    """Decides about takes, upstream first; `clips` has the digest of each one's clip, None if unknown."""

    clips: dict[str, str | None]
    replace: frozenset[str]

    @property
    def names(self) -> TakeNames:
        """Which takes a name stands for."""
        ...

    def decide(self, take: Take) -> TakeStep:
        """What is done about a take."""
        ...

    def standing(self, take: str) -> Attempt | None:
        """The result that the lock has of a take, if its clip counts."""
        ...

    def displaced(self, clip: Clip, take: str) -> bool:
        """Whether the take's file is not the clip that it should be."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """What is done about takes, upstream first, and the entries of the lock that are dropped."""

    steps: Mapping[str, TakeStep]
    forgotten: Sequence[str]
    warnings: Sequence[str] = ()


def narrow(whole: Part, lock: Lock, planner: Decider, options: PlanOptions) -> Part:
    """What is done about the selected takes, and about what they need and do not have yet.

    `whole` is what would be done without a selection; `planner` has decided nothing yet. Raises UsageError
    when the selection names what is not there, or leaves out what is to be replaced.
    """
    selected = select(_candidates(whole, lock), options)
    if left_out := sorted(planner.replace - selected):
        raise UsageError(
            f"--replace {left_out[0]}: that shot is not selected", hint=f"add --select {left_out[0]}"
        )
    narrowing = _Narrowing(whole.steps, planner, selected)
    steps = narrowing.steps()
    forgotten, kept = _forgotten(whole, lock, selected)
    return Part(steps, forgotten, (*narrowing.warnings(), *kept))


def _candidates(whole: Part, lock: Lock) -> Iterator[Candidate]:
    for name, step in whole.steps.items():
        states = frozenset(_states(step, lock.entries.get(name)))
        shot = step.shot
        names = tuple(filter(None, (shot.name, matrix_of(shot.name))))
        first = (f"{name}@1",) if name == shot.name and shot.takes > 1 else ()
        yield Candidate(name, (*names, *first), shot.tags, states, shot.sources, shot.depends_on)
    for name in whole.forgotten:
        yield Candidate(name, gone=True)


def _states(step: TakeStep, entry: LockEntry | None) -> Iterator[str]:
    status = entry.status if entry else ""
    if isinstance(step, Hold | Repeat) or status == "held":
        yield "held"
    elif status == "failed":
        yield "failed"
    elif entry is None or isinstance(step, Generate):
        yield "new"
    if changes_of(step):
        yield "changed"


@dataclass
class _Narrowing:
    """One use of `narrow`; `used` is what the lock has of takes outside of the selection that it goes by."""

    whole: Mapping[str, TakeStep]
    planner: Decider
    selected: frozenset[str]
    used: dict[str, Attempt] = field(default_factory=dict)

    def steps(self) -> dict[str, TakeStep]:
        """What is done about the selected takes and what is brought in for them, upstream first."""
        within = self._within()
        decided = {
            name: self.planner.decide(step.take) for name, step in self.whole.items() if name in within
        }
        needed_by = self._needed_by(decided)
        for name in needed_by.keys() & self.used.keys():
            if self._displaced(name, self.used[name]):
                decided[name] = _fetch(self.whole[name].take, self.used[name])
        return {
            name: _brought_in(decided[name], needed_by.get(name, ()))
            for name in self.whole
            if name in decided and (name in self.selected or name in needed_by)
        }

    def warnings(self) -> Iterator[str]:
        """What the lock has, and what would be made anew if it were selected."""
        for name, standing in self.used.items():
            if standing.clip and clip_after(self.whole[name]) != standing.clip.sha256:
                yield f"{name}: out of date and not selected, so its clip in the lock is what counts"

    def _within(self) -> set[str]:
        """The selected takes and what they wait for, up to where the lock has a clip."""
        within: set[str] = set()
        followed: set[str] = set()
        waiting = list(self.selected & self.whole.keys())
        while waiting:
            name = waiting.pop()
            if name in within:
                continue
            within.add(name)
            shot = self.whole[name].shot
            waiting += [source for source in shot.sources if not self._uses(source)]
            for reference in set(shot.depends_on) - followed:
                waiting += [take for take in self.planner.names.takes(reference) if not self._is_there(take)]
            followed.update(shot.depends_on)
        return within

    def _uses(self, name: str) -> bool:
        """Whether a take outside of the selection has a clip for others to take frames from."""
        if name in self.selected:
            return False
        standing = self._standing(name)
        if standing is None or standing.clip is None:
            return False
        self.used[name] = standing
        self.planner.clips[name] = standing.clip.sha256
        return True

    def _is_there(self, name: str) -> bool:
        return name not in self.selected and self.planner.standing(name) is not None

    def _standing(self, name: str) -> Attempt | None:
        """The clip that the lock has, unless it is a preview that would have to be rendered again."""
        standing = self.planner.standing(name)
        return None if standing and not standing.paid and self._displaced(name, standing) else standing

    def _displaced(self, name: str, attempt: Attempt) -> bool:
        return attempt.clip is not None and self.planner.displaced(attempt.clip, name)

    def _needed_by(self, decided: Mapping[str, TakeStep]) -> dict[str, list[str]]:
        """The takes outside of the selection whose clips go into something new, and into what."""
        needed_by: dict[str, list[str]] = defaultdict(list)
        waiting = deque(name for name in decided if name in self.selected)
        while waiting:
            name = waiting.popleft()
            for source in self._sources(decided[name]):
                if source not in self.selected:
                    if source not in needed_by and source in decided:
                        waiting.append(source)
                    needed_by[source].append(name)
        return needed_by

    def _sources(self, step: TakeStep) -> Iterator[str]:
        """The takes that have to have their clips before this."""
        if isinstance(step, Share):
            yield step.of
        if draws(step):
            yield from step.shot.sources
        if isinstance(step, Generate | Regenerate):
            for reference in step.shot.depends_on:
                yield from self.planner.names.takes(reference)


def _fetch(take: Take, standing: Attempt) -> Fetch:
    return Fetch(take, DISPLACED, standing.request, standing.fingerprint, standing)


def _brought_in(step: TakeStep, needed_by: Sequence[str]) -> TakeStep:
    if not needed_by:
        return step
    names = listed([repr(name) for name in needed_by], _NAMED)
    reason = f"{step.reason}; not selected, but needed by {names}"
    return replace(step, reason=reason, needed_by=tuple(needed_by))


def _forgotten(whole: Part, lock: Lock, selected: frozenset[str]) -> tuple[list[str], list[str]]:
    """The selected entries that are dropped, and words about those that have to stay.

    A clip that a shot outside of the selection is about to take over would leave the lock for good.
    """
    waiting = {
        step.attempt.request_id: name
        for name, step in whole.steps.items()
        if name not in selected and isinstance(step, Reuse | Resume | Repeat | Hold)
    }
    dropped, kept = [], []
    for name in (name for name in whole.forgotten if name in selected):
        ids = [attempt.request_id for attempt in lock.entries[name].attempts]
        heirs = [waiting[each] for each in ids if each in waiting]
        if heirs:
            kept.append(
                f"{name}: stays in the lock, since {heirs[0]!r}, which is not selected, takes its clip over"
            )
        else:
            dropped.append(name)
    return dropped, kept

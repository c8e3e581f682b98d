"""Compare two storyboards, shot by shot."""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from cogvid_pipeline.model.difference import Added, Altered, Removed, ShotDifference, StoryDifference
from cogvid_pipeline.model.plan import Change
from cogvid_pipeline.model.shot import Shot, Storyboard, split_take, take_name
from cogvid_pipeline.plan.changes import Defaults, changes_between
from cogvid_pipeline.plan.fingerprint import fingerprint, make_request
from cogvid_pipeline.plan.graph import upstream_first

_IMAGE = "image."
_BESIDES = ("tags", "takes", "pick", "depends_on", "protect", "freeze")
_SETTINGS = ("project", "title", "provider", "output", "budget", "remote")


def compare(before: Storyboard, after: Storyboard) -> StoryDifference:
    """What differs in meaning. Frames of other shots are compared by the shots' names, not by their clips.

    A shot that asks for what a shot asked for that is gone is that one, renamed.
    """
    comparison = _Comparison(before, after)
    shots = comparison.shots()
    differing = sum(not isinstance(each, Removed) for each in shots)
    return StoryDifference(shots, comparison.settings(), len(after.shots) - differing)


class _Comparison:
    """`now` has the later name of each shot that both storyboards have, by its earlier one."""

    def __init__(self, before: Storyboard, after: Storyboard) -> None:
        self._before, self._after = before, after
        self._defaults: Defaults = {**before.documented_defaults, **after.documented_defaults}
        self._old = {shot.name: shot for shot in before.shots}
        self._new = {shot.name: shot for shot in after.shots}
        kept = self._old.keys() & self._new.keys()
        self._now = {name: name for name in kept} | dict(self._renamed(kept))
        self._former = {now: name for name, now in self._now.items()}

    def shots(self) -> tuple[ShotDifference, ...]:
        """The shots that differ, in the later story's order, then those that are gone."""
        places = self._places()
        fresh: set[str] = set()
        altered = {
            shot.name: self._altered(shot, places, fresh) for shot in upstream_first(self._new.values())
        }
        there = [altered[shot.name] for shot in self._after.shots]
        gone = [Removed(shot) for name, shot in self._old.items() if name not in self._now]
        return (*(each for each in there if each), *gone)

    def settings(self) -> tuple[Change, ...]:
        """What is said once for all shots, and the cut."""
        pairs = {name: (getattr(self._before, name), getattr(self._after, name)) for name in _SETTINGS}
        old, new = self._before.prices, self._after.prices
        pairs |= {f"prices.{model}": (old.get(model), new.get(model)) for model in sorted({*old, *new})}
        cut = tuple(replace(segment, shot=self._called(segment.shot)) for segment in self._before.sequence)
        pairs["sequence"] = cut, self._after.sequence
        return tuple(
            Change(path, earlier or None, later or None)
            for path, (earlier, later) in pairs.items()
            if earlier != later
        )

    def _renamed(self, kept: Collection[str]) -> Iterator[tuple[str, str]]:
        """The earlier and the later name of shots that ask for the same, first come, first served."""
        old, new = _deep_digests(self._before, kept), _deep_digests(self._after, kept)
        gone: defaultdict[str, deque[str]] = defaultdict(deque)
        for name in self._old:
            if name not in kept:
                gone[old[name]].append(name)
        for name in self._new:
            if name not in kept and gone[new[name]]:
                yield gone[new[name]].popleft(), name

    def _altered(self, after: Shot, places: Mapping[str, str], fresh: set[str]) -> Added | Altered | None:
        """What is different about a shot; `fresh` gathers the shots whose clips will be others."""
        if after.name not in self._former:
            return Added(after)
        before = self._old[self._former[after.name]]
        asked = self._asked(before, after)
        follows = tuple(name for name in after.upstream if name in fresh)
        if asked or follows:
            fresh.add(after.name)
        changes = (*asked, *self._besides(before, after))
        place = places.get(after.name)
        if before.name == after.name and not changes and not follows and place is None:
            return None
        return Altered(before, after, changes, follows, place)

    def _asked(self, before: Shot, after: Shot) -> tuple[Change, ...]:
        """The fields of the request, with pictures whole."""
        requests = make_request(before, self._called_take), make_request(after, lambda take: take)
        return tuple(
            replace(change, before=_image(before, change.path), after=_image(after, change.path))
            if change.path.startswith(_IMAGE)
            else change
            for change in changes_between(*requests, self._defaults)
        )

    def _besides(self, before: Shot, after: Shot) -> Iterator[Change]:
        """What is said about a shot and is no part of what it asks for."""
        before = replace(before, depends_on=tuple(map(self._called, before.depends_on)))
        for name in _BESIDES:
            old, new = getattr(before, name), getattr(after, name)
            if old != new:
                yield Change(name, old or None, new or None)

    def _called(self, shot: str) -> str:
        """What an earlier shot is called now."""
        return self._now.get(shot, shot)

    def _called_take(self, take: str) -> str:
        shot, number = split_take(take)
        return take_name(self._called(shot), number)

    def _places(self) -> dict[str, str]:
        """The shots that moved past others, each with the one that it comes after now, "" for none."""
        rank = {self._now.get(name): place for place, name in enumerate(self._old)}
        both = [name for name in self._new if name in self._former]
        stay = {both[place] for place in _longest_rise([rank[name] for name in both])}
        before = dict(zip(self._new, ["", *self._new], strict=False))
        return {name: before[name] for name in both if name not in stay}


def _deep_digests(storyboard: Storyboard, kept: Collection[str]) -> dict[str, str]:
    """What tells each shot apart, whatever it and its upstream shots are called that were not kept."""
    digests: dict[str, str] = {}

    def upstream(take: str) -> str:
        shot, number = split_take(take)
        return take_name(shot if shot in kept else digests[shot], number)

    for shot in upstream_first(storyboard.shots):
        digest = fingerprint(make_request(shot, upstream), storyboard.documented_defaults)
        assert digest is not None, "every upstream shot comes first"
        digests[shot.name] = digest
    return digests


def _image(shot: Shot, path: str) -> object:
    place = int(path.removeprefix(_IMAGE))
    return shot.images[place] if place < len(shot.images) else None


def _longest_rise(numbers: Sequence[int]) -> Iterator[int]:
    """The places of a longest subsequence that rises, the last first."""
    ends: list[int] = []  # of the best rise of each length so far: its last number …
    at: list[int] = []  # … and where that is
    before: list[int] = []
    for place, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(at[length - 1] if length else -1)
        ends[length : length + 1] = [number]
        at[length : length + 1] = [place]
    place = at[-1] if at else -1
    while place >= 0:
        yield place
        place = before[place]

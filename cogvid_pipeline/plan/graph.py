"""Which shot has to come before which."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter

from cogvid_pipeline.model.shot import Shot, matrix_of


def upstream_first(shots: Iterable[Shot]) -> tuple[Shot, ...]:
    """The shots so that each comes after those that it waits for, else in the order given.

    References are known to exist and to make no cycle: the manifest's validation has seen to it.
    """
    shots = tuple(shots)
    if _is_in_order(shots):  # as most stories are told
        return shots
    by_name = {shot.name: shot for shot in shots}
    # A matrix stands for all of its shots. It is a step of its own, for many shots may wait for many.
    waiting: dict[str, list[str]] = defaultdict(list)
    for shot in shots:
        waiting[shot.name] += (*shot.upstream, *shot.depends_on)
        if matrix := matrix_of(shot.name):
            waiting[matrix].append(shot.name)
    order = TopologicalSorter(waiting).static_order()
    return tuple(by_name[name] for name in order if name in by_name)


def _is_in_order(shots: Sequence[Shot]) -> bool:
    """Whether every shot comes after those that it waits for."""
    before: set[str] = set()
    left: Counter[str] | None = None
    if any(shot.depends_on for shot in shots):
        left = Counter(matrix_of(shot.name) for shot in shots)
    for shot in shots:
        if not before.issuperset(shot.upstream):
            return False
        before.add(shot.name)
        if left is None:
            continue
        if not before.issuperset(shot.depends_on):
            return False
        left[matrix := matrix_of(shot.name)] -= 1
        if not left[matrix]:
            before.add(matrix)
    return True


def with_upstream(shots: Iterable[Shot], names: Iterable[str]) -> tuple[Shot, ...]:
    """The named shots and all that they need frames of, in the order of `shots`."""
    by_name = {shot.name: shot for shot in shots}
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(by_name[name].upstream)
    return tuple(shot for name, shot in by_name.items() if name in wanted)

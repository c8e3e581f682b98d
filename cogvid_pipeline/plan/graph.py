"""Which shot has to come before which."""

from collections.abc import Iterable
from graphlib import TopologicalSorter

from cogvid_pipeline.model.shot import Shot


def upstream_first(shots: Iterable[Shot]) -> tuple[Shot, ...]:
    """The shots so that each comes after those whose frames it uses, else in the order given.

    References are known to exist and to make no cycle: the manifest's validation has seen to it.
    """
    shots = tuple(shots)
    before: set[str] = set()
    for shot in shots:
        if not before.issuperset(shot.upstream):
            break
        before.add(shot.name)
    else:  # as most stories are told
        return shots
    by_name = {shot.name: shot for shot in shots}
    sorter = TopologicalSorter({shot.name: shot.upstream for shot in shots})
    return tuple(by_name[name] for name in sorter.static_order())


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

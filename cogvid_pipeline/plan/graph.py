"""Which shot has to come before which."""

from collections.abc import Iterable
from graphlib import TopologicalSorter

from cogvid_pipeline.model.shot import Shot


def upstream_first(shots: Iterable[Shot]) -> tuple[Shot, ...]:
    """The shots so that each comes after those whose frames it uses, else in the order given.

    References are known to exist and to make no cycle: the manifest's validation has seen to it.
    """
    shots = tuple(shots)
    if not any(shot.images for shot in shots):
        return shots
    by_name = {shot.name: shot for shot in shots}
    sorter = TopologicalSorter({shot.name: shot.upstream for shot in shots})
    return tuple(by_name[name] for name in sorter.static_order())

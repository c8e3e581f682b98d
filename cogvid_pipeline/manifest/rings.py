"""Shots that wait for each other."""

from collections.abc import Iterator, Mapping, Sequence


def rings(upstream: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Each ring of shots that wait for each other, every one for the next and the last for the first."""
    # Whatever comes after all that it waits for is in no ring: most shots of most stories.
    finished: set[str] = set()
    for name, waits_for in upstream.items():
        if finished.issuperset(waits_for):
            finished.add(name)
    for start in upstream:
        # The shots from the start to here, each with the upstream ones that are still to be followed.
        way = {start: iter(upstream[start])} if start not in finished else {}
        while way:
            name = next(reversed(way))
            following = next((each for each in way[name] if each not in finished), None)
            if following is None:
                finished.add(name)
                del way[name]
            elif following in way:
                names = list(way)
                yield names[names.index(following) :]
            elif following in upstream:
                way[following] = iter(upstream[following])

"""Shots that wait for each other."""

import pytest

from cogvid_pipeline.manifest.rings import rings


@pytest.mark.parametrize(
    ("upstream", "found"),
    [
        ({}, []),
        ({"a": [], "b": ["a"], "c": ["b", "a"]}, []),
        ({"a": ["b"], "b": ["a"]}, [["a", "b"]]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, [["b", "c"]]),
        ({"a": ["b"], "b": ["a"], "c": ["d"], "d": ["c"]}, [["a", "b"], ["c", "d"]]),
        ({"a": ["b", "c"], "b": ["a"], "c": ["a"]}, [["a", "b"], ["a", "c"]]),
        ({"a": ["nowhere"]}, []),
    ],
)
def test_each_ring_is_found(upstream: dict[str, list[str]], found: list[list[str]]) -> None:
    assert list(rings(upstream)) == found


def test_a_chain_of_fifty_thousand_is_no_ring() -> None:
    chain = {f"s{number}": [f"s{number + 1}"] for number in range(50_000)}

    assert list(rings(chain)) == []

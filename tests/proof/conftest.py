"""A world for the proofs; those that hold for every protocol have it made for each."""

from collections.abc import Iterator

import pytest

from tests.proof.world import World, make_world


@pytest.fixture(scope="session")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with make_world(getattr(request, "param", "geekai"), tmp_path_factory.mktemp("world")) as made:
        yield made

"""A world for the proofs of each protocol."""

from collections.abc import Iterator

import pytest

from tests.proof.world import PROTOCOLS, World, make_world


@pytest.fixture(scope="module", params=PROTOCOLS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with make_world(request.param, tmp_path_factory.mktemp("world")) as made:
        yield made

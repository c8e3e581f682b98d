"""Fixtures of the tests that run the command."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import Project
from tests.vendor import Vendor


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, vendor: Vendor) -> Project:
    """A project whose environment points at the vendor."""
    root = tmp_path / "film"
    root.mkdir()
    return Project(root, vendor)

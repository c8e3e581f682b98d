"""The packages from npm that these tests need."""

import shutil
from pathlib import Path

HERE = Path(__file__).parent


def node() -> str:
    """The `node` to run things with. Fails when it or the packages are missing."""
    found = shutil.which("node")
    assert found, "node is not installed: the tests of editors need Node.js 20 or newer"
    assert (HERE / "node_modules").is_dir(), "the packages are not installed: run `make editors`"
    return found

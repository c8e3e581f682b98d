"""A crew on a real cluster: what a worker cannot do is said of the cluster, and an end ends everything."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cogvid_pipeline.crew.cluster import cluster
from cogvid_pipeline.errors import ClusterError, MediaError, StateError
from cogvid_pipeline.jobs import Files, Job
from cogvid_pipeline.remote.exchange import Exchange
from cogvid_pipeline.remote.folder import Folder
from tests.cluster import Cluster


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster"), workers=1) as running:
        yield running


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


def quiet(_words: str) -> None:
    """Nobody listens."""


def failing(error: Exception) -> Callable[[Files, Path], Any]:
    def fail(_files: Files, _into: Path) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (ModuleNotFoundError("No module named 'cogvid'"), "No module named 'cogvid'"),
        (MemoryError(), "MemoryError"),
        (StateError("cannot write here: No space left on device"), "cannot write here"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_fails_on_a_worker_is_said_of_the_cluster(
    running: Cluster, shelf: Path, error: Exception, said: str
) -> None:
    with cluster(running.address, Exchange(Folder(shelf)), say=quiet) as crew:
        begun = crew.begin(Job(failing(error), {}))
        with pytest.raises(ClusterError, match=f"a worker cannot do its job: .*{said}"):
            begun.result()


def test_what_is_wrong_with_a_file_is_said_of_the_file(running: Cluster, shelf: Path) -> None:
    job = Job(failing(MediaError("it does not play")), {})
    with cluster(running.address, Exchange(Folder(shelf)), say=quiet) as crew:
        begun = crew.begin(job)
        with pytest.raises(MediaError, match="it does not play"):
            begun.result()

"""A crew on a real cluster: what a worker cannot do is said of the cluster, and an end ends everything."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cogvid_pipeline.crew.cluster import cluster
from cogvid_pipeline.errors import ClusterError, MediaError, StateError
from cogvid_pipeline.jobs import Files, Job
from cogvid_pipeline.remote.exchange import Exchange
from cogvid_pipeline.remote.folder import Folder
from tests.cluster import Cluster
from tests.project import PATIENCE


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


def test_what_is_dropped_brings_no_file(running: Cluster, shelf: Path, tmp_path: Path) -> None:
    def slow(_files: Files, into: Path) -> None:
        time.sleep(0.5)
        into.write_bytes(b"late")

    with cluster(running.address, Exchange(Folder(shelf)), say=quiet) as crew:
        begun = [crew.begin(Job(slow, {}, tmp_path / "made"))]
        crew.drop(begun)

        assert begun[0].done()
    assert not (tmp_path / "made").exists()


def test_other_logs_are_as_they_were(running: Cluster, shelf: Path, caplog: pytest.LogCaptureFixture) -> None:
    with cluster(running.address, Exchange(Folder(shelf)), say=quiet):
        logging.getLogger("another").error("heard")
        logging.getLogger("distributed.client").error("not heard")

    assert caplog.messages == ["heard"]


def test_a_scheduler_that_says_nothing_has_gone(tmp_path: Path, shelf: Path) -> None:
    with (
        Cluster(tmp_path / "paused", workers=0) as paused,
        cluster(paused.address, Exchange(Folder(shelf)), say=quiet, answer=0.2) as crew,
    ):
        begun = crew.begin(Job(failing(OSError()), {}))
        paused.scheduler.send_signal(signal.SIGSTOP)

        with pytest.raises(ClusterError, match=f"the scheduler at {paused.address} has gone"):
            begun.result(timeout=PATIENCE)


def test_a_scheduler_that_has_never_said_anything_cannot_be_reached(tmp_path: Path, shelf: Path) -> None:
    with Cluster(tmp_path / "paused", workers=0) as paused:
        paused.scheduler.send_signal(signal.SIGSTOP)
        with (
            pytest.raises(ClusterError, match="cannot be reached: it says nothing"),
            cluster(paused.address, Exchange(Folder(shelf)), say=quiet),
        ):
            pass


def test_an_interruption_does_not_wait_for_a_scheduler_that_says_nothing(tmp_path: Path, shelf: Path) -> None:
    def interrupted(paused: Cluster) -> None:
        looked = threading.Event()
        with (
            suppress(KeyboardInterrupt),
            cluster(paused.address, Exchange(Folder(shelf)), say=lambda _: looked.set(), answer=9e9),
        ):
            looked.wait()
            paused.scheduler.send_signal(signal.SIGSTOP)
            time.sleep(1.5)  # the next look begins
            raise KeyboardInterrupt

    with Cluster(tmp_path / "paused", workers=0) as paused:
        command = threading.Thread(target=interrupted, args=[paused], daemon=True)
        command.start()
        command.join(PATIENCE)

        assert not command.is_alive()


class Told(Folder):
    """A folder that tells of each file that comes."""

    told: Callable[[], None]

    def upload(self, file: Path, key: str) -> None:
        super().upload(file, key)
        self.told()


def test_when_nobody_waits_for_it_no_further_file_is_sent(
    running: Cluster, shelf: Path, tmp_path: Path
) -> None:
    files = {name: tmp_path / name for name in ("one", "two")}
    for path in files.values():
        path.write_text(path.name)
    folder = Told(shelf)
    with cluster(running.address, Exchange(folder), say=quiet) as crew:
        object.__setattr__(folder, "told", lambda: crew.give_up(ClusterError("nobody waits")))
        begun = crew.begin(Job(failing(OSError()), files))
        with pytest.raises(ClusterError, match="nobody waits"):
            begun.result()

    assert len(list(shelf.glob("work/*/*"))) == 1

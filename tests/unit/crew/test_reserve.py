"""What a cluster cannot do is done here; what is wrong with a clip is said all the same."""

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from cogvid_pipeline.crew.clips import CrewClips
from cogvid_pipeline.crew.here import Here
from cogvid_pipeline.crew.reserve import Reserve
from cogvid_pipeline.errors import ClusterError, MediaError, StateError, StoreError
from cogvid_pipeline.jobs import Job, answers, look
from tests.clips import make_clip

T = TypeVar("T")


class Broken:
    """A crew that can do nothing."""

    near = False

    def __init__(self, error: Exception) -> None:
        self._error = error

    def begin(self, job: Job[T]) -> Future[T]:
        future: Future[T] = Future()
        future.set_exception(self._error)
        return future

    def drop(self, begun: Collection[Future[T]]) -> None:
        """There is nothing."""


def size_of(path: Path) -> int:
    return path.stat().st_size


def refuse(path: Path) -> int:
    raise MediaError(f"{path.name} does not play")


@pytest.mark.parametrize(
    "error",
    [
        ClusterError("gone"),
        StoreError("gone"),
        StateError("cannot write: No space left on device"),
        OSError(28, "No space left on device"),
        ModuleNotFoundError("No module named 'cogvid_pipeline'"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_this_machine_does_what_the_cluster_cannot(tmp_path: Path, error: Exception) -> None:
    clip = make_clip(tmp_path / "clip")
    with ThreadPoolExecutor() as pool:
        found = CrewClips(Reserve(Broken(error), pool)).probe(clip, "abc")

    assert (found.sha256, found.bytes, found.width) == ("abc", clip.stat().st_size, 128)


def test_a_clip_that_does_not_play_is_not_tried_again_here(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        crew = Reserve(Broken(MediaError("it does not play")), pool)
        with pytest.raises(MediaError, match="it does not play"):
            crew.begin(look(size_of, "abc", tmp_path)).result()


def test_answers_come_in_the_order_of_what_was_asked(tmp_path: Path) -> None:
    for name in ("a", "bb", "ccc"):
        (tmp_path / name).write_text(name)
    with ThreadPoolExecutor() as pool:
        asked = {name: look(size_of, name, tmp_path / name) for name in ("ccc", "a", "bb")}
        found = answers(Here(pool), asked)

    assert list(found.items()) == [("ccc", 3), ("a", 1), ("bb", 2)]


def test_what_the_first_to_fail_fails_with_is_raised(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool, pytest.raises(MediaError, match="a does not play"):
        answers(Here(pool), {"a": look(partial(refuse), "a", tmp_path / "a")})

"""An animatic of every shot, apart from lock and ledger, and only of what changed."""

import asyncio
import threading
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cogvid_pipeline.crew.here import Here
from cogvid_pipeline.engine.previews import Studio, render_previews
from cogvid_pipeline.errors import CogvidError, MediaError
from cogvid_pipeline.jobs import Files
from cogvid_pipeline.model.preview import Kept, NotRendered, PreviewOutcome, PreviewTask, Rendered
from cogvid_pipeline.model.shot import ImageData, ImageFile, ImageUrl, Shot, ShotFrame
from cogvid_pipeline.store.previews import PreviewFolder
from tests.boards import DEFAULTS, shot

CAT = shot("cat", "A cat plays.")
NAP = shot("nap", "It falls asleep.", after="cat")
DOG = shot("dog", "A dog plays.")


def write_words(task: PreviewTask, files: Files, into: Path) -> None:
    """A renderer whose clips are made of words."""
    before = "".join(files[task.clips[name]].read_text() for name in task.shot.upstream)
    into.write_text(f"{task.shot.name} at {task.scale}: {task.shot.prompt} {before}")


def run(root: Path, *shots: Shot, executor: Executor | None = None, **changes: Any) -> list[PreviewOutcome]:
    """Render into `previews`, as the next run would after the one before."""
    folder = PreviewFolder(root)
    studio = Studio(
        root=root,
        previews=folder,
        crew=Here(executor or ThreadPoolExecutor(2)),
        render=write_words,
        renderer="1",
        scale=1.0,
        defaults=DEFAULTS,
    )
    told: list[PreviewOutcome] = []
    outcomes = asyncio.run(render_previews(shots, replace(studio, **changes), told.append))
    folder.close()
    assert sorted(map(repr, told)) == sorted(map(repr, outcomes))
    return outcomes


def new(outcomes: list[PreviewOutcome]) -> list[str]:
    return [outcome.shot for outcome in outcomes if isinstance(outcome, Rendered)]


def test_each_shot_gets_a_file_of_its_name(tmp_path: Path) -> None:
    assert new(run(tmp_path, CAT, DOG)) == ["cat", "dog"]
    assert {path.name for path in (tmp_path / "previews").glob("*.mp4")} == {"cat.mp4", "dog.mp4"}


def test_outcomes_are_in_the_order_of_the_story_though_a_frame_is_waited_for(tmp_path: Path) -> None:
    assert new(run(tmp_path, NAP, CAT)) == ["nap", "cat"]
    assert "A cat plays." in (tmp_path / "previews/nap.mp4").read_text()


def test_shots_that_do_not_wait_for_each_other_are_rendered_at_the_same_time(tmp_path: Path) -> None:
    both = threading.Barrier(2)

    def meet(task: PreviewTask, files: Files, into: Path) -> None:
        both.wait(timeout=60)
        write_words(task, files, into)

    assert new(run(tmp_path, CAT, DOG, render=meet)) == ["cat", "dog"]


def test_what_did_not_change_is_not_rendered_again(tmp_path: Path) -> None:
    run(tmp_path, CAT, NAP)

    assert all(isinstance(outcome, Kept) for outcome in run(tmp_path, CAT, NAP))


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        (replace(CAT, prompt="A cat sleeps."), ["cat", "nap"]),
        (replace(CAT, parameters={"duration": 10}), ["cat"]),  # it is not drawn differently here
        (replace(CAT, parameters={"quality": "speed"}), []),  # as it is anyway
        (replace(CAT, tags=("hero",), takes=3), []),
    ],
)
def test_a_changed_shot_is_rendered_again_with_what_goes_on_from_other_bytes(
    tmp_path: Path, changed: Shot, again: list[str]
) -> None:
    run(tmp_path, CAT, NAP, DOG)

    assert new(run(tmp_path, changed, NAP, DOG)) == again


def test_a_changed_picture_is_a_change(tmp_path: Path) -> None:
    def lit(digest: str) -> Shot:
        return replace(CAT, images=(ImageFile("a.png", digest, "image/png"),))

    run(tmp_path, lit("sha256:0"))

    assert new(run(tmp_path, lit("sha256:0"))) == []
    assert new(run(tmp_path, lit("sha256:1"))) == ["cat"]


def test_all_kinds_of_pictures_count(tmp_path: Path) -> None:
    frame = ShotFrame("cat", 1.5, take=2)
    images = (ImageData("sha256:1", "image/jpeg", b"data"), ImageUrl("https://example.com/a.png"), frame)
    mixes = [replace(DOG, name=f"mix-{number}", images=(image,)) for number, image in enumerate(images)]

    assert new(run(tmp_path, CAT, *mixes)) == ["cat", "mix-0", "mix-1", "mix-2"]
    assert new(run(tmp_path, CAT, *mixes)) == []
    later = replace(mixes[2], images=(replace(frame, at=2.0),))
    assert new(run(tmp_path, CAT, *mixes[:2], later)) == ["mix-2"]


def test_the_scale_the_name_and_the_renderer_are_seen_in_a_preview(tmp_path: Path) -> None:
    run(tmp_path, CAT)

    assert new(run(tmp_path, CAT, scale=0.5)) == ["cat"]
    assert new(run(tmp_path, CAT, scale=0.5, renderer="2")) == ["cat"]
    assert new(run(tmp_path, replace(CAT, name="kitten"), scale=0.5, renderer="2")) == ["kitten"]


def test_a_failure_stops_nothing_but_what_goes_on_from_it(tmp_path: Path) -> None:
    def fail_for_cats(task: PreviewTask, files: Files, into: Path) -> None:
        if task.shot.name == "cat":
            raise MediaError("no such picture", hint="draw one")
        write_words(task, files, into)

    outcomes = run(tmp_path, CAT, NAP, shot("dream", after="nap"), DOG, render=fail_for_cats)

    assert outcomes[:3] == [
        NotRendered("cat", "no such picture", "draw one"),
        NotRendered("nap", "there is no preview of 'cat' to take a frame from"),
        NotRendered("dream", "there is no preview of 'nap' to take a frame from"),
    ]
    assert new(outcomes) == ["dog"]
    assert new(run(tmp_path, CAT, NAP, DOG)) == ["cat", "nap"]


def test_a_process_that_dies_is_told_of(tmp_path: Path) -> None:
    class Dead(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            raise BrokenExecutor

    (outcome,) = run(tmp_path, CAT, executor=Dead())

    assert outcome == NotRendered("cat", "a process that renders has ended", "there may be too little memory")


def test_a_bug_is_no_outcome(tmp_path: Path) -> None:
    def stumble(task: PreviewTask, files: Files, into: Path) -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as group:
        run(tmp_path, CAT, render=stumble)
    assert not isinstance(group.value.exceptions[0], CogvidError)

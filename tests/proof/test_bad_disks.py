"""A disk that is full or may not be written to: the error says so, and nothing that was there is lost."""

from pathlib import Path

import pytest

from tests.proof.story import FRESH, GOING_ON, Story
from tests.proof.world import Ran, World


def assert_said(ran: Ran, *words: str) -> None:
    """The command has failed, saying so and what to do."""
    assert ran.code == 1, ran.out + ran.err
    for word in (*words, "free some space or make the directory writable"):
        assert word in ran.err


def locked_up(directory: Path) -> Path:
    directory.chmod(0o555)
    return directory


def opened_up(directory: Path) -> None:
    directory.chmod(0o755)


# From no room for anything to room for all but the last rows.
@pytest.mark.parametrize("room", [1, 1000, 5000, 33_000, 40_000, 50_000, 60_000, 80_000])
def test_a_disk_that_is_full_at_some_point_costs_nothing(world: World, room: int) -> None:
    story = Story(world, GOING_ON)

    assert_said(story.apply(room=room), "cannot ")

    story.finish()


def test_where_nothing_can_be_written_nothing_is_bought(world: World) -> None:
    story = Story(world, FRESH)
    locked_up(story.root)

    ran = story.apply(plain=True)

    assert_said(ran, "cannot write", "Permission denied")
    assert story.tasks == []
    assert [path.name for path in story.root.iterdir()] == ["cogvid.yaml"]
    opened_up(story.root)
    story.finish()


def test_with_a_ledger_that_cannot_be_written_nothing_is_bought(world: World) -> None:
    story = Story(world, GOING_ON)
    for path in (story.root / ".cogvid").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    locked_up(story.root / ".cogvid")

    assert_said(story.apply(plain=True), "cannot ")

    assert story.tasks == []
    for path in (story.root / ".cogvid", *(story.root / ".cogvid").rglob("*")):
        path.chmod(0o755)
    story.finish()


def test_with_a_lock_that_cannot_be_written_nothing_is_bought(world: World) -> None:
    story = Story(world, GOING_ON)
    before = (story.root / "cogvid.lock").read_bytes()
    locked_up(story.root)

    assert_said(story.apply(plain=True), "cannot write", "cogvid.lock: Permission denied")

    assert (story.root / "cogvid.lock").read_bytes() == before
    assert story.tasks == []
    opened_up(story.root)
    story.finish()


def test_what_was_bought_stays_although_its_clip_cannot_be_put_in_place(world: World) -> None:
    story = Story(world, GOING_ON)
    locked_up(story.root / "renders")

    ran = story.apply(plain=True)

    assert_said(ran, "cannot write", "renders")
    bought = len(story.tasks)
    assert bought == 2  # `walk` waits for a frame of a shot that is not done
    opened_up(story.root / "renders")
    story.finish()


def test_a_plan_can_be_made_where_nothing_can_be_written(world: World) -> None:
    story = Story(world, GOING_ON)
    locked_up(story.root)
    locked_up(story.root / ".cogvid")

    ran = world.run(story.root, "plan", plain=True)

    assert ran.code == 0, ran.err
    assert "2 to generate, 1 to regenerate" in ran.out
    opened_up(story.root)
    opened_up(story.root / ".cogvid")

"""A ledger that rots pays for nothing again: it is an error that says what to do, and all else stays."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.proof.story import FRESH, Story
from tests.proof.world import World

PAGE = 4096
MOVE_IT = "move it aside and run the command again"


def killed_at(world: World, *effects: str) -> Story:
    """A story that was killed after these effects had come one after the other; its ledger is one file."""
    points = Story(world, FRESH).apply().points
    number = 0
    for effect in effects:
        number = next(point.number for point in points[number:] if point.effect == effect)
    story = Story(world, FRESH)
    assert story.apply(crash=number).killed
    with closing(sqlite3.connect(ledger_of(story))) as ledger:
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return story


def ledger_of(story: Story) -> Path:
    return story.root / ".cogvid" / "ledger.db"


def damages(whole: bytes) -> Iterator[bytes]:
    """Pages that are empty or full of nonsense, files that end too early, single letters that are wrong."""
    for start in range(0, len(whole), PAGE):
        for page in (bytes(PAGE), b"\xff" * PAGE):
            yield whole[:start] + page + whole[start + PAGE :]
        yield whole[: start + PAGE // 2]
    written = [index for index, byte in enumerate(whole) if byte]
    for index in written[:: len(written) // 40]:
        yield whole[:index] + bytes([whole[index] ^ 0x15]) + whole[index + 1 :]


def test_a_damaged_ledger_never_has_what_is_in_doubt_paid_again(world: World) -> None:
    story = killed_at(world, "answered")
    whole = ledger_of(story).read_bytes()

    for damaged in damages(whole):
        ledger_of(story).write_bytes(damaged)
        ran = world.run(story.root, "apply", "--yes")
        assert ran.code in (0, 1, 5)
        assert len(story.tasks) == 1
        for log in story.root.glob(".cogvid/ledger.db-*"):
            log.unlink()

    ledger_of(story).write_bytes(whole)
    story.finish()


@pytest.mark.parametrize("damage", [lambda whole: whole[: PAGE + 1], lambda whole: bytes(len(whole))])
def test_what_the_lock_says_is_taken_in_when_a_damaged_ledger_is_moved_aside(world: World, damage) -> None:
    story = killed_at(world, "answered", "renamed", "synced")
    assert story.entries["dawn"]["status"] == "submitted"
    bad = damage(ledger_of(story).read_bytes())
    ledger_of(story).write_bytes(bad)
    ran = world.run(story.root, "apply", "--yes")
    assert ran.code == 1
    assert "cannot use the ledger" in ran.err
    assert MOVE_IT in ran.err
    assert ledger_of(story).read_bytes() == bad

    shutil.move(ledger_of(story), story.root.parent / f"{story.tag}.damaged")

    story.finish()

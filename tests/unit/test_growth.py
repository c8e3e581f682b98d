"""Twice as many shots are twice the work: what is counted is calls and comparisons, never seconds."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from cogvid_pipeline.engine import locking
from cogvid_pipeline.engine.locking import LockKeeper
from cogvid_pipeline.model.attempt import Clip, Lock, LockEntry
from cogvid_pipeline.model.shot import Shot
from cogvid_pipeline.report.status import status_text
from cogvid_pipeline.store.clips import ClipStore, digest_of_file
from tests.boards import attempt, plan_for, shot, storyboard
from tests.stage import LockBook, Stage, run_virtually

FEW, MANY = 40, 80
MOST = 2.3  # times the work; the square would be 4


def calls(work: Callable[[], object]) -> int:
    """How many functions of ours are entered, or gone on with, meanwhile."""
    count = 0

    def on_event(frame: FrameType, event: str, _: Any) -> None:
        nonlocal count
        count += event == "call" and "cogvid_pipeline" in frame.f_code.co_filename

    before = sys.getprofile()
    sys.setprofile(on_event)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def growth(work: Callable[[int], Callable[[], object]]) -> float:
    """How many times the calls twice the shots take; `work` prepares what is counted for so many."""
    work(FEW)()  # what is done once has been done
    return calls(work(MANY)) / calls(work(FEW))


def chain(count: int) -> list[Shot]:
    return [
        shot(f"s{number}", f"{number}", after=f"s{number - 1}" * (number % 5 > 0)) for number in range(count)
    ]


def test_planning_new_shots() -> None:
    assert growth(lambda count: lambda: plan_for(storyboard(*chain(count)))) < MOST


def test_running_new_shots() -> None:
    assert growth(lambda count: lambda: Stage(storyboard(*chain(count))).apply(jobs=count)) < MOST


def renamed(count: int) -> Stage:
    shots = [shot(f"s{number}", f"{number}") for number in range(count)]
    stage = Stage(
        storyboard(*(replace(one, name=f"new-{one.name}") for one in shots)),
        Lock({one.name: LockEntry(attempt(one)) for one in shots}),
    )
    for one in shots:
        stage.shelf.has(attempt(one))
    return stage


def test_renaming_all_shots() -> None:
    assert growth(lambda count: renamed(count).apply) < MOST


class Slow(LockBook):
    """A lock file that takes a millisecond to write for each shot in it, by a clock of its own."""

    spent = 0.0

    def flush(self) -> None:
        super().flush()
        self.spent += len(self.entries) / 1000


@pytest.mark.parametrize("count", [1_000, 2_000])
def test_writing_the_lock_takes_a_twentieth_of_the_time_however_large_it_is(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    entry = LockEntry(attempt(shot("cat")))
    book = Slow([], {f"s{number}": entry for number in range(count)})
    keeper = LockKeeper(Lock(dict(book.entries)), book)
    monkeypatch.setattr(locking, "time", SimpleNamespace(perf_counter=lambda: book.spent))

    async def work() -> None:
        flusher = asyncio.create_task(keeper.flush_now_and_then(asyncio.sleep))
        for number in range(1_000):
            keeper.pending(f"s{number}", replace(attempt(shot("cat")), request_id=str(number)))
            await asyncio.sleep(1)
        flusher.cancel()

    run_virtually(work())

    assert 0.8 * 1_000 / 20 <= book.spent <= 1_000 / 20


class Counted:
    """Counts how often the values of its classes are compared."""

    times = 0


class Name(str):
    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Counted.times += 1
        return str.__eq__(self, other)


class Size(int):
    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        Counted.times += 1
        return int.__eq__(self, other)


def compared(work: Callable[[], object]) -> int:
    Counted.times = 0
    work()
    return Counted.times


def test_a_status_compares_no_name_with_all_others() -> None:
    names = tuple(Name(f"s{number}") for number in range(MANY))
    lock = Lock({Name(name): LockEntry(attempt(shot(name))) for name in names})

    assert compared(lambda: status_text(names, lock, (), "renders")) <= 10 * MANY


def test_clips_of_one_size_are_not_compared_with_those_that_were_just_placed(tmp_path: Path) -> None:
    places = (tmp_path / str(number) for number in count())

    def described(_: Path, digest: str) -> Clip:
        return Clip(digest, 9, 1920, 1080, 30.0, 5.0, audio=False)

    def placing(many: int) -> Callable[[], object]:
        root = next(places)
        store = ClipStore(root / "state", root, "renders", probe=described)

        def place_all() -> None:
            for number in range(many):
                staged = store.staging(f"{number}")
                staged.write_bytes(b"%09d" % number)
                assert store.find(described(staged, digest_of_file(staged))) is None
                store.place(store.adopt(staged), f"s{number}")

        return place_all

    assert growth(placing) <= MOST


def test_a_clip_that_is_looked_for_is_compared_with_those_of_its_size_alone(tmp_path: Path) -> None:
    (tmp_path / "renders").mkdir()
    for number in range(MANY):
        (tmp_path / f"renders/s{number}.mp4").write_bytes(b"x" * number)
    store = ClipStore(tmp_path / "state", tmp_path, "renders", probe=pytest.fail)

    def look_for_all() -> None:
        for number in range(MANY):
            assert store.find(Clip("ab" * 32, Size(number), 1920, 1080, 30.0, 5.0, audio=False)) is None

    assert compared(look_for_all) <= 10 * MANY

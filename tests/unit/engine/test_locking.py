"""How attempts change entries of the lock, and when they are written."""

import asyncio

import pytest

from cogvid_pipeline.engine.locking import LockKeeper
from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Labelled, Lock, LockEntry, State
from tests.boards import attempt, locked, shot
from tests.stage import LockBook, run_virtually

CAT = shot("cat")
OLD = attempt(CAT, request_id="old")
NEW = attempt(CAT, request_id="new")
OUT = attempt(CAT, State.ACCEPTED)
COPY = Labelled("ab" * 32, 1100, signed=True)


def keeper(**entries: LockEntry) -> tuple[LockKeeper, LockBook]:
    book = LockBook([], dict(entries))
    return LockKeeper(locked(**entries), book), book


def test_an_attempt_never_overwrites_a_result() -> None:
    one, book = keeper(cat=LockEntry(result=OLD))

    one.pending("cat", OUT)
    one.flush()

    assert book.entries == {"cat": LockEntry(result=OLD, pending=OUT)}


def test_a_first_attempt_makes_the_entry() -> None:
    one, book = keeper()

    one.pending("cat", OUT)
    one.flush()

    assert book.entries == {"cat": LockEntry(pending=OUT)}


def test_a_new_result_makes_the_old_one_the_previous_one() -> None:
    one, book = keeper(cat=LockEntry(result=OLD, pending=OUT))

    one.result("cat", NEW)
    one.flush()

    assert book.entries == {"cat": LockEntry(result=NEW, previous=OLD)}


def test_only_one_earlier_result_is_kept() -> None:
    newest = attempt(CAT, request_id="newest")
    one, _ = keeper(cat=LockEntry(result=NEW, previous=OLD))

    one.result("cat", newest)

    assert one.entry("cat") == LockEntry(result=newest, previous=NEW)


def test_the_same_result_again_is_not_its_own_previous_one() -> None:
    one, _ = keeper(cat=LockEntry(result=NEW, previous=OLD))

    one.result("cat", NEW)

    assert one.entry("cat") == LockEntry(result=NEW, previous=OLD)


def test_a_preview_settles_nothing_about_a_paid_task_that_is_out() -> None:
    preview = attempt(CAT, provider="preview")
    one, _ = keeper(cat=LockEntry(pending=OUT))

    one.result("cat", preview)

    assert one.entry("cat") == LockEntry(result=preview, pending=OUT)


def test_a_preview_settles_a_preview() -> None:
    preview = attempt(CAT, provider="preview")
    one, _ = keeper(cat=LockEntry(pending=attempt(CAT, State.ACCEPTED, provider="emulator")))

    one.result("cat", preview)

    assert one.entry("cat") == LockEntry(result=preview)


def test_a_forgotten_entry_is_gone() -> None:
    one, book = keeper(cat=LockEntry(result=OLD))

    one.forget("cat")
    one.flush()

    assert book.entries == {}
    assert one.entry("cat") == LockEntry()


def test_what_did_not_change_is_not_written() -> None:
    one, book = keeper(cat=LockEntry(result=OLD))

    one.result("cat", OLD)
    one.flush()

    assert book.flushes == 0


def test_a_change_is_written_once() -> None:
    one, book = keeper()
    one.pending("cat", OUT)

    one.flush()
    one.flush()

    assert book.flushes == 1


def test_a_write_that_fails_is_tried_again() -> None:
    one, book = keeper()
    one.pending("cat", OUT)
    book.failing = 1

    with pytest.raises(StateError):
        one.flush()
    one.flush()

    assert book.entries == {"cat": LockEntry(pending=OUT)}


def flushed(one: LockKeeper, seconds: float) -> None:
    async def work() -> None:
        flusher = asyncio.create_task(one.flush_now_and_then(asyncio.sleep))
        await asyncio.sleep(seconds)
        flusher.cancel()

    run_virtually(work())


def test_changes_are_written_while_the_run_goes_on() -> None:
    one, book = keeper()
    one.pending("cat", OUT)

    flushed(one, 0.9)

    assert book.entries == {"cat": LockEntry(pending=OUT)}


def test_a_write_that_fails_while_the_run_goes_on_is_tried_again_soon() -> None:
    one, book = keeper()
    one.pending("cat", OUT)
    book.failing = 2

    flushed(one, 2.5)

    assert book.entries == {"cat": LockEntry(pending=OUT)}


def test_a_keeper_leaves_the_lock_that_it_was_given_alone() -> None:
    lock = Lock({"cat": LockEntry(result=OLD)})
    one = LockKeeper(lock, LockBook([], {"cat": LockEntry(result=OLD)}))

    one.forget("cat")

    assert lock.entries == {"cat": LockEntry(result=OLD)}


def test_the_copy_of_a_clip_stays_with_it_when_another_takes_its_place() -> None:
    one, _ = keeper(cat=LockEntry(result=OLD, labelled=COPY))

    one.result("cat", NEW)
    one.result("cat", NEW)

    assert one.entry("cat") == LockEntry(result=NEW, previous=OLD, previous_labelled=COPY)


def test_what_was_made_of_a_clip_is_known_to_every_take_that_has_it() -> None:
    one, _ = keeper(cat=LockEntry(result=OLD, labelled=COPY), nap=LockEntry(pending=OUT))

    assert OLD.clip is not None
    assert one.labelled(OLD.clip) == COPY


def test_a_copy_is_recorded_beside_the_result() -> None:
    one, book = keeper(cat=LockEntry(result=OLD, pending=OUT))

    one.label("cat", COPY)
    one.flush()

    assert book.entries == {"cat": LockEntry(result=OLD, pending=OUT, labelled=COPY)}

"""How many tasks a vendor has in hand follows what it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import pytest

from cogvid_pipeline.engine.window import Visit, Window


def with_window(most: int, work: Callable[[Window], Awaitable[None]]) -> None:
    async def body() -> None:
        await work(Window(most))

    asyncio.run(body())


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def enter_all(window: Window, stack: ExitStack, count: int) -> tuple[list[Visit], list[asyncio.Task[None]]]:
    visits = [stack.enter_context(window.visit()) for _ in range(count)]
    return visits, [asyncio.create_task(visit.enter()) for visit in visits]


def test_no_more_than_the_most_are_in_hand_and_the_next_comes_in_order() -> None:
    async def work(window: Window) -> None:
        with ExitStack() as stack:
            visits, entries = enter_all(window, stack, 4)
            await settle()
            assert [entry.done() for entry in entries] == [True, True, False, False]
            visits[0].leave()
            await settle()
            assert [entry.done() for entry in entries] == [True, True, True, False]
            visits[1].leave()
            await settle()
        assert window.inside == 0

    with_window(2, work)


def test_a_vendor_that_turns_one_away_has_half_of_the_others_from_then_on() -> None:
    async def work(window: Window) -> None:
        with ExitStack() as stack:
            _, entries = enter_all(window, stack, 9)
            await asyncio.gather(*entries)
            window.narrow()
            assert window.size == 4
            window.narrow()
            window.narrow()
            window.narrow()
            assert window.size == 1

    with_window(16, work)


def test_each_task_that_is_taken_makes_room_for_one_more_up_to_the_most() -> None:
    async def work(window: Window) -> None:
        window.narrow()
        assert window.size == 1
        for _ in range(9):
            window.widen()
        assert window.size == 4

    with_window(4, work)


def test_who_has_left_waits_until_those_inside_are_few_enough() -> None:
    async def work(window: Window) -> None:
        with ExitStack() as stack:
            visits, entries = enter_all(window, stack, 4)
            await asyncio.gather(*entries)
            window.narrow()
            visits[3].leave()
            again = asyncio.create_task(visits[3].enter())
            await settle()
            assert not again.done()
            for visit in visits[:3]:
                visit.leave()
            await again

    with_window(4, work)


def test_a_task_that_the_vendor_has_already_counts_even_where_there_is_no_room() -> None:
    async def work(window: Window) -> None:
        with window.visit() as running, window.visit() as other:
            running.take()
            entry = asyncio.create_task(other.enter())
            await settle()
            assert not entry.done()
            running.leave()
            await entry

    with_window(1, work)


def test_who_gives_up_waiting_leaves_the_place_to_the_next() -> None:
    async def work(window: Window) -> None:
        with ExitStack() as stack:
            visits, entries = enter_all(window, stack, 3)
            await settle()
            entries[1].cancel()
            visits[0].leave()
            await entries[2]
            with pytest.raises(asyncio.CancelledError):
                await entries[1]
            assert window.inside == 1

    with_window(1, work)


def test_who_is_cancelled_just_when_it_is_let_in_takes_no_place() -> None:
    async def work(window: Window) -> None:
        with ExitStack() as stack:
            visits, entries = enter_all(window, stack, 2)
            await settle()
            visits[0].leave()
            entries[1].cancel()
            with pytest.raises(asyncio.CancelledError):
                await entries[1]
            assert window.inside == 0

    with_window(1, work)


def test_an_open_window_keeps_nobody_waiting() -> None:
    async def work(window: Window) -> None:
        with ExitStack() as stack:
            _, entries = enter_all(window, stack, 5)
            await settle()
            window.open()
            await asyncio.gather(*entries)

    with_window(1, work)

"""How long to wait, and when to give up."""

from itertools import islice

import pytest

from cogvid_pipeline.engine.retry import Throttle, backoff, poll_delays


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def throttle(patience: float = 60.0) -> tuple[Throttle, Clock]:
    clock = Clock()
    return Throttle(clock, patience), clock


def test_polls_begin_within_a_second_slow_down_and_stay_at_fifteen_seconds() -> None:
    delays = list(islice(poll_delays(), 20))

    assert delays[0] < 1
    assert delays == sorted(delays)
    assert delays[-1] == 15


def test_a_task_of_five_minutes_costs_about_thirty_polls() -> None:
    passed, polls = 0.0, 0
    for delay in poll_delays():
        passed, polls = passed + delay, polls + 1
        if passed >= 300:
            break

    assert 20 <= polls <= 35


def test_a_pause_doubles_with_each_failure_up_to_a_minute() -> None:
    assert [backoff(failures, 1.0) for failures in (1, 2, 3, 7, 50)] == [1, 2, 4, 60, 60]


def test_jitter_takes_away_at_most_half_of_a_pause() -> None:
    assert (backoff(3, 0.0), backoff(3, 0.5)) == (2, 3)


def test_nobody_waits_for_a_vendor_that_has_not_turned_anything_away() -> None:
    one, _ = throttle()

    assert one.wait() == 0
    assert not one.exhausted


def test_what_the_vendor_asks_for_is_waited_for_fractions_too() -> None:
    one, clock = throttle()

    one.turned_away(2.5, 1.0)

    assert one.wait() == 2.5
    clock.now += 2
    assert one.wait() == 0.5
    clock.now += 2
    assert one.wait() == 0


def test_zero_seconds_are_taken_at_their_word() -> None:
    one, _ = throttle()

    one.turned_away(0.0, 1.0)

    assert one.wait() == 0


def test_without_a_wish_of_the_vendor_the_pauses_grow() -> None:
    one, clock = throttle()
    pauses = []
    for _ in range(3):
        one.turned_away(None, 1.0)
        pauses.append(one.wait())
        clock.now = one.until

    assert pauses == [1, 2, 4]


def test_submissions_that_are_turned_away_together_count_as_one_failure() -> None:
    one, _ = throttle()

    for _ in range(8):
        one.turned_away(None, 1.0)

    assert one.wait() == 1


def test_the_longest_wish_counts() -> None:
    one, _ = throttle()

    one.turned_away(5, 1.0)
    one.turned_away(1, 1.0)

    assert one.wait() == 5


def test_progress_begins_the_count_anew() -> None:
    one, clock = throttle(patience=10)
    one.turned_away(None, 1.0)
    clock.now += 9
    one.turned_away(None, 1.0)
    one.progressed()
    assert not one.exhausted
    clock.now = one.until

    one.turned_away(None, 1.0)

    assert one.wait() == 1
    assert not one.exhausted


def test_a_failure_right_after_progress_counts_even_while_there_is_a_pause() -> None:
    one, _ = throttle(patience=10)
    one.turned_away(5, 1.0)
    one.progressed()

    one.turned_away(20, 1.0)

    assert one.exhausted


@pytest.mark.parametrize(("seconds", "exhausted"), [(59, False), (60, True)])
def test_patience_ends_when_nothing_has_moved_for_so_long(seconds: float, exhausted: bool) -> None:
    one, clock = throttle(patience=60)
    one.turned_away(0.1, 1.0)

    clock.now += seconds

    assert one.exhausted is exhausted


def test_a_wish_beyond_the_patience_is_not_waited_for() -> None:
    one, _ = throttle(patience=60)

    one.turned_away(86_400, 1.0)

    assert one.exhausted

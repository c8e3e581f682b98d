"""A clock that is wrong, or jumps, moves no money."""

import pytest

from tests.proof.story import FRESH, GOING_ON, Plot, Story
from tests.proof.world import PROTOCOLS, World

pytestmark = pytest.mark.parametrize("world", PROTOCOLS, indirect=True, scope="session")
CLOCKS = ["ahead", "behind", "jumps"]


@pytest.mark.parametrize("plot", [FRESH, GOING_ON], ids=["fresh", "going on"])
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_run_by_a_wrong_clock_is_gone_on_with_by_the_right_one(
    world: World, plot: Plot, clock: str
) -> None:
    story = Story(world, plot)

    ran = story.apply(clock=clock)

    # By a clock that jumps a task may be waited for in vain, until the next run.
    assert ran.code == 0 or (clock == "jumps" and "did not finish in time" in ran.err)
    story.finish()


@pytest.mark.parametrize("effect", ["posting", "answered", "committed"])
@pytest.mark.parametrize("clock", CLOCKS)
def test_an_attempt_of_tomorrow_or_yesterday_is_settled_as_any_other(
    world: World, clock: str, effect: str
) -> None:
    points = Story(world, FRESH).apply().points
    answered = next(point.number for point in points if point.effect == "answered")
    number = next(point.number for point in points[answered - 2 :] if point.effect == effect)
    story = Story(world, FRESH)

    assert story.apply(clock=clock, crash=number).killed

    story.finish()

"""What goes on after a crash may be killed too, and so may `recover`."""

from itertools import count

import pytest

from tests.proof.story import FRESH, GOING_ON, Plot, Story
from tests.proof.world import NIGHTLY, PROTOCOLS, World

pytestmark = pytest.mark.parametrize("world", PROTOCOLS, indirect=True, scope="session")
PLOTS = pytest.mark.parametrize("plot", [FRESH, GOING_ON], ids=["fresh", "going on"])
PARTS = 8

# Pairs of effects, of the first run and of the one that goes on, for which there is time in every run.
SAMPLE = [(7 + 15 * number, 1 + 17 * number % 47) for number in range(6)]


@PLOTS
@pytest.mark.parametrize("pair", SAMPLE, ids=str)
def test_a_run_that_goes_on_may_be_killed_as_well(world: World, plot: Plot, pair: tuple[int, int]) -> None:
    story = Story(world, plot)
    for number in pair:
        story.apply(crash=number)

    story.finish()


@pytest.mark.slow
@pytest.mark.skipif(not NIGHTLY, reason="takes an hour")
@PLOTS
@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_that_goes_on_may_be_killed_at_any_effect_as_well(world: World, plot: Plot, part: int) -> None:
    points = Story(world, plot).apply().points
    for first in points[part::PARTS]:
        for second in count(1):
            story = Story(world, plot)
            story.apply(crash=first.number)
            killed = story.apply(crash=second).killed
            story.finish()
            if not killed:
                break


@pytest.mark.parametrize("effect", ["posting", "answered"])
def test_recover_may_be_killed_at_any_effect(world: World, effect: str) -> None:
    points = Story(world, FRESH).apply().points
    posted = next(point.number for point in points if point.effect == effect)
    for number in count(1):
        story = Story(world, FRESH)
        story.apply(crash=posted)
        # By tomorrow no vendor is asked again by itself.
        assert story.apply(clock="ahead").code == 5
        ran = story.recover(crash=number)
        story.finish()
        if not ran.killed:
            break

    passed = {point.effect for point in ran.points}
    assert passed == {"committing", "committed", "half written", "written", "synced", "renamed", "ended"}

"""A run may be killed at any moment: nothing is paid twice, and nothing is forgotten."""

from typing import get_args

import pytest

from cogvid_pipeline.effects import Effect
from tests.proof.launcher import END
from tests.proof.story import FRESH, GOING_ON, Plot, Story
from tests.proof.world import NIGHTLY, PROTOCOLS, World

pytestmark = pytest.mark.parametrize("world", PROTOCOLS, indirect=True, scope="session")
PLOTS = pytest.mark.parametrize("plot", [FRESH, GOING_ON], ids=["fresh", "going on"])
PARTS = 3  # of a proof, so that several processes can share it

# Where protocols differ; elsewhere one effect in three is enough for all but the first of them, until night.
ABOUT_A_POST = frozenset({"committing", "committed", "posting", "answered"})


def test_the_stories_pass_every_kind_of_effect(world: World) -> None:
    points = [point for plot in (FRESH, GOING_ON) for point in Story(world, plot).apply().points]

    assert {point.effect for point in points} == {*get_args(Effect), "half written", "ended"}


@pytest.mark.slow
@PLOTS
@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_killed_at_any_effect_is_paid_once_and_forgets_nothing(
    world: World, plot: Plot, part: int
) -> None:
    everywhere = NIGHTLY or world.vendor.api.name == PROTOCOLS[0]
    points = [
        point
        for point in Story(world, plot).apply().points
        if everywhere or point.effect in ABOUT_A_POST or point.number % 3 == 0
    ]
    for point in points[part::PARTS]:
        story = Story(world, plot)
        story.apply(crash=point.number)
        story.finish()


@PLOTS
def test_a_run_killed_after_its_last_effect_is_done(world: World, plot: Plot) -> None:
    story = Story(world, plot)

    assert story.apply(crash=END).killed

    story.audit()


@pytest.mark.slow
def test_shots_side_by_side_are_paid_once_too(world: World) -> None:
    points = Story(world, GOING_ON).apply().points
    for point in points if NIGHTLY else points[3::12]:
        story = Story(world, GOING_ON)
        story.apply(crash=point.number, jobs=4)
        story.finish(jobs=4)

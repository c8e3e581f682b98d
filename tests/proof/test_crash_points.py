"""A run may be killed at any moment: nothing is paid twice, and nothing is forgotten."""

from collections.abc import Iterable
from typing import get_args

import pytest

from cogvid_pipeline.effects import Effect
from tests.proof.launcher import END
from tests.proof.story import FRESH, GOING_ON, Plot, Story
from tests.proof.world import NIGHTLY, Point, World

PLOTS = pytest.mark.parametrize("plot", [FRESH, GOING_ON], ids=["fresh", "going on"])
PARTS = 4  # of a proof, so that several processes can share it


def points_of(world: World, plot: Plot) -> tuple[Point, ...]:
    """The effects of a run that nothing happens to."""
    return Story(world, plot).apply().points


def names(points: Iterable[Point]) -> set[str]:
    return {point.effect for point in points}


def test_the_stories_pass_every_kind_of_effect(world: World) -> None:
    passed = names(points_of(world, FRESH)) | names(points_of(world, GOING_ON))

    assert passed == {*get_args(Effect), "half written", "ended"}


@PLOTS
@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_killed_at_any_effect_is_paid_once_and_forgets_nothing(
    world: World, plot: Plot, part: int
) -> None:
    for point in points_of(world, plot)[part::PARTS]:
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
    points = points_of(world, GOING_ON)
    for point in points if NIGHTLY else points[3::8]:
        story = Story(world, GOING_ON)
        story.apply(crash=point.number, jobs=4)
        story.finish(jobs=4)

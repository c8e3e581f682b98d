"""The power may be cut at any moment: whatever had not been synced is lost, and nothing that matters."""

import pytest

from tests.proof.launcher import END
from tests.proof.story import FRESH, GOING_ON, Plot, Story
from tests.proof.world import NIGHTLY, Point, World

PLOTS = pytest.mark.parametrize("plot", [FRESH, GOING_ON], ids=["fresh", "going on"])
PARTS = 8 if NIGHTLY else 2

# For one in so many there is time in every run.
SAMPLE = {FRESH: 6, GOING_ON: 11}


def cuts_of(world: World, plot: Plot) -> list[tuple[Point, str]]:
    """The disks that a power cut in a run may leave, each once, and the effect after which it may."""
    points = Story(world, plot).apply(survey="thorough" if NIGHTLY else "few").points
    seen = set()
    cuts = []
    answers = 0
    for point in points:
        answers += point.effect == "answered"
        for disk, hashed in point.disks.items():
            # The same disk again is another case when the vendor has accepted more since then.
            if (hashed, answers) not in seen:
                seen.add((hashed, answers))
                cuts.append((point, disk))
    return cuts


@pytest.mark.slow
@PLOTS
@pytest.mark.parametrize("part", range(PARTS))
def test_a_power_cut_at_any_effect_costs_nothing_and_loses_nothing(
    world: World, plot: Plot, part: int
) -> None:
    cuts = cuts_of(world, plot)
    for point, disk in (cuts if NIGHTLY else cuts[:: SAMPLE[plot]])[part::PARTS]:
        story = Story(world, plot)
        story.apply(crash=point.number, disk=disk)
        story.finish()


@PLOTS
@pytest.mark.parametrize("disk", ["none/certain", "none/written", "all/certain", "all/torn"])
def test_what_a_run_says_at_its_end_is_so_after_a_power_cut(world: World, plot: Plot, disk: str) -> None:
    story = Story(world, plot)

    assert story.apply(crash=END, disk=disk).killed

    story.audit()


@PLOTS
def test_every_commit_of_the_ledger_is_synced(world: World, plot: Plot) -> None:
    points = Story(world, plot).apply().points

    commits = {point.what for point in points if point.effect == "committing"}

    assert commits == {"synchronous=2"}  # FULL

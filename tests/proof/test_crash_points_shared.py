"""The ledger may be on a PostgreSQL server: runs are killed at any moment there as well, and taken over.

What a power cut does to the server is PostgreSQL's to answer for, as long as every commit waits for the disk;
what it does to the machine of a run is proved here.
"""

import pytest

from tests.proof.launcher import END
from tests.proof.story import FRESH, GOING_ON, Plot, Story
from tests.proof.world import NIGHTLY, SHARED, World

pytestmark = pytest.mark.parametrize("world", SHARED, indirect=True, scope="session")
PLOTS = pytest.mark.parametrize("plot", [FRESH, GOING_ON], ids=["fresh", "going on"])

# In every run those around a request, and one in so many of the others for the first protocol; at night all.
ABOUT_A_POST: frozenset[str] = frozenset({"posting", "answered"})
SAMPLE = 12


@pytest.mark.slow
@PLOTS
def test_a_run_killed_at_any_effect_is_paid_once_and_forgets_nothing(world: World, plot: Plot) -> None:
    sample = SAMPLE if world.vendor.api.name == "geekai" else 1000
    for point in Story(world, plot).apply().points:
        if NIGHTLY or point.effect in ABOUT_A_POST or point.number % sample == 0:
            story = Story(world, plot)
            story.apply(crash=point.number)
            story.finish()


@pytest.mark.slow
@pytest.mark.skipif(not NIGHTLY, reason="takes minutes")
@PLOTS
def test_a_run_that_goes_on_may_be_killed_as_well(world: World, plot: Plot) -> None:
    for first in Story(world, plot).apply().points[::3]:
        story = Story(world, plot)
        story.apply(crash=first.number)
        story.apply(crash=1 + 17 * first.number % 47)
        story.finish()


@PLOTS
def test_what_a_run_says_at_its_end_is_so_after_a_power_cut_on_its_machine(world: World, plot: Plot) -> None:
    story = Story(world, plot)

    assert story.apply(crash=END, disk="none/certain").killed

    story.audit()


@pytest.mark.slow
@pytest.mark.skipif(not NIGHTLY, reason="takes minutes")
@pytest.mark.parametrize("disk", ["none/certain", "none/written", "all/certain", "all/torn"])
def test_a_power_cut_on_the_machine_of_a_run_costs_nothing(world: World, disk: str) -> None:
    for point in Story(world, FRESH).apply().points:
        story = Story(world, FRESH)
        story.apply(crash=point.number, disk=disk)
        story.finish()


def test_every_commit_of_the_ledger_is_synced_whatever_the_server_is_set_to(world: World) -> None:
    points = Story(world, FRESH).apply().points

    commits = {point.what for point in points if point.effect == "committing"}

    assert commits == {"synchronous_commit=on"}

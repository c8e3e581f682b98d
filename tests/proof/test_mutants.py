"""The proofs notice what they are meant to notice: mistakes in the code are found by the same stories."""

import re
from collections.abc import Iterator
from itertools import dropwhile

import pytest

from tests.proof.mutants import MUTANTS
from tests.proof.story import FRESH, Story
from tests.proof.world import SHARED, Violation, World

CRASHES = {
    "record_the_intent_after_the_post": "paid 2 times",
    "post_again_what_is_in_doubt": "paid 2 times",
    "leave_the_task_id_to_the_lock": "an answer is not in the ledger",
    "write_the_lock_in_place": "the lock is not whole",
}
CRASHES_AT_BIGMODEL = {"send_a_new_request_id_each_time": "paid 2 times"}
POWER_CUTS = {
    "sync_no_file": "the lock is not whole",
    "sync_no_directory": "paid 2 times",
}


def violations(world: World, mutant: str, *disks: str) -> Iterator[str]:
    """What the accountant has to say, one crash after the other from the first submission on."""
    points = Story(world, FRESH, mutant).apply().points
    for point in dropwhile(lambda point: point.effect != "posting", points):
        for disk in disks:
            story = Story(world, FRESH, mutant)
            try:
                story.apply(crash=point.number, disk=disk)
                story.finish()
            except Violation as violation:
                yield str(violation)


@pytest.mark.parametrize(("mutant", "complaint"), CRASHES.items())
def test_a_mistake_is_found_by_crashes(world: World, mutant: str, complaint: str) -> None:
    assert re.match(complaint, next(violations(world, mutant, "")))


@pytest.mark.parametrize("world", SHARED[:1], indirect=True, scope="session")
@pytest.mark.parametrize(("mutant", "complaint"), list(CRASHES.items())[:3])
def test_a_mistake_is_found_by_crashes_on_a_shared_ledger(world: World, mutant: str, complaint: str) -> None:
    assert re.match(complaint, next(violations(world, mutant, "")))


@pytest.mark.parametrize("world", ["bigmodel"], indirect=True, scope="session")
@pytest.mark.parametrize(("mutant", "complaint"), CRASHES_AT_BIGMODEL.items())
def test_a_mistake_about_request_ids_is_found_by_crashes(world: World, mutant: str, complaint: str) -> None:
    assert re.match(complaint, next(violations(world, mutant, "")))


@pytest.mark.parametrize(("mutant", "complaint"), POWER_CUTS.items())
def test_a_missing_sync_is_found_by_power_cuts(world: World, mutant: str, complaint: str) -> None:
    assert re.match(complaint, next(violations(world, mutant, "none/certain", "all/certain")))


def test_every_mutant_is_tried() -> None:
    assert MUTANTS.keys() == CRASHES.keys() | CRASHES_AT_BIGMODEL.keys() | POWER_CUTS.keys()

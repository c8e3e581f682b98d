"""What the machine of test_machine.py audits would notice: stories that go well break under a mistake."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.machine import applies
from tests.machine.accounts import Broken
from tests.machine.film import Board, Film, Shot
from tests.machine.forks import Forks
from tests.machine.mutants import MUTANTS
from tests.machine.story import Story
from tests.machine.witness import Witness

LOST = "its answer to a submission is lost"


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks() as running:
        yield running


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[Forks], Story]]:
    """Begins the story of a film of one shot."""
    with Witness("geekai") as vendor:

        def story(forks: Forks) -> Story:
            story = Story(Film(tmp_path / "film"), vendor, forks)
            story.begin(Board("geekai", {"bee": Shot("It dances.")}))
            return story

        yield story


def let_the_bee_rest(story: Story) -> None:
    def change(shots: dict[str, Shot]) -> None:
        shots["bee"] = Shot("It rests.")

    story.edit("let bee rest", change)


def a_run_is_killed_while_its_task_is_under_way(story: Story) -> None:
    applies.apply_struck(story, "killed", request=2, jobs=1)
    applies.apply(story)


def a_run_is_killed_before_it_hears_the_answer(story: Story) -> None:
    applies.apply_struck(story, "killed", request=1, jobs=1)


def an_answer_is_lost(story: Story) -> None:
    applies.apply_amid(story, [LOST], jobs=1)


def an_answer_is_lost_where_there_is_a_clip(story: Story) -> None:
    applies.apply(story)
    let_the_bee_rest(story)
    applies.apply_amid(story, [LOST], jobs=1)


def another_branch_goes_its_own_way(story: Story) -> None:
    applies.apply(story)
    story.branch_off("draft")
    let_the_bee_rest(story)
    applies.apply(story)
    story.switch("main")


# For each mistake what has to happen, and what the audit then says.
STORIES = {
    "resuming_posts_again": (a_run_is_killed_while_its_task_is_under_way, "1 were accepted, where the plan"),
    "the_intent_is_recorded_late": (a_run_is_killed_before_it_hears_the_answer, "forgotten"),
    "a_lost_answer_is_asked_for_again": (an_answer_is_lost, "2 were accepted, where the plan"),
    "a_result_hides_what_is_pending": (an_answer_is_lost_where_there_is_a_clip, "the lock does not tell"),
    "the_past_is_replayed_by_name": (another_branch_goes_its_own_way, "main was settled when it was left"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mistake_breaks_a_promise(begin: Callable[[Forks], Story], mutant: str) -> None:
    happens, said = STORIES[mutant]
    with Forks(mutant) as forks:
        story = begin(forks)

        with pytest.raises(Broken, match=said) as caught:
            happens(story)

    assert story.lines[-1] in caught.value.__notes__[0]


@pytest.mark.parametrize("happens", [happens for happens, _ in STORIES.values()])
def test_without_the_mistake_none_is_broken(
    begin: Callable[[Forks], Story], forks: Forks, happens: Callable[[Story], None]
) -> None:
    story = begin(forks)

    happens(story)
    applies.settle(story)

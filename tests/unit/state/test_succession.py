"""What a run says of an attempt counts by what the ledger has, as the table in succession.py shows."""

from typing import Any

import pytest

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, State
from cogvid_pipeline.state import succession
from cogvid_pipeline.state.succession import replaces
from tests.attempts import make_attempt, make_unfinished

NEW = [State(word) for word in ["held", "refused", "accepted", "failed", "succeeded", "adopted", "released"]]

# The rows of the table, in its order: what the ledger has, and whether the run that speaks sent it last.
OLD = [
    (State.INTENT, True),
    (State.INTENT, False),
    (State.HELD, False),
    (State.ACCEPTED, False),
    (State.RELEASED, False),
    (State.FAILED, False),
    (State.SUCCEEDED, False),
]
ROWS = [
    line.strip("| ").split(" | ")
    for line in (succession.__doc__ or "").splitlines()
    if line.startswith("|") and "---" not in line
]
TABLE = list(zip(ROWS[1:], OLD, strict=True))


def make(state: State, **changes: Any) -> Attempt:
    return make_attempt() if state is State.SUCCEEDED else make_unfinished(state=state, **changes)


def said(new: Attempt, old: Attempt, *, mine: bool) -> str:
    try:
        return "yes" if replaces(new, old, mine=mine) else "no"
    except StateError:
        return "error"


@pytest.mark.parametrize(("row", "old"), TABLE, ids=[row[0] for row, _ in TABLE])
@pytest.mark.parametrize("new", NEW)
def test_the_table_tells_what_replaces_what(row: list[str], old: tuple[State, bool], new: State) -> None:
    words = row[ROWS[0].index(new)]
    # Where a task counts, both speak of the same one: none, or task-walk.
    task = {} if old[0] in {State.INTENT, State.HELD} else {"task_id": "task-walk"}
    known = make(old[0], **task)

    found = said(
        make(new, **({"task_id": "task-walk"} if new is State.ACCEPTED else task)), known, mine=old[1]
    )

    expected = {"no change": "no", "yes, beside": "yes", "of the same task": "yes"}.get(words, words)
    if words.startswith("if "):
        expected = {"if this run sent it last": "no", "if it was adopted": "error"}[words]
    assert found == expected


def test_a_refusal_counts_for_what_this_run_sent_last() -> None:
    assert replaces(make(State.REFUSED), make(State.HELD), mine=True)


def test_an_adoption_may_be_corrected() -> None:
    assert replaces(make(State.ADOPTED, task_id="right"), make(State.ADOPTED, task_id="wrong"), mine=False)


@pytest.mark.parametrize("new", [State.FAILED, State.RELEASED])
def test_what_is_said_of_another_task_does_not_count(new: State) -> None:
    assert said(make(new, task_id="another"), make(State.ACCEPTED), mine=True) in {"no", "error"}


def test_what_is_decided_already_may_be_decided_again() -> None:
    released = make(State.RELEASED)

    assert not replaces(released, released, mine=False)


def test_an_intent_replaces_nothing() -> None:
    assert not replaces(make(State.INTENT), make(State.HELD), mine=True)

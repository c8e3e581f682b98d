"""A plan asks the ledger once, however many shots there are, and again for what could not be foreseen."""

from collections.abc import Collection

from cogvid_pipeline.model.attempt import Attempt, Attempts, Lock
from cogvid_pipeline.model.plan import Plan, PlanOptions
from cogvid_pipeline.model.shot import Shot
from cogvid_pipeline.plan.cost import PriceBook
from cogvid_pipeline.plan.diff import make_plan
from cogvid_pipeline.plan.planner import Facts
from tests.boards import attempt, clip, locked, shot, storyboard


def planned(
    *shots: Shot, lock: Lock | None = None, ledger: tuple[Attempt, ...] = (), select: tuple[str, ...] = ()
) -> tuple[Plan, list[int]]:
    """The plan, and of how many requests the ledger was asked each time."""
    rows = {one.fingerprint: one for one in ledger}
    questions: list[int] = []

    def known(digests: Collection[str]) -> Attempts:
        questions.append(len(digests))
        return {digest: rows[digest] for digest in digests if digest in rows}

    facts = Facts(
        lock=lock or Lock(), known=known, recorded=lambda _: None, displaced=lambda _clip, _take: False
    )
    board = storyboard(*shots)
    return make_plan(board, facts, PriceBook("geekai", board.prices, {}), PlanOptions(select)), questions


def actions(plan: Plan) -> dict[str, str]:
    return {action.name: action.kind for action in plan.actions}


def test_all_new_shots_are_asked_for_at_once() -> None:
    shots = [shot(f"shot-{number}", f"Shot {number}.") for number in range(50)]

    plan, questions = planned(*shots, ledger=(attempt(shots[7]),))

    assert questions == [50]
    assert actions(plan)["shot-7"] == "reuse"
    assert plan.summary == {"generate": 49, "reuse": 1}


def test_the_ledger_is_not_asked_where_all_is_up_to_date() -> None:
    cat = shot("cat")

    plan, questions = planned(cat, lock=locked(cat=attempt(cat)))

    assert actions(plan) == {"cat": "keep"}
    assert questions == []


def test_a_shot_that_goes_on_from_a_clip_in_the_lock_is_asked_for_with_the_others() -> None:
    cat, dog, walk = shot("cat"), shot("dog", "A dog."), shot("walk", "On.", after="cat")

    plan, questions = planned(
        cat, dog, walk, lock=locked(cat=attempt(cat)), ledger=(attempt(walk, after=clip("cat")),)
    )

    assert questions == [3]
    assert actions(plan) == {"cat": "keep", "dog": "generate", "walk": "reuse"}


def test_a_shot_that_goes_on_from_a_clip_of_the_ledger_is_asked_for_once_that_is_known() -> None:
    cat, walk = shot("cat"), shot("walk", "On.", after="cat")
    made = (attempt(cat), attempt(walk, after=clip("cat")))

    plan, questions = planned(cat, walk, ledger=made)

    assert questions == [1, 1]
    assert actions(plan) == {"cat": "reuse", "walk": "reuse"}


def test_a_selection_asks_nothing_twice() -> None:
    cat, dog = shot("cat"), shot("dog", "A dog.")

    plan, questions = planned(cat, dog, select=("dog",))

    assert questions == [2]
    assert actions(plan) == {"dog": "generate"}

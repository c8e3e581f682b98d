"""What has moved since a plan was saved, in words."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from cogvid_pipeline.model.attempt import LockEntry, State
from cogvid_pipeline.model.plan import Plan
from cogvid_pipeline.model.shot import ImageFile, Money
from cogvid_pipeline.report.moved import what_moved
from cogvid_pipeline.report.plan_json import plan_document
from tests.boards import attempt, clip, locked, plan_for, shot, storyboard

CAT, OWL = shot("cat"), shot("owl", "An owl.")
BOARD = storyboard(CAT, OWL)


def moved(before: Plan, after: Plan) -> list[str]:
    return what_moved(plan_document(before), plan_document(after))


def test_the_same_plan_has_not_moved() -> None:
    lock = locked(cat=attempt(shot("cat", "A lion plays.")), former=attempt(shot("former", "Gone.")))

    assert moved(plan_for(BOARD, lock), plan_for(BOARD, lock)) == []


def test_another_lock_of_which_nothing_matters_moves_nothing() -> None:
    lock = locked(owl=attempt(OWL))
    before = plan_for(BOARD, lock, select=("cat",))

    assert moved(before, replace(plan_for(BOARD, select=("cat",)), lock_digest="other")) == []


def test_what_is_to_be_replaced_is_replaced_in_one_lock_alone() -> None:
    before = plan_for(BOARD, replace=("cat",))

    assert moved(before, before) == []
    assert moved(before, replace(before, lock_digest="other")) == [
        "the lock is another one now, and --replace pays each time that it is done"
    ]


def test_what_was_done_since_is_up_to_date_now() -> None:
    done = locked(cat=attempt(CAT))

    assert moved(plan_for(BOARD), plan_for(BOARD, done)) == [
        "cat: was to be generated, and is up to date now"
    ]


def test_a_missing_file_moves_nothing_since_machines_differ_in_that() -> None:
    lock = locked(cat=attempt(CAT), owl=attempt(OWL))

    assert moved(plan_for(BOARD, lock), plan_for(BOARD, lock, missing=("cat",))) == []
    assert moved(plan_for(BOARD, lock, missing=("cat", "owl")), plan_for(BOARD, lock)) == []


def test_what_is_in_doubt_now_is_said_with_the_reason() -> None:
    held = locked(cat=LockEntry(pending=attempt(CAT, State.HELD, error="the answer\nwas lost")))

    assert moved(plan_for(BOARD), plan_for(BOARD, held)) == [
        "cat: was to be generated, and is held now (the answer\\nwas lost)"
    ]


def test_shots_that_came_and_went_are_named() -> None:
    former = locked(former=attempt(shot("former", "Gone.")))
    board = storyboard(CAT, shot("new", "New."))

    assert moved(plan_for(BOARD, former), plan_for(board)) == [
        "new: is to be generated now (new), and was not in the plan",
        "owl: was to be generated, and is not in the plan any more",
        "former: was to be forgotten, and is not in the plan any more",
    ]


def test_a_prompt_that_changed_is_shown_word_by_word() -> None:
    board = storyboard(shot("cat", "A lion plays."), OWL)

    assert moved(plan_for(BOARD), plan_for(board)) == [
        'cat: what it asks for is not the same: prompt: "A [-cat-]{+lion+} plays."'
    ]


def test_other_parameters_and_pictures_are_told() -> None:
    def plan(digest: str, **parameters: Any) -> Plan:
        picture = ImageFile("a.png", f"sha256:{digest * 64}", "image/png")
        return plan_for(storyboard(replace(shot("cat", **parameters), images=(picture,))))

    assert moved(plan("0", fps=30, quality="speed"), plan("1", fps=60)) == [
        "cat: what it asks for is not the same: fps: 30 → 60",
        "cat: its images are others now",
        'cat: what it asks for is not the same: quality: "speed" → (not set)',
    ]


def test_another_price_is_told() -> None:
    dear = storyboard(CAT, OWL, prices={"cogvideox-3": Money(Decimal(3), "CNY")})
    unknown = storyboard(CAT, OWL, prices={})

    assert moved(plan_for(BOARD, select=("cat",)), plan_for(dear, select=("cat",))) == [
        "cat: cost 1.00 CNY, and costs 3.00 CNY now"
    ]
    assert moved(plan_for(BOARD, select=("cat",)), plan_for(unknown, select=("cat",))) == [
        "cat: cost 1.00 CNY, and costs what nobody knows now"
    ]


def test_a_clip_that_would_be_replaced_and_is_another_one_is_told() -> None:
    lion, bear = attempt(shot("cat", "A lion plays.")), attempt(shot("cat", "A bear plays."))

    assert moved(plan_for(BOARD, locked(cat=lion)), plan_for(BOARD, locked(cat=bear))) == [
        "cat: the clip that it has is another one now"
    ]


def test_an_upstream_clip_that_was_made_since_is_told() -> None:
    nap = shot("nap", "It naps.", after="cat")
    board = storyboard(CAT, nap)

    assert moved(plan_for(board), plan_for(board, locked(cat=attempt(CAT, clip=clip("cat"))))) == [
        "cat: was to be generated, and is up to date now",
        "nap: its images are others now",
    ]


def test_another_provider_and_another_project_are_said_first() -> None:
    other = replace(storyboard(CAT, provider="zai"), project="other")

    assert moved(plan_for(BOARD), plan_for(other)) == [
        "it is a plan of project test, and this is other",
        "the provider was geekai, and is zai",
        "owl: was to be generated, and is not in the plan any more",
    ]


def test_a_name_alone_moves_nothing() -> None:
    assert moved(plan_for(BOARD), plan_for(replace(BOARD, project="renamed"))) == []


def test_a_fingerprint_of_another_release_is_told() -> None:
    saved = plan_document(plan_for(BOARD))
    saved["actions"][0]["fingerprint"] = "sha256:" + "0" * 64

    assert what_moved(saved, plan_document(plan_for(BOARD))) == [
        "cat: its request is told apart from others by another fingerprint now"
    ]


def test_a_frozen_shot_whose_file_is_missing_has_not_moved() -> None:
    board = storyboard(replace(shot("cat", "A lion plays."), freeze=True))
    lock = locked(cat=attempt(CAT))

    assert moved(plan_for(board, lock), plan_for(board, lock, missing=("cat",))) == []


def test_takes_are_called_by_their_names() -> None:
    entries = {"cat@2": attempt(shot("cat", "Once more."))}

    assert moved(plan_for(BOARD, locked(**entries)), plan_for(BOARD)) == [
        "cat@2: was to be forgotten, and is not in the plan any more"
    ]

"""What the storyboard page says of shots, as data."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cogvid_pipeline.model.attempt import Lock, LockEntry, State
from cogvid_pipeline.model.plan import Plan
from cogvid_pipeline.model.shot import ImageFile, Money, Shot, ShotFrame, Storyboard
from cogvid_pipeline.report.page import storyboard_page
from cogvid_pipeline.report.page_cards import Reel
from cogvid_pipeline.report.page_view import Badge, Card, Film, Page, Picture, Row, Tie
from tests.boards import attempt, clip, locked, plan_for, shot, storyboard

CAT = shot("cat", "A cat plays.", size="1280x720", duration=5)


def page_of(board: Storyboard, lock: Lock | None = None, reel: Reel | None = None, **options: Any) -> Page:
    lock = lock or Lock()
    plan: Plan = options.pop("plan", None) or plan_for(board, lock)
    return storyboard_page(board, lock, plan, reel or Reel(), **options)


def card_of(board: Storyboard, lock: Lock | None = None, reel: Reel | None = None, **options: Any) -> Card:
    return page_of(board, lock, reel, **options).cards[0]


# --- how it stands with a shot ----------------------------------------------------------------------------


def pending(state: State, **fields: Any) -> Lock:
    return locked(cat=LockEntry(pending=attempt(CAT, state, **fields)))


@pytest.mark.parametrize(
    ("lock", "kind", "words"),
    [
        (Lock(), "new", "Not generated"),
        (locked(cat=attempt(CAT)), "ready", "Ready"),
        (locked(cat=attempt(shot("cat", "A cat sleeps."))), "changed", "Out of date"),
        (locked(other=attempt(CAT)), "known", "Clip exists"),
        (pending(State.ACCEPTED), "running", "Submitted"),
        (pending(State.FAILED, error="no cats (1301)"), "failed", "Failed"),
        (pending(State.HELD, task_id="", error="no answer"), "held", "Held"),
    ],
)
def test_a_shot_says_how_it_stands(lock: Lock, kind: str, words: str) -> None:
    assert card_of(storyboard(CAT), lock).badge == Badge(kind, words)


def test_a_clip_that_is_not_under_its_name_is_missing() -> None:
    lock = locked(cat=attempt(CAT))

    card = card_of(storyboard(CAT), lock, plan=plan_for(storyboard(CAT), lock, missing=("cat",)))

    assert card.badge.kind == "absent"
    assert card.lead.blank == "The clip is not on this machine"


def test_a_frozen_shot_that_asks_for_something_else_says_so() -> None:
    frozen = replace(CAT, freeze=True)

    card = card_of(storyboard(frozen), locked(cat=attempt(shot("cat", "A cat sleeps."))))

    assert card.badge.kind == "frozen"
    assert card.marks == ("frozen",)
    assert card.lead.reason


def test_an_error_is_said_once() -> None:
    card = card_of(storyboard(CAT), pending(State.FAILED, error="no cats (1301)"))

    assert (card.lead.error, card.lead.reason) == ("no cats (1301)", "")


def test_the_worst_of_its_takes_is_what_a_shot_says() -> None:
    twice = replace(CAT, takes=2)
    lock = locked(cat=attempt(CAT), **{"cat@2": LockEntry(pending=attempt(CAT, State.FAILED, take=2))})

    card = card_of(storyboard(twice), lock)

    assert card.badge.kind == "failed"
    assert [take.badge.kind for take in card.takes] == ["ready", "failed"]


# --- what it says of it ----------------------------------------------------------------------------------


def test_who_made_it_for_how_much_and_as_which_task_is_there() -> None:
    card = card_of(storyboard(CAT), locked(cat=attempt(CAT)))

    assert card.lead.byline == (Row("provider", "geekai"), Row("cost", "1.00 CNY"), Row("task", "task-cat"))
    assert card.parameters == (Row("model", "cogvideox-3"), Row("size", "1280x720"), Row("duration", "5"))


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({"cost": None}, "price unknown"),
        ({"provider": "emulator"}, "free"),
        ({"cost": Money(Decimal(0), "CNY")}, "free"),
    ],
)
def test_a_cost_is_an_amount_or_a_word(fields: dict[str, Any], cost: str) -> None:
    card = card_of(storyboard(CAT), locked(cat=attempt(CAT, **fields)))

    assert Row("cost", cost) in card.lead.byline


def test_the_facts_of_a_clip_are_those_that_a_probe_found() -> None:
    made = attempt(CAT, completed_at="2026-11-20T10:01:30.000+00:00", clip=replace(clip(), audio=True))

    assert card_of(storyboard(CAT), locked(cat=made)).lead.facts == (
        Row("picture", "1920x1080, 30 fps"),
        Row("length", "5 s, sound"),
        Row("file", "0 kB"),
        Row("made", "2026-11-20 10:01 UTC"),
    )


def test_shots_are_tied_to_those_that_they_are_made_from() -> None:
    night = Shot(
        "night",
        "cogvideox-3",
        "",
        (ShotFrame("cat", "last"), ShotFrame("cat", 2.5), ImageFile("a.png", "sha256:0", "image/png")),
        depends_on=("sky",),
    )
    board = storyboard(CAT, shot("sky.dawn"), shot("sky.dusk"), night)

    cat, dawn, _, last = page_of(board).cards

    assert last.made_from == (
        Tie("cat", "last frame, frame at 2.5 s"),
        Tie("sky.dawn", "comes first"),
        Tie("sky.dusk", "comes first"),
    )
    assert cat.used_by == (Tie("night", "last frame, frame at 2.5 s"),)
    assert dawn.used_by == (Tie("night", "comes first"),)
    assert last.pictures == (Picture("a.png"),)


def test_a_picture_is_shown_where_there_is_a_copy_of_it() -> None:
    pictured = Shot("cat", "cogvideox-3", "", (ImageFile("a.png", f"sha256:{'0' * 64}", "image/png"),))

    (picture,) = card_of(storyboard(pictured), Lock(), Reel(pictures={"0" * 64})).pictures

    assert picture.poster == f"posters/{'0' * 24}.jpg"


def test_the_picked_take_leads() -> None:
    card = card_of(storyboard(replace(CAT, takes=3, pick=2)))

    assert card.lead is card.takes[1]
    assert [take.picked for take in card.takes] == [False, True, False]


def test_as_long_as_none_is_picked_the_first_take_leads_and_none_is_marked() -> None:
    card = card_of(storyboard(replace(CAT, takes=2)))

    assert card.lead is card.takes[0]
    assert not any(take.picked for take in card.takes)


def test_a_result_that_replaced_another_says_what_was_asked_for_before() -> None:
    before = attempt(shot("cat", "A cat sleeps.", size="1280x720", duration=10))
    films = Reel({"cat": Film(clip("now"))}, {"cat": Film(clip("before"))})

    former = card_of(storyboard(CAT), locked(cat=LockEntry(attempt(CAT), None, before)), films).lead.former

    assert former
    assert former.film == Film(clip("before"))
    prompt, duration = former.alterations
    assert [(piece.kind, piece.text) for piece in prompt.pieces] == [
        ("same", "A cat "), ("removed", "sleeps"), ("added", "plays"), ("same", "."),
    ]  # fmt: skip
    assert (duration.before, duration.after) == ("10", "5")


def test_what_a_clip_was_not_is_said_as_it_was_found() -> None:
    reel = Reel(warnings={"cat": ["asked for 1920x1080, got 1280x720"]})

    assert card_of(storyboard(CAT), Lock(), reel).lead.warnings == ("asked for 1920x1080, got 1280x720",)


# --- the page --------------------------------------------------------------------------------------------


def test_the_headline_counts_shots_seconds_and_money() -> None:
    dog, fox = shot("dog", duration=90), shot("fox")
    twin = attempt(CAT, request_id="same")
    lock = locked(
        cat=twin,
        dog=replace(twin, cost=Money(Decimal(1), "CNY")),
        fox=attempt(fox, cost=Money(Decimal("0.2"), "USD")),
    )

    assert page_of(storyboard(CAT, dog, fox), lock).headline == "3 shots · 1 min 35 s · 1.00 CNY · 0.20 USD"
    assert page_of(storyboard(CAT)).headline == "1 shot · 5 s"


def test_filters_count_what_there_is() -> None:
    board = storyboard(replace(CAT, tags=("hero", "night")), replace(shot("dog"), tags=("hero",)))

    page = page_of(board, locked(cat=attempt(CAT)))

    assert [(count.badge.kind, count.shots) for count in page.counts] == [("new", 1), ("ready", 1)]
    assert [(count.badge.words, count.shots) for count in page.tags] == [("hero", 2), ("night", 1)]


@pytest.mark.parametrize(
    ("size", "shape"), [((1920, 1080), "wide"), ((1080, 1920), "tall"), ((1024, 1024), "square")]
)
def test_the_page_is_laid_out_for_the_shape_of_most_pictures(size: tuple[int, int], shape: str) -> None:
    film = Film(replace(clip(), width=size[0], height=size[1]))

    assert page_of(storyboard(CAT), locked(cat=attempt(CAT)), Reel({"cat": film})).shape == shape


def test_without_clips_it_is_laid_out_for_what_is_asked_for() -> None:
    assert page_of(storyboard(shot("cat", size="1080x1920"))).shape == "tall"
    assert page_of(storyboard(shot("cat", size="odd"))).shape == "wide"
    assert page_of(storyboard()).shape == "wide"


def test_what_is_not_in_the_story_any_more_comes_apart() -> None:
    page = page_of(storyboard(), locked(cat=attempt(CAT)))

    (gone,) = page.gone
    assert (gone.name, gone.badge.kind, gone.prompt) == ("cat", "gone", "A cat plays.")
    assert Row("size", "1280x720") in gone.parameters


def test_a_poster_is_as_large_as_is_needed_and_never_larger_than_the_clip() -> None:
    assert Film(clip()).poster_size == (640, 360)
    assert Film(replace(clip(), width=0, height=0)).poster_size == (1, 1)
    assert Film(replace(clip(), width=320, height=180)).poster_size == (320, 180)


# --- a plan ----------------------------------------------------------------------------------------------


def test_the_page_of_a_plan_says_what_is_done_why_and_for_how_much() -> None:
    board = storyboard(replace(CAT, takes=2), shot("dog"))
    lock = locked(
        cat=attempt(shot("cat", "A cat sleeps.", size="1280x720", duration=5)), dog=attempt(shot("dog"))
    )

    page = page_of(board, lock, of_plan=True)

    cat, dog = page.cards
    assert (cat.badge, cat.price) == (Badge("regenerate", "Regenerate"), "2.00 CNY")
    assert [take.reason for take in cat.takes] == ["prompt changed", "new"]
    assert cat.lead.asked[0].path == "prompt"
    assert (dog.badge.words, dog.price) == ("Unchanged", "")
    assert page.headline.startswith("Plan: 1 to generate, 1 to regenerate, 1 unchanged.")


def test_a_plan_without_a_price_says_that_it_is_not_known() -> None:
    assert card_of(storyboard(CAT, prices={}), of_plan=True).price == "price unknown"


def test_a_plan_of_a_preview_costs_nothing() -> None:
    assert card_of(storyboard(CAT, provider="preview"), of_plan=True).price == "free"


def test_shots_that_a_plan_leaves_out_say_so() -> None:
    board = storyboard(CAT, shot("dog"))

    page = page_of(board, plan=plan_for(board, select=("cat",)), of_plan=True)

    assert [card.badge.words for card in page.cards] == ["Generate", "Not in this plan"]

"""Prices, totals and limits."""

from decimal import Decimal

import pytest

from cogvid_pipeline.errors import OverBudget
from cogvid_pipeline.model.shot import Money, Storyboard
from cogvid_pipeline.plan.cost import PriceBook, check_limits, total
from tests.boards import ONE_YUAN, attempt, locked, plan_for, shot, storyboard

CAT, DOG = shot("cat"), shot("dog", "A dog plays.")


def check(board: Storyboard, lock=None, *, max_cost: str | None = None) -> None:
    check_limits(plan_for(board, lock), Decimal(max_cost) if max_cost else None)


def test_the_manifests_price_comes_before_the_built_in_one_and_the_vendors_before_the_models() -> None:
    built_in = {"geekai/cogvideox-3": Money(Decimal(9), "CNY")}

    assert PriceBook("geekai", {}, built_in).price("cogvideox-3") == Money(Decimal(9), "CNY")
    assert PriceBook("geekai", {"cogvideox-3": ONE_YUAN}, built_in).price("cogvideox-3") == ONE_YUAN
    own = {"cogvideox-3": ONE_YUAN, "geekai/cogvideox-3": Money(Decimal(2), "CNY")}
    assert PriceBook("geekai", own, built_in).price("cogvideox-3") == Money(Decimal(2), "CNY")


def test_a_price_that_nobody_wrote_down_is_not_known() -> None:
    assert PriceBook("geekai", {}, {}).price("cogvideox-3") is None
    assert plan_for(storyboard(CAT, prices={})).cost is None


def test_a_preview_costs_nothing() -> None:
    assert plan_for(storyboard(CAT, provider="preview")).cost == Money(Decimal(0), "CNY")


def test_currencies_are_not_added_up() -> None:
    assert total([ONE_YUAN, Money(Decimal(1), "USD")], "CNY") is None
    assert total([ONE_YUAN, ONE_YUAN], "CNY") == Money(Decimal(2), "CNY")


def test_a_budget_bounds_the_clips_that_stay_and_those_that_come() -> None:
    budget = Money(Decimal(1), "CNY")

    check(storyboard(CAT, budget=budget))
    with pytest.raises(
        OverBudget, match=r"the storyboard would cost 2\.00 CNY, more than the limit of 1\.00"
    ):
        check(storyboard(CAT, DOG, budget=budget), locked(cat=attempt(CAT)))


def test_twins_in_the_lock_were_paid_for_once() -> None:
    board = storyboard(shot("one"), shot("two"), DOG, budget=Money(Decimal(2), "CNY"))
    made = attempt(shot("one"))

    check(board, locked(one=made, two=made))


def test_max_cost_bounds_the_run_alone() -> None:
    board = storyboard(CAT, DOG)

    check(board, locked(cat=attempt(CAT)), max_cost="1")
    with pytest.raises(OverBudget, match="this run would cost"):
        check(board, max_cost="1.99")


def test_an_unknown_price_under_a_limit_is_over_budget() -> None:
    with pytest.raises(OverBudget, match="not known"):
        check(storyboard(CAT, prices={}), max_cost="100")


def test_another_currency_than_the_budgets_is_over_budget() -> None:
    with pytest.raises(OverBudget, match="another currency"):
        check(storyboard(CAT, budget=Money(Decimal(100), "USD")))


def test_a_run_that_pays_nothing_passes_any_budget() -> None:
    lock = locked(cat=attempt(CAT, cost=Money(Decimal(50), "CNY")))

    check(storyboard(CAT, budget=Money(Decimal(1), "CNY")), lock)


def test_a_locked_clip_whose_cost_was_not_recorded_counts_at_todays_price() -> None:
    board = storyboard(CAT, DOG, budget=Money(Decimal(1), "CNY"))

    with pytest.raises(OverBudget, match=r"2\.00 CNY"):
        check(board, locked(cat=attempt(CAT, cost=None)))

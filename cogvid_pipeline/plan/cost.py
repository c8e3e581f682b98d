"""Price what a plan would generate, and hold it against the limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from cogvid_pipeline.errors import OverBudget
from cogvid_pipeline.model.attempt import FREE_PROVIDERS, Attempt
from cogvid_pipeline.model.plan import Fetch, Hold, Keep, Plan, Resume, Reuse, paying
from cogvid_pipeline.model.shot import Money, Storyboard


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Prices per video, by model or `provider/model`; the manifest's own come before the built-in ones."""

    provider: str
    own: Mapping[str, Money]
    built_in: Mapping[str, Money]

    def price(self, model: str) -> Money | None:
        """What one video costs, None where no price is known."""
        if self.provider in FREE_PROVIDERS:
            return Money(Decimal(0), self.currency)
        exact = f"{self.provider}/{model}"
        return self.own.get(exact) or self.own.get(model) or self.built_in.get(exact)

    @property
    def currency(self) -> str:
        """The one to count in when nothing is paid."""
        known = next(iter((self.own or self.built_in).values()), None)
        return known.currency if known else "CNY"


def total(costs: Iterable[Money | None], currency: str) -> Money | None:
    """The sum, `currency` being that of an empty one; None when a cost is unknown or currencies mix."""
    amount = Decimal(0)
    seen: set[str] = set()
    for cost in costs:
        if cost is None:
            return None
        if cost.amount:
            amount += cost.amount
            seen.add(cost.currency)
    if len(seen) > 1:
        return None
    return Money(amount, seen.pop() if seen else currency)


def check_limits(plan: Plan, storyboard: Storyboard, prices: PriceBook, max_cost: Decimal | None) -> None:
    """Raise OverBudget when the plan may cost more than `budget` or `--max-cost` allows.

    `budget` bounds the whole storyboard: what stays in the lock and what the plan adds. `max_cost` bounds
    this run, in the budget's currency or that of the prices. A plan that pays nothing passes.
    """
    spending = [action.cost for action in paying(plan.actions)]
    if not any(cost is None or cost.amount for cost in spending):
        return
    if storyboard.budget is not None:
        # Twins share one attempt, which was paid for once.
        standing = {
            action.attempt.request_id: _cost_of(action.attempt, prices)
            for action in plan.actions
            if isinstance(action, Keep | Fetch | Reuse | Resume | Hold) and action.attempt.paid
        }
        _check(
            "the storyboard",
            [*standing.values(), *spending],
            storyboard.budget,
            "raise `budget.max_cost` in the manifest, or make fewer shots",
        )
    if max_cost is not None:
        currency = (
            storyboard.budget.currency
            if storyboard.budget
            else next((cost.currency for cost in spending if cost), prices.currency)
        )
        _check("this run", spending, Money(max_cost, currency), "raise --max-cost")


def _cost_of(attempt: Attempt, prices: PriceBook) -> Money | None:
    return attempt.cost or prices.price(attempt.request["model"])


def _check(what: str, costs: list[Money | None], limit: Money, hint: str) -> None:
    if None in costs:
        raise OverBudget(
            f"the price of a video is not known, and {what} may cost at most {limit}",
            hint="write the price under `prices:`, as in `prices: {cogvideox-3: {amount: 1, currency: CNY}}`",
        )
    cost = total(costs, limit.currency)
    if cost is None or cost.currency != limit.currency:
        raise OverBudget(
            f"{what} is priced in another currency than its limit of {limit}",
            hint="give `prices:` and `budget` in one currency",
        )
    if cost.amount > limit.amount:
        raise OverBudget(f"{what} would cost {cost}, more than the limit of {limit}", hint=hint)

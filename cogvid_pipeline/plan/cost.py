"""Price what a plan would generate, and hold it against the limits."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from cogvid_pipeline.errors import OverBudget
from cogvid_pipeline.model.attempt import FREE_PROVIDERS, Attempt, Lock
from cogvid_pipeline.model.plan import (
    BudgetUse,
    Fetch,
    Hold,
    Keep,
    Plan,
    Repeat,
    Resume,
    Reuse,
    TakeStep,
    paying,
)
from cogvid_pipeline.model.shot import Money


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


def attempts_that_stay(
    whole: Mapping[str, TakeStep], part: Mapping[str, TakeStep], lock: Lock
) -> Iterator[Attempt]:
    """What is there of each take, or under way, once the plan is done, without what the plan submits.

    `part` is what the plan does, `whole` what would be done about all takes.
    """
    for name, step in whole.items():
        match part.get(name, step):
            case Keep() | Fetch() | Reuse() | Resume() | Hold() as planned:
                yield planned.attempt
            case Repeat(attempt=attempt) if name not in part:
                yield attempt
            case _ if name not in part and (entry := lock.entries.get(name)) and entry.result:
                yield entry.result


def budget_use(
    limit: Money | None, staying: Iterable[Attempt], spending: Iterable[Money | None], prices: PriceBook
) -> BudgetUse | None:
    """What the whole storyboard costs: what stays and what is submitted. None where nothing limits it."""
    if limit is None:
        return None
    # Twins share one attempt, which was paid for once.
    once = {attempt.request_id: _cost_of(attempt, prices) for attempt in staying if attempt.paid}
    standing, everything = list(once.values()), [*once.values(), *spending]
    return BudgetUse(
        limit, total(standing, limit.currency), total(everything, limit.currency), None not in everything
    )


def check_limits(plan: Plan, max_cost: Decimal | None) -> None:
    """Raise OverBudget when the plan may cost more than `budget` or `--max-cost` allows.

    `budget` bounds the whole storyboard, `max_cost` this run, in the budget's currency or that of the
    prices. A plan that pays nothing passes.
    """
    spending = [action.cost for action in paying(plan.actions)]
    if not any(cost is None or cost.amount for cost in spending):
        return
    if plan.budget:
        use = plan.budget
        hint = "raise `budget.max_cost` in the manifest, or make fewer shots"
        _check("the storyboard", use.total, use.limit, hint, priced=use.priced)
    if max_cost is not None:
        known = next((cost.currency for cost in spending if cost), plan.currency)
        limit = Money(max_cost, plan.budget.limit.currency if plan.budget else known)
        cost = total(spending, limit.currency)
        _check("this run", cost, limit, "raise --max-cost", priced=None not in spending)


def _cost_of(attempt: Attempt, prices: PriceBook) -> Money | None:
    return attempt.cost or prices.price(attempt.request["model"])


def _check(what: str, cost: Money | None, limit: Money, hint: str, *, priced: bool) -> None:
    if not priced:
        raise OverBudget(
            f"the price of a video is not known, and {what} may cost at most {limit}",
            hint="write the price under `prices:`, as in `prices: {cogvideox-3: {amount: 1, currency: CNY}}`",
        )
    if cost is None or cost.currency != limit.currency:
        raise OverBudget(
            f"{what} is priced in another currency than its limit of {limit}",
            hint="give `prices:` and `budget` in one currency",
        )
    if cost.amount > limit.amount:
        raise OverBudget(f"{what} would cost {cost}, more than the limit of {limit}", hint=hint)

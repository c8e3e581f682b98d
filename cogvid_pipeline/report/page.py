"""Put together what the storyboard page says from a storyboard, a lock and a plan."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from cogvid_pipeline.model.attempt import Lock
from cogvid_pipeline.model.plan import Forget, Plan
from cogvid_pipeline.model.shot import Money, Storyboard
from cogvid_pipeline.report.page_cards import Desk, Reel, urgency
from cogvid_pipeline.report.page_ties import Ties
from cogvid_pipeline.report.page_view import Badge, Card, Count, Page
from cogvid_pipeline.report.plan_text import summary_line

_WIDE = (16, 9)


def storyboard_page(board: Storyboard, lock: Lock, plan: Plan, reel: Reel, *, of_plan: bool = False) -> Page:
    """The page of a storyboard as it stands, or `of_plan`: of what the plan does about it."""
    steps = {action.name: action for action in plan.actions}
    desk = Desk(lock, steps, reel, of_plan)
    ties = Ties(board.shots)
    width = len(str(len(board.shots)))
    cards = tuple(
        desk.card(shot, str(place).zfill(max(width, 2)), ties) for place, shot in enumerate(board.shots, 1)
    )
    gone = tuple(desk.forgotten(step) for step in plan.actions if isinstance(step, Forget))
    return Page(
        title=board.title or board.project,
        project=board.project,
        environment=board.environment,
        headline=summary_line(plan) if of_plan else _headline(cards, lock),
        shape=_shape(cards),
        cards=cards,
        gone=gone,
        counts=_counts([*cards, *gone]),
        tags=tuple(
            Count(Badge(tag, tag), count)
            for tag, count in sorted(Counter(tag for card in cards for tag in card.tags).items())
        ),
        warnings=plan.warnings,
        of_plan=of_plan,
    )


def _headline(cards: Sequence[Card], lock: Lock) -> str:
    """How many shots there are, how long the story is, and what it has cost."""
    shots = "1 shot" if len(cards) == 1 else f"{len(cards)} shots"
    return " · ".join([shots, _length(sum(card.seconds for card in cards)), *_spent(lock)])


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _spent(lock: Lock) -> Iterator[str]:
    """What the results in the lock have cost, by currency; twins share one attempt."""
    results = [entry.result for entry in lock.entries.values() if entry.result and entry.result.paid]
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for cost in {result.request_id: result.cost for result in results}.values():
        if cost and cost.amount:
            amounts[cost.currency] += cost.amount
    for currency, amount in sorted(amounts.items()):
        yield str(Money(amount, currency))


def _counts(cards: Iterable[Card]) -> tuple[Count, ...]:
    counts = Counter(card.badge for card in cards)
    return tuple(Count(badge, counts[badge]) for badge in sorted(counts, key=urgency))


def _shape(cards: Iterable[Card]) -> str:
    """What most pictures are: wide, tall or square."""
    shapes = Counter(
        "wide" if width > height * 1.1 else "tall" if height > width * 1.1 else "square"
        for width, height in map(_picture_size, cards)
    )
    return shapes.most_common(1)[0][0] if shapes else "wide"


def _picture_size(card: Card) -> tuple[int, int]:
    """That of the clip, or else the one that is asked for."""
    if film := card.lead.film:
        return film.facts.width, film.facts.height
    asked = next((row.value for row in card.parameters if row.name == "size"), "")
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", asked)
    return (int(found[1]), int(found[2])) if found else _WIDE

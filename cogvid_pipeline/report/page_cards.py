"""Put together what the storyboard page says from a storyboard, a lock and a plan."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from cogvid_pipeline.model.attempt import Attempt, Lock, LockEntry
from cogvid_pipeline.model.plan import (
    Action,
    Change,
    Forget,
    Generate,
    Keep,
    Paying,
    Plan,
    Regenerate,
    changes_of,
)
from cogvid_pipeline.model.shot import (
    Image,
    ImageData,
    ImageFile,
    Money,
    Shot,
    ShotFrame,
    Storyboard,
    matrix_of,
    takes_of,
)
from cogvid_pipeline.report.changes import shown, shown_values, text_diff
from cogvid_pipeline.report.events import size_words
from cogvid_pipeline.report.page_view import (
    Alteration,
    Badge,
    Card,
    Count,
    Film,
    Former,
    Page,
    Picture,
    Row,
    TakeView,
    Tie,
)
from cogvid_pipeline.report.plan_text import summary_line
from cogvid_pipeline.report.storyboard import describe_image

_WIDE = (16, 9)
_LONGEST = 2_000  # characters that are compared; prompts have up to 512, but a lock may hold anything

_DOING = {
    "generate": "Generate",
    "regenerate": "Regenerate",
    "resume": "Resume",
    "reuse": "Reuse",
    "fetch": "Fetch",
    "keep": "Unchanged",
    "hold": "Held",
    "forget": "Forget",
}
_STANDING = {
    "generate": ("new", "Not generated"),
    "regenerate": ("changed", "Out of date"),
    "resume": ("running", "Submitted"),
    "reuse": ("known", "Clip exists"),
    "fetch": ("absent", "File missing"),
    "keep": ("ready", "Ready"),
    "hold": ("held", "Held"),
    "forget": ("gone", "Not in the story"),
}
# From what needs somebody to look at it to what does not: the status of a shot is the first of its takes'.
_ORDER = (
    *("held", "failed", "changed", "new", "running", "known", "absent", "frozen", "ready", "gone"),
    *("hold", "regenerate", "generate", "resume", "reuse", "fetch", "keep", "out", "forget"),
)


@dataclass(frozen=True, slots=True)
class Reel:
    """The clips that can be shown, by take: those that count and those that they took the place of.

    `warnings` says of a take where its clip is not what was asked for, `pictures` has the digests (bare hex
    SHA-256) of input pictures that can be shown.
    """

    now: Mapping[str, Film] = field(default_factory=dict)
    before: Mapping[str, Film] = field(default_factory=dict)
    warnings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pictures: Collection[str] = ()


def storyboard_page(board: Storyboard, lock: Lock, plan: Plan, reel: Reel, *, of_plan: bool = False) -> Page:
    """The page of a storyboard as it stands, or `of_plan`: of what the plan does about it."""
    steps = {action.name: action for action in plan.actions}
    desk = _Desk(lock, steps, reel, of_plan)
    ties = _Ties(board.shots)
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


def image_digest(image: Image) -> str:
    """The digest (bare hex SHA-256) of a picture whose bytes are at hand, empty for others."""
    return image.digest.removeprefix("sha256:") if isinstance(image, ImageFile | ImageData) else ""


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where cards are made: what is known of each take."""

    lock: Lock
    steps: Mapping[str, Action]
    reel: Reel
    of_plan: bool

    def card(self, shot: Shot, number: str, ties: "_Ties") -> Card:
        picked = shot.pick or 1
        takes = tuple(
            self.take(take.name, f"Take {take.number}", picked=shot.takes > 1 and take.number == shot.pick)
            for take in takes_of(shot)
        )
        lead = takes[picked - 1]
        film = lead.film
        return Card(
            number=number,
            name=shot.name,
            badge=min((take.badge for take in takes), key=lambda badge: _ORDER.index(badge.kind)),
            price=self._price(take.name for take in takes),
            prompt=shot.prompt,
            lead=lead,
            takes=takes,
            tags=shot.tags,
            parameters=(
                Row("model", shot.model),
                *(Row(name, _plain(value)) for name, value in shot.parameters.items()),
            ),
            pictures=tuple(self._picture(image) for image in shot.images if not isinstance(image, ShotFrame)),
            made_from=ties.made_from[shot.name],
            used_by=tuple(ties.used_by[shot.name]),
            marks=tuple(
                name for name, said in (("protected", shot.protect), ("frozen", shot.freeze)) if said
            ),
            seconds=film.facts.duration if film else _seconds(shot),
        )

    def forgotten(self, step: Forget) -> Card:
        """The card of an entry of the lock that no shot stands for."""
        take = self.take(step.name, "Take 1", picked=False)
        newest = step.entry.result or step.entry.pending
        request = newest.request if newest else {}
        asked = {name: value for name, value in request.items() if name not in ("prompt", "image")}
        return Card(
            number="–",
            name=step.name,
            badge=take.badge,
            prompt=str(request.get("prompt", "")),
            lead=take,
            takes=(take,),
            parameters=tuple(Row(name, _plain(value)) for name, value in asked.items()),
        )

    def take(self, name: str, label: str, *, picked: bool) -> TakeView:
        step, entry = self.steps.get(name), self.lock.entries.get(name)
        badge = self._badge(step, entry)
        film = self.reel.now.get(name)
        told = entry.pending or entry.result if entry else None
        error = entry.pending.error if entry and entry.pending else ""
        return TakeView(
            name=name,
            label=label,
            picked=picked,
            badge=badge,
            reason=self._reason(step, error),
            film=film,
            blank="" if film else _blank(entry),
            byline=tuple(self._byline(told)),
            facts=tuple(_facts(entry.result)) if entry and entry.result else (),
            warnings=tuple(self.reel.warnings.get(name, ())),
            error="" if self.of_plan else error,
            asked=tuple(map(_alteration, changes_of(step))) if step else (),
            former=self._former(name, entry) if not self.of_plan else None,
        )

    def _picture(self, image: Image) -> Picture:
        digest = image_digest(image)
        return Picture(describe_image(image), digest if digest in self.reel.pictures else "")

    def _badge(self, step: Action | None, entry: LockEntry | None) -> Badge:
        if not self.of_plan:
            return _status(step, entry)
        if step is None:
            return Badge("out", "Not in this plan")
        return Badge(step.kind, _DOING[step.kind])

    def _reason(self, step: Action | None, error: str) -> str:
        """Why something is done about a take, unless a storyboard says that already."""
        if step is None or (isinstance(step, Keep) and not step.stale):
            return ""
        said = step.reason == "new" or (error and error in step.reason)
        return "" if said and not self.of_plan else step.reason

    def _byline(self, told: Attempt | None) -> Iterator[Row]:
        """Who made it, for how much, as which task."""
        if told is None or self.of_plan:
            return
        yield Row("provider", told.provider)
        yield Row("cost", _cost(told.cost) if told.paid else "free")
        if told.task_id:
            yield Row("task", told.task_id)

    def _price(self, names: Iterable[str]) -> str:
        """What the plan pays for these takes; empty where it pays nothing."""
        steps = [step for name in names if isinstance(step := self.steps.get(name), Paying)]
        if not steps or not self.of_plan:
            return ""
        costs = [step.cost for step in steps]
        known = [cost for cost in costs if cost]
        if len(known) < len(costs) or len({cost.currency for cost in known}) > 1:
            return "price unknown"
        return _cost(Money(sum((cost.amount for cost in known), Decimal(0)), known[0].currency))

    def _former(self, name: str, entry: LockEntry | None) -> Former | None:
        if entry is None or entry.previous is None or entry.result is None:
            return None
        before, after = entry.previous.request, entry.result.request
        changes = [
            Change(field, before.get(field), after.get(field))
            for field in dict.fromkeys([*after, *before])
            if before.get(field) != after.get(field)
        ]
        return Former(self.reel.before.get(name), tuple(map(_alteration, changes)))


class _Ties:
    """Which shots are made from which, by name, in both directions."""

    def __init__(self, shots: Sequence[Shot]) -> None:
        members: dict[str, list[str]] = defaultdict(list)
        for shot in shots:
            for name in filter(None, (shot.name, matrix_of(shot.name))):
                members[name].append(shot.name)
        self.made_from: dict[str, tuple[Tie, ...]] = {}
        self.used_by: dict[str, list[Tie]] = defaultdict(list)
        for shot in shots:
            ties = tuple(_ties_of(shot, members))
            self.made_from[shot.name] = ties
            for tie in ties:
                self.used_by[tie.shot].append(Tie(shot.name, tie.label))


def _ties_of(shot: Shot, members: Mapping[str, Sequence[str]]) -> Iterator[Tie]:
    labels: dict[str, list[str]] = defaultdict(list)
    for image in shot.images:
        if isinstance(image, ShotFrame):
            words = f"{image.at} frame" if isinstance(image.at, str) else f"frame at {image.at:g} s"
            labels[image.shot].append(words if image.take == 1 else f"{words} of take {image.take}")
    for name in shot.depends_on:
        for member in members[name]:
            labels[member] = labels[member] or ["comes first"]
    return (Tie(name, ", ".join(words)) for name, words in labels.items())


def _status(step: Action | None, entry: LockEntry | None) -> Badge:
    if isinstance(step, Keep) and step.stale:
        return Badge("frozen", "Frozen")
    if isinstance(step, Generate | Regenerate) and entry and entry.status == "failed":
        return Badge("failed", "Failed")
    return Badge(*_STANDING[step.kind]) if step else Badge("new", "Not generated")


def _seconds(shot: Shot) -> float:
    """The length that is asked for, 0 where none is."""
    asked = shot.parameters.get("duration", 0)
    return float(asked) if isinstance(asked, int | float) else 0


def _blank(entry: LockEntry | None) -> str:
    """What is said where a clip would be."""
    return "The clip is not on this machine" if entry and entry.result else "No clip yet"


def _facts(result: Attempt) -> Iterator[Row]:
    if clip := result.clip:
        yield Row("picture", f"{clip.width}x{clip.height}, {clip.fps:g} fps")
        yield Row("length", f"{clip.duration:g} s{', sound' if clip.audio else ''}")
        yield Row("file", size_words(clip.bytes))
    if when := result.completed_at or result.created_at:
        yield Row("made", f"{when[:16].replace('T', ' ')} UTC")


def _alteration(change: Change) -> Alteration:
    if pieces := text_diff(change, longest=_LONGEST):
        return Alteration(change.path, pieces=pieces)
    before, after = shown_values(change)
    return Alteration(change.path, before, after)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else shown(value)


def _cost(cost: Money | None) -> str:
    if cost is None:
        return "price unknown"
    return str(cost) if cost.amount else "free"


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
    return tuple(
        Count(badge, counts[badge]) for badge in sorted(counts, key=lambda badge: _ORDER.index(badge.kind))
    )


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

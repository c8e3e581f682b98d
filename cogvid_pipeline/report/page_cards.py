"""Make the cards of the storyboard page, one for each shot."""

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
    Regenerate,
    changes_of,
)
from cogvid_pipeline.model.shot import Image, ImageData, ImageFile, Money, Shot, ShotFrame, takes_of
from cogvid_pipeline.report.changes import shown, shown_values, text_diff
from cogvid_pipeline.report.events import size_words
from cogvid_pipeline.report.page_ties import Ties
from cogvid_pipeline.report.page_view import Alteration, Badge, Card, Film, Former, Picture, Row, TakeView
from cogvid_pipeline.report.storyboard import describe_image

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


def image_digest(image: Image) -> str:
    """The digest (bare hex SHA-256) of a picture whose bytes are at hand, empty for others."""
    return image.digest.removeprefix("sha256:") if isinstance(image, ImageFile | ImageData) else ""


def urgency(badge: Badge) -> int:
    """The place of a badge in the order in which they want to be seen."""
    return _ORDER.index(badge.kind)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where cards are made: what is known of each take."""

    lock: Lock
    steps: Mapping[str, Action]
    reel: Reel
    of_plan: bool

    def card(self, shot: Shot, number: str, ties: Ties) -> Card:
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
            badge=min((take.badge for take in takes), key=urgency),
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

"""A plan: what `apply` does, action by action."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from cogvid_pipeline.model.attempt import Attempt, LockEntry
from cogvid_pipeline.model.shot import Money, Request, Shot, Take


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a request that differs; None stands for "not there" or "known after apply"."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class TakeAction:
    """What every action about a declared take has.

    `fingerprint` is None, and so are images in `request`, where they are known only after an upstream
    clip is made. With `refused`, the action would replace the clip of a protected shot, and is not done.
    `needed_by` names the takes for which this one is in a plan although it is not selected.
    """

    kind: ClassVar[str] = ""

    take: Take
    reason: str
    request: Request
    fingerprint: str | None
    refused: bool = field(default=False, kw_only=True)
    needed_by: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def name(self) -> str:
        """The name of the take."""
        return self.take.name

    @property
    def shot(self) -> Shot:
        return self.take.shot


@dataclass(frozen=True, slots=True)
class Generate(TakeAction):
    """Submit a request for a take that has no clip. `cost` is None where no price is known.

    With `again` it is submitted although there may be a clip of this very request.
    """

    kind: ClassVar[str] = "generate"

    cost: Money | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Regenerate(TakeAction):
    """Submit a request for a take whose clip no longer fits the manifest, or is to be made `again`."""

    kind: ClassVar[str] = "regenerate"

    cost: Money | None
    changes: tuple[Change, ...]
    again: bool = False


@dataclass(frozen=True, slots=True)
class Resume(TakeAction):
    """Wait for a task that was submitted and paid for before."""

    kind: ClassVar[str] = "resume"

    attempt: Attempt
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeat(TakeAction):
    """Send a submission again, whose answer was lost, to a vendor that accepts none twice.

    `cost` is due in case the vendor never got the first one.
    """

    kind: ClassVar[str] = "resume"

    cost: Money | None
    attempt: Attempt
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Reuse(TakeAction):
    """Record a clip of this very request that exists already; `shared` when only the shared store says so."""

    kind: ClassVar[str] = "reuse"

    attempt: Attempt
    changes: tuple[Change, ...] = ()
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Share(TakeAction):
    """Use the clip that this plan makes for another take (`of`) with the same request."""

    kind: ClassVar[str] = "reuse"

    of: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetch(TakeAction):
    """Bring back the file of a locked clip; changes no lock."""

    kind: ClassVar[str] = "fetch"

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Keep(TakeAction):
    """Nothing to do. `changes` is what a frozen shot asks for that its `stale` clip is not."""

    kind: ClassVar[str] = "keep"

    attempt: Attempt
    changes: tuple[Change, ...] = ()
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Hold(TakeAction):
    """Leave alone: an earlier submission may have been accepted. `recover` settles it."""

    kind: ClassVar[str] = "hold"

    attempt: Attempt
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Forget:
    """Drop a lock entry that no shot of the manifest stands for; the clip stays in the cache."""

    kind: ClassVar[str] = "forget"

    name: str
    reason: str
    entry: LockEntry


# What is done about a declared take, and what is done at all.
TakeStep: TypeAlias = Generate | Regenerate | Resume | Repeat | Reuse | Share | Fetch | Keep | Hold
Action: TypeAlias = TakeStep | Forget

# Actions that change the lock: what `plan --detailed-exitcode` and `check` exit 2 for.
PENDING = (Generate, Regenerate, Resume, Repeat, Reuse, Share, Hold, Forget)


# Actions that submit, and so may cost money.
Paying: TypeAlias = Generate | Regenerate | Repeat


def paying(actions: Iterable[Action]) -> list[Paying]:
    """The actions that submit."""
    return [action for action in actions if isinstance(action, Paying)]


def outdated(actions: Iterable[Action]) -> list[TakeStep]:
    """What is done about takes whose clips, if they have any, are not what is asked for; frozen ones stay."""
    return [action for action in actions if not isinstance(action, Keep | Fetch | Forget)]


def changes_of(action: Action) -> tuple[Change, ...]:
    """The fields in which what is asked for differs from the clip that the take has."""
    return () if isinstance(action, Generate | Fetch | Forget) else action.changes


def clip_after(action: TakeStep) -> str | None:
    """The digest of the clip that the take has once the action is done, where it is known already."""
    match action:
        case Keep(attempt=attempt) | Fetch(attempt=attempt) | Reuse(attempt=attempt):
            return attempt.clip.sha256 if attempt.clip else None
        case _:
            return None


def draws(action: TakeStep) -> bool:
    """Whether frames of other clips go into it: something new is asked for, or a preview rendered again."""
    match action:
        case Generate() | Regenerate() | Repeat():
            return True
        case Reuse(attempt=attempt) | Fetch(attempt=attempt):
            return not attempt.paid
        case _:
            return False


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What narrows a plan down or forces it: selectors, and names of shots, of matrices or of takes.

    With `remote` the shared store was asked for clips of colleagues.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    remote: bool = False

    @property
    def narrowing(self) -> bool:
        """Whether something is left out of the plan."""
        return bool(self.select or self.exclude)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """Where the storyboard of a plan came from, so that it can be planned again elsewhere.

    The manifest's path is relative to the directory that the command ran in, those of files of variables
    to the manifest; None stands for a file outside of the project. The other fields are the options.
    """

    manifest: str | None = None
    environment: str | None = None
    provider: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """What the storyboard may cost, and what it costs.

    `standing` is for what is there already, `total` what it comes to with the plan; None where a price is
    not known, which `priced` tells, or where currencies differ.
    """

    limit: Money
    standing: Money | None
    total: Money | None
    priced: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions in the story's order (upstream shots need not come first), forgotten entries last.

    `warnings` are sentences for the reader. `provider` is who would be asked to generate,
    `cost` the sum of what that costs (None when a price is not known), counted in `currency`. `budget` is
    None where the manifest has none. A lock in which a merge left conflicts is `conflicted`; `settled` has
    the chosen entry of each take that has alternatives.
    """

    actions: tuple[Action, ...]
    project: str
    provider: str
    lock_digest: str
    options: PlanOptions
    summary: Mapping[str, int]
    cost: Money | None
    currency: str
    environment: str = ""
    budget: BudgetUse | None = None
    warnings: tuple[str, ...] = ()
    settled: Mapping[str, LockEntry] = field(default_factory=dict)
    conflicted: bool = False

    @property
    def pending(self) -> bool:
        return self.conflicted or any(isinstance(action, PENDING) for action in self.actions)

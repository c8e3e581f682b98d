"""A manifest together with its lock, its prices and what is on the disk."""

import json
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from cogvid_pipeline.cli.accounts import ACCOUNTS
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.engine.retry import is_repeatable
from cogvid_pipeline.errors import InvalidManifest, UsageError
from cogvid_pipeline.manifest.load import Loaded, LoadOptions, load
from cogvid_pipeline.model.attempt import Attempt, Clip, Lock, LockEntry
from cogvid_pipeline.model.plan import Forget, Plan, PlanOptions
from cogvid_pipeline.model.problem import Problem
from cogvid_pipeline.model.shot import Money, Shot, Storyboard, takes_of
from cogvid_pipeline.packaged import price_list, schemas_directory
from cogvid_pipeline.plan.cost import PriceBook
from cogvid_pipeline.plan.diff import make_plan
from cogvid_pipeline.plan.fingerprint import fingerprint
from cogvid_pipeline.plan.names import TakeNames
from cogvid_pipeline.plan.planner import Facts
from cogvid_pipeline.state.exclusive import exclusively
from cogvid_pipeline.state.ledger import Ledger
from cogvid_pipeline.state.lockfile import read_lock
from cogvid_pipeline.state.opening import LEASE, open_ledger, read_ledger
from cogvid_pipeline.state.places import find_state_directory, server_in
from cogvid_pipeline.store.clips import ClipStore


def load_manifest(settings: Settings) -> Loaded:
    """Read and check the manifest; problems are in what is returned."""
    options = LoadOptions(
        variables=settings.variables,
        variable_files=settings.variable_files,
        environment=settings.environment,
        provider=settings.provider,
        memory=_memory(),
    )
    return load(settings.manifest, schemas=schemas_directory(), options=options)


def refuse_useless(loaded: Sequence[Loaded]) -> None:
    """Raise UsageError for a variable of the command line that no manifest has a use for."""
    for name, meant in (loaded[0].useless if loaded else {}).items():
        if all(name in each.useless for each in loaded):
            raise UsageError(
                f"--var {name}: the manifest has no such variable, and no template uses it",
                hint=f"did you mean {meant!r}?" if meant else "remove it, or use it in a prompt",
            )


def _memory() -> Path | None:
    """Where large manifests are remembered: in the user's own cache directory, if there is one."""
    home = os.path.expanduser("~/.cache")  # noqa: PTH111 -- pathlib raises where there is no home
    for base in (os.environ.get("XDG_CACHE_HOME", ""), home):
        if Path(base).is_absolute():
            return Path(base, "cogvid", "manifests")
    return None


@dataclass(frozen=True)
class Project:
    """What every command after `validate` works on. Paths are where things lie, existing or not."""

    manifest: Path
    storyboard: Storyboard
    warnings: tuple[Problem, ...]

    @cached_property
    def root(self) -> Path:
        return self.manifest.parent

    @cached_property
    def lock_path(self) -> Path:
        """Each environment has a lock of its own: `cogvid.lock`, `cogvid.final.lock`."""
        environment = self.storyboard.environment
        return self.manifest.with_suffix(f".{environment}.lock" if environment else ".lock")

    @cached_property
    def lock(self) -> Lock:
        """As the file has it; with both sides where a merge left a conflict."""
        return read_lock(self.lock_path, self.is_genuine)

    @cached_property
    def settled_lock(self) -> Lock:
        """The lock with one entry for each take, as `apply` would write it."""
        if not self.lock.alternatives:
            return self.lock
        with self.read_ledger() as ledger:
            return self.lock.settled(self.plan(ledger, PlanOptions()).settled)

    @cached_property
    def state(self) -> Path:
        """The directory of the clip cache, and of the ledger unless that is on a server."""
        return find_state_directory(self.root, os.environ.get("COGVID_LEDGER"))

    @cached_property
    def server(self) -> str:
        """The URL of the database that has the ledger; empty when it is in the directory."""
        return server_in(os.environ.get("COGVID_LEDGER"))

    @cached_property
    def clips(self) -> ClipStore:
        return make_clip_store(self)

    @cached_property
    def colleagues(self) -> dict[str, Attempt]:
        """What the shared store was found to have, by fingerprint; empty unless it was asked."""
        return {}

    @cached_property
    def prices(self) -> PriceBook:
        return PriceBook(self.storyboard.provider, self.storyboard.prices, built_in_prices())

    @contextmanager
    def read_ledger(self) -> Iterator[Ledger]:
        """The ledger, to be looked at only."""
        with read_ledger(self.state, server=self.server) as ledger:
            yield ledger

    @contextmanager
    def exclusive_ledger(self, what: str) -> Iterator[Ledger]:
        """The ledger, to be written by this process alone as far as this lock goes; `what` says who it is."""
        with (
            exclusively(self.lock_path, self.state, what),
            open_ledger(self.state, str(uuid.uuid4()), what, server=self.server, lease=_lease()) as ledger,
        ):
            yield ledger

    @cached_property
    def takes(self) -> tuple[str, ...]:
        """The names of all takes, in the story's order."""
        return tuple(take.name for shot in self.storyboard.shots for take in takes_of(shot))

    def shots_named(self, names: Iterable[str]) -> tuple[Shot, ...]:
        """The shots with these names, or of these matrices, in the story's order. Raises UsageError."""
        chosen: set[str] = set()
        for name in names:
            shots = self._names.shots(name)
            if not shots:
                raise self._no_shot(name)
            chosen.update(shot.name for shot in shots)
        return tuple(shot for shot in self.storyboard.shots if shot.name in chosen)

    def takes_named(self, names: Iterable[str]) -> tuple[str, ...]:
        """The takes of these names, which may be of shots or matrices, in order. Raises UsageError."""
        self.check_takes(names)
        chosen = {take for name in names for take in self._names.takes(name)}
        return tuple(take for take in self.takes if take in chosen)

    def check_takes(self, names: Iterable[str]) -> None:
        """Raise UsageError unless all of these are shots, matrices or takes."""
        for name in names:
            if not self._names.takes(name):
                raise self._no_shot(name)

    @cached_property
    def _names(self) -> TakeNames:
        return TakeNames(self.storyboard.shots)

    def _no_shot(self, name: str) -> UsageError:
        shot = name.partition("@")[0]
        if known := self._names.takes(shot) if shot != name else ():
            return UsageError(f"there is no take {name!r}", hint=f"the takes are {', '.join(known[:20])}")
        names = self._names.known
        near = get_close_matches(name, names, n=1)
        return UsageError(
            f"there is no shot {name!r}",
            hint=f"did you mean {near[0]!r}?" if near else f"the shots are {', '.join(names[:20])}",
        )

    def facts(self, ledger: Ledger, lock: Lock) -> Facts:
        """What a plan is made from."""
        now = ledger.now()
        account = ACCOUNTS.get(self.storyboard.provider)
        return Facts(
            lock=lock,
            known=ledger.newest,
            recorded=ledger.recorded,
            displaced=partial(self.is_displaced, lock),
            repeatable=lambda attempt: is_repeatable(attempt, now),
            rehearsal=account.rehearsal if account else "",
            shared=self.colleagues.get,
        )

    def is_displaced(self, lock: Lock, clip: Clip, take: str) -> bool:
        """Whether the take's file is neither the clip nor its labelled copy (judged by size)."""
        return self.clips.displaced(clip, take) and all(
            self.clips.displaced(entry.labelled, take)
            for entry in lock.alternatives.get(take, (lock.entries.get(take, LockEntry()),))
            if entry.labelled and entry.result and entry.result.clip == clip
        )

    def plan(self, ledger: Ledger, options: PlanOptions) -> Plan:
        """What `apply` would do now. Raises UsageError when the options name what is not there."""
        self.check_takes(options.replace)
        return make_plan(self.storyboard, self.facts(ledger, self.lock), self.prices, options)

    def chosen_entries(self, options: PlanOptions) -> list[tuple[str, LockEntry]]:
        """The lock's entries of the chosen takes in order, settled where a merge left several."""
        with self.read_ledger() as ledger:
            plan = self.plan(ledger, options)
        entries = self.lock.settled(plan.settled).entries
        chosen = [step.name for step in plan.actions if not isinstance(step, Forget) and not step.needed_by]
        return [(name, entries[name]) for name in chosen if name in entries]

    def is_genuine(self, attempt: Attempt) -> bool:
        """Whether the request of an attempt is the one of its fingerprint."""
        return fingerprint(attempt.request, self.storyboard.documented_defaults) == attempt.fingerprint


def _lease() -> float:
    """Seconds after which other machines take over from this one when it shows no sign of life."""
    setting = os.environ.get("COGVID_LEASE") or str(LEASE)
    if not (setting.replace(".", "", 1).isdecimal() and float(setting) >= 1):
        raise UsageError(f"COGVID_LEASE is {setting!r}, which is no number of seconds", hint="try 60")
    return float(setting)


def open_project(settings: Settings) -> Project:
    """The project of a valid manifest. Raises InvalidManifest with all of its problems."""
    loaded = load_manifest(settings)
    refuse_useless([loaded])
    if loaded.storyboard is None:
        raise InvalidManifest(loaded.problems)
    manifest = settings.manifest / "cogvid.yaml" if settings.manifest.is_dir() else settings.manifest
    return Project(manifest, loaded.storyboard, loaded.problems)


def make_clip_store(project: Project) -> ClipStore:
    """The clip cache; PyAV is imported only when a clip has to be looked into."""

    def probe(path: Path, sha256: str) -> Clip:
        from cogvid_pipeline.media.probe import describe  # it loads FFmpeg

        return describe(path, sha256)

    output, environment = PurePosixPath(project.storyboard.output), project.storyboard.environment
    folder = str(output.parent if environment else output)
    return ClipStore(project.state, project.root, folder, probe=probe, below=environment)


def built_in_prices() -> dict[str, Money]:
    """The price list that comes with the package, by `provider/model`."""
    listed = json.loads(price_list().read_text(encoding="utf-8"))
    return {
        f"{entry['provider']}/{entry['model']}": Money(Decimal(str(entry["amount"])), entry["currency"])
        for entry in listed["prices"]
    }

"""A manifest together with its lock, its prices and what is on the disk."""

import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from cogvid_pipeline.cli.accounts import ACCOUNTS
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.engine.retry import is_repeatable
from cogvid_pipeline.errors import InvalidManifest, UsageError
from cogvid_pipeline.manifest.load import Loaded, LoadOptions, load
from cogvid_pipeline.model.attempt import Attempt, Clip, Lock
from cogvid_pipeline.model.plan import Plan, PlanOptions
from cogvid_pipeline.model.problem import Problem
from cogvid_pipeline.model.shot import Money, Storyboard
from cogvid_pipeline.packaged import schemas_directory
from cogvid_pipeline.plan import diff
from cogvid_pipeline.plan.cost import PriceBook
from cogvid_pipeline.plan.fingerprint import fingerprint
from cogvid_pipeline.state.exclusive import exclusively
from cogvid_pipeline.state.ledger import SqliteLedger, open_ledger, read_ledger
from cogvid_pipeline.state.lockfile import read_lock
from cogvid_pipeline.state.places import find_state_directory
from cogvid_pipeline.store.clips import ClipStore


def load_manifest(settings: Settings) -> Loaded:
    """Read and check the manifest; problems are in what is returned."""
    options = LoadOptions(
        variables=settings.variables,
        variable_files=settings.variable_files,
        provider=settings.provider,
        memory=_memory(),
    )
    return load(settings.manifest, schemas=schemas_directory(), options=options)


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
        return self.manifest.with_suffix(".lock")

    @cached_property
    def lock(self) -> Lock:
        """As the file has it; with both sides where a merge left a conflict."""
        return read_lock(self.lock_path, self._is_genuine)

    @cached_property
    def settled_lock(self) -> Lock:
        """The lock with one entry for each take, as `apply` would write it."""
        if not self.lock.alternatives:
            return self.lock
        with self.read_ledger() as ledger:
            return self.lock.settled(self.plan(ledger, PlanOptions()).settled)

    @cached_property
    def state(self) -> Path:
        """The directory of the ledger and the clip cache."""
        return find_state_directory(self.root, os.environ.get("COGVID_LEDGER"))

    @cached_property
    def clips(self) -> ClipStore:
        return make_clip_store(self)

    @cached_property
    def prices(self) -> PriceBook:
        return PriceBook(self.storyboard.provider, self.storyboard.prices, built_in_prices())

    @contextmanager
    def read_ledger(self) -> Iterator[SqliteLedger]:
        """The ledger, to be looked at only."""
        with read_ledger(self.state) as ledger:
            yield ledger

    @contextmanager
    def exclusive_ledger(self, what: str) -> Iterator[SqliteLedger]:
        """The ledger, to be written by this process alone as far as this lock goes; `what` says who it is."""
        with (
            exclusively(self.lock_path, self.state, what),
            open_ledger(self.state, str(uuid.uuid4()), what) as ledger,
        ):
            yield ledger

    def check_names(self, names: Iterable[str]) -> None:
        """Raise UsageError unless all of these are shots."""
        known = [shot.name for shot in self.storyboard.shots]
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                raise UsageError(
                    f"there is no shot {name!r}",
                    hint=f"did you mean {near[0]!r}?" if near else f"the shots are {', '.join(known[:20])}",
                )

    def facts(self, ledger: SqliteLedger, lock: Lock) -> diff.Facts:
        """What a plan is made from."""

        def known(digest: str) -> Attempt | None:
            return ledger.newest([digest]).get(digest)

        now = time.time()
        account = ACCOUNTS.get(self.storyboard.provider)
        return diff.Facts(
            lock=lock,
            known=known,
            displaced=self.clips.displaced,
            repeatable=lambda attempt: is_repeatable(attempt, now),
            rehearsal=account.rehearsal if account else "",
        )

    def plan(self, ledger: SqliteLedger, options: PlanOptions) -> Plan:
        """What `apply` would do now. Raises UsageError when the options name what is not there."""
        self.check_names(options.replace)
        return diff.make_plan(self.storyboard, self.facts(ledger, self.lock), self.prices, options)

    def _is_genuine(self, attempt: Attempt) -> bool:
        return fingerprint(attempt.request, self.storyboard.documented_defaults) == attempt.fingerprint


def open_project(settings: Settings) -> Project:
    """The project of a valid manifest. Raises InvalidManifest with all of its problems."""
    loaded = load_manifest(settings)
    if loaded.storyboard is None:
        raise InvalidManifest(loaded.problems)
    manifest = settings.manifest / "cogvid.yaml" if settings.manifest.is_dir() else settings.manifest
    return Project(manifest, loaded.storyboard, loaded.problems)


def make_clip_store(project: Project) -> ClipStore:
    """The clip cache; PyAV is imported only when a clip has to be looked into."""

    def probe(path: Path, sha256: str) -> Clip:
        from cogvid_pipeline.media.probe import describe  # it loads FFmpeg

        return describe(path, sha256)

    return ClipStore(project.state, project.root, project.storyboard.output, probe=probe)


def built_in_prices() -> dict[str, Money]:
    """The price list that comes with the package, by `provider/model`."""
    listed = json.loads(Path(diff.__file__).with_name("prices.json").read_text(encoding="utf-8"))
    return {
        f"{entry['provider']}/{entry['model']}": Money(Decimal(str(entry["amount"])), entry["currency"])
        for entry in listed["prices"]
    }

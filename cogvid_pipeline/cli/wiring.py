"""Put the adapters behind the engine's ports: the one place that knows both."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Protocol

from cogvid_pipeline.cli.accounts import ACCOUNTS
from cogvid_pipeline.cli.extras import needing_extra
from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.cli.streams import say
from cogvid_pipeline.crew.clips import CrewClips
from cogvid_pipeline.engine.locking import LockKeeper
from cogvid_pipeline.engine.ports import Frames, Labeller, Ports, Provider, Vendor
from cogvid_pipeline.engine.previews import Studio
from cogvid_pipeline.engine.run import Run
from cogvid_pipeline.engine.runner import Runner
from cogvid_pipeline.engine.take import TakeWorker
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.jobs import Crew
from cogvid_pipeline.media.fit import fit_picture
from cogvid_pipeline.media.frames import ClipFrames
from cogvid_pipeline.media.picture import read_image
from cogvid_pipeline.model.attempt import Attempt, Lock
from cogvid_pipeline.model.event import Event
from cogvid_pipeline.model.plan import Plan
from cogvid_pipeline.model.shot import Storyboard
from cogvid_pipeline.plan.planner import Planner
from cogvid_pipeline.provenance.labeller import ClipLabeller
from cogvid_pipeline.provenance.variables import SIGNING_KEY, TIME_STAMPS
from cogvid_pipeline.providers.bigmodel import BigModel
from cogvid_pipeline.providers.download import download
from cogvid_pipeline.providers.geekai import GeekAI
from cogvid_pipeline.providers.http import Web
from cogvid_pipeline.providers.preview import Preview
from cogvid_pipeline.providers.preview_task import render_task, renderer
from cogvid_pipeline.remote.shared import SharedStore
from cogvid_pipeline.state.gathered import GatheredLedger
from cogvid_pipeline.state.ledger import Ledger
from cogvid_pipeline.state.lockfile import LockFile
from cogvid_pipeline.store.previews import PreviewFolder


class Make(Protocol):
    """Makes a vendor's adapter. Raises UsageError when the address or the key cannot be one."""

    def __call__(self, web: Web, *, base_url: str, key: str) -> Vendor: ...


# Each vendor by its name in the manifest.
VENDORS: dict[str, Make] = {
    "geekai": GeekAI,
    "bigmodel": partial(BigModel, name="bigmodel"),
    "zai": partial(BigModel, name="zai"),
}


def make_provider(storyboard: Storyboard, web: Web) -> Provider:
    """Who generates. Raises UsageError when it cannot be asked, for want of a key for instance."""
    if storyboard.provider == "preview":
        return Preview(storyboard.documented_defaults)
    account = ACCOUNTS[storyboard.provider]
    return VENDORS[account.name](web, base_url=account.base_url, key=account.key)


def vendor_of(web: Web, attempt: Attempt) -> Vendor:
    """The vendor that has an attempt's task, at the host where it was submitted.

    A lock file comes with pull requests, so the host that it names gets a key only if it is the vendor's
    own, or the one that the environment names, or the ledger knows that the task was submitted there from
    here. Raises CogvidError.
    """
    for account in ACCOUNTS.values():
        if attempt.provider not in (account.name, "emulator"):
            continue
        if attempt.base_url == account.base_url or (
            attempt.provider == account.name and (attempt.own or account.knows(attempt.base_url))
        ):
            return VENDORS[account.name](web, base_url=attempt.base_url, key=account.key)
    variable = f"{attempt.provider.upper()}_BASE_URL" if attempt.provider in ACCOUNTS else "the base URL"
    raise CogvidError(
        f"task {attempt.task_id} was submitted to {attempt.base_url}, which is not where "
        f"{attempt.provider} is asked now",
        hint=f"if that host is right, set {variable} to it and try again",
    )


@asynccontextmanager
async def open_ports(
    project: Project,
    ledger: Ledger,
    lock_file: LockFile,
    observe: Callable[[Event], None],
    labeller: Labeller | None,
    shared: SharedStore | None = None,
    crew: Crew | None = None,
) -> AsyncIterator[Ports]:
    """The ports of one run; connections are closed at the end. Where there is a crew, it looks into clips."""
    storyboard = project.storyboard
    frames: Frames = ClipFrames()
    if crew:
        frames = clips = CrewClips(crew)
        project.clips.probe = clips.probe
    async with Web(may_submit=ledger.may_submit) as web:
        yield Ports(
            provider=cache(partial(make_provider, storyboard, web)),
            vendor_of=partial(vendor_of, web),
            download=partial(download, web.downloads),
            ledger=GatheredLedger(ledger, say),
            lock=lock_file,
            clips=project.clips,
            frames=frames,
            read_image=partial(read_image, project.root),
            fit_picture=fit_picture,
            observe=observe,
            labeller=labeller,
            clock=ledger.now,
            shared=shared,
        )


def make_labeller(project: Project) -> Labeller | None:
    """Who labels the clips; None where the manifest wants no labels, or wants them signed and has no key.

    Raises UsageError when there is a key and it cannot be used, CogvidError when what signs is missing.
    """
    provenance = project.storyboard.provenance
    if provenance is None:
        return None
    if not provenance.certificate:
        return ClipLabeller(provenance.producer)
    if not (key := os.environ.get(SIGNING_KEY)):
        return None
    with needing_extra("credentials", "signing"):
        from cogvid_pipeline.provenance.identity import load_identity
        from cogvid_pipeline.provenance.signing import sign

    identity = load_identity(project.root / provenance.certificate, key)
    authority = os.environ.get(TIME_STAMPS, "")
    return ClipLabeller(
        provenance.producer, partial(sign, producer=provenance.producer, identity=identity, tsa=authority)
    )


def make_runner(project: Project, ledger: Ledger, lock: Lock, plan: Plan, run: Run) -> Runner:
    """The engine for one plan, with a planner that knows what is there now."""
    storyboard = project.storyboard
    keeper = LockKeeper(lock, run.ports.lock)
    planner = Planner(storyboard, project.facts(ledger, lock), project.prices, plan.options)
    worker = TakeWorker(run, keeper, storyboard.documented_defaults)
    return Runner(run, plan, planner, keeper, worker)


def make_studio(project: Project, previews: PreviewFolder, crew: Crew, *, scale: float) -> Studio:
    """What previews of the project are made with."""
    return Studio(
        root=project.root,
        previews=previews,
        crew=crew,
        render=render_task,
        renderer=renderer(),
        scale=scale,
        defaults=project.storyboard.documented_defaults,
    )

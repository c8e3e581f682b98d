"""Put the adapters behind the engine's ports: the one place that knows both."""

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path

from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.engine.locking import LockKeeper
from cogvid_pipeline.engine.ports import Ports, Provider, Vendor
from cogvid_pipeline.engine.previews import render_previews
from cogvid_pipeline.engine.run import Run
from cogvid_pipeline.engine.runner import Runner
from cogvid_pipeline.engine.take import TakeWorker
from cogvid_pipeline.errors import CogvidError, UsageError
from cogvid_pipeline.media.frames import ClipFrames
from cogvid_pipeline.model.attempt import Attempt, Lock
from cogvid_pipeline.model.event import Event
from cogvid_pipeline.model.plan import Plan
from cogvid_pipeline.model.shot import ImageFile, Shot, Storyboard
from cogvid_pipeline.plan.diff import Planner
from cogvid_pipeline.providers.download import download
from cogvid_pipeline.providers.geekai import GeekAI
from cogvid_pipeline.providers.http import Web
from cogvid_pipeline.providers.preview import Preview
from cogvid_pipeline.state.gathered import GatheredLedger
from cogvid_pipeline.state.ledger import SqliteLedger
from cogvid_pipeline.state.lockfile import LockFile

Make = Callable[[Web], Vendor]


def _geekai(web: Web) -> Vendor:
    key = os.environ.get("GEEKAI_API_KEY", "")
    return GeekAI(web, base_url=os.environ.get("GEEKAI_BASE_URL") or "https://geekai.co/api/v1", key=key)


# Each vendor by its name in the manifest. Keys and hosts come from the environment alone.
VENDORS: dict[str, Make] = {"geekai": _geekai}


def make_provider(storyboard: Storyboard, web: Web) -> Provider:
    """Who generates. Raises UsageError when it cannot be asked, for want of a key for instance."""
    if storyboard.provider == "preview":
        return Preview(storyboard.documented_defaults)
    return _vendor(storyboard.provider, web)


def _vendor(name: str, web: Web) -> Vendor:
    if name not in VENDORS:
        raise UsageError(
            f"this version of cogvid cannot ask {name!r}",
            hint=f"it can ask {' and '.join(VENDORS)}, and render previews with --provider preview",
        )
    return VENDORS[name](web)


def vendor_of(web: Web, attempt: Attempt) -> Vendor:
    """The vendor that has an attempt's task.

    A lock file comes with pull requests, so the host that it names gets a key only if it is the one that
    the environment names too. Raises CogvidError.
    """
    names = VENDORS if attempt.provider == "emulator" else [attempt.provider]
    for name in names:
        vendor = _vendor(name, web)
        if vendor.base_url == attempt.base_url:
            return vendor
    raise CogvidError(
        f"task {attempt.task_id} was submitted to {attempt.base_url}, which is not where "
        f"{attempt.provider} is asked now",
        hint=f"if that host is right, set {attempt.provider.upper()}_BASE_URL to it and try again",
    )


@asynccontextmanager
async def open_ports(
    project: Project, ledger: SqliteLedger, lock_file: LockFile, observe: Callable[[Event], None]
) -> AsyncIterator[Ports]:
    """The ports of one run; connections are closed at the end."""
    storyboard = project.storyboard
    async with Web() as web:
        yield Ports(
            provider=cache(partial(make_provider, storyboard, web)),
            vendor_of=partial(vendor_of, web),
            download=partial(download, web.downloads),
            ledger=GatheredLedger(ledger),
            lock=lock_file,
            clips=project.clips,
            frames=ClipFrames(),
            read_image=partial(read_image, project.root),
            observe=observe,
        )


def make_runner(project: Project, ledger: SqliteLedger, lock: Lock, plan: Plan, run: Run) -> Runner:
    """The engine for one plan, with a planner that knows what is there now."""
    storyboard = project.storyboard
    keeper = LockKeeper(lock, run.ports.lock)
    planner = Planner(storyboard, project.facts(ledger, lock), project.prices, plan.options)
    worker = TakeWorker(run, keeper, storyboard.documented_defaults)
    return Runner(run, plan, planner, keeper, worker)


async def render_all(
    project: Project, shots: Sequence[Shot], into: Path, *, scale: float, done: Callable[[Shot, Path], None]
) -> None:
    """Render previews of these shots."""
    await render_previews(
        shots,
        Preview(project.storyboard.documented_defaults, scale=scale),
        into,
        read_image=partial(read_image, project.root),
        frames=ClipFrames(),
        jobs=os.cpu_count() or 1,
        done=done,
    )


def read_image(root: Path, image: ImageFile) -> bytes:
    """The bytes of an input picture. Raises CogvidError when it is not the one that was planned with."""
    try:
        data = (root / image.path).read_bytes()
    except OSError as error:
        raise CogvidError(
            f"cannot read {image.path}: {error.strerror}", hint="run the command again"
        ) from error
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != image.digest:
        raise CogvidError(f"{image.path} was changed while the run went on", hint="run the command again")
    return data

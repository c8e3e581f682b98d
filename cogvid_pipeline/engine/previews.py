"""Render an animatic of every shot, apart from the lock, the ledger and the cache."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.preview import Kept, NotRendered, PreviewOutcome, PreviewTask, Rendered
from cogvid_pipeline.model.shot import Scalar, Shot
from cogvid_pipeline.plan.fingerprint import fingerprint, make_request


class Previews(Protocol):
    """Where previews lie, and what each was made from."""

    def path(self, shot: str) -> Path:
        """Where the preview of a shot lies, or is to lie."""
        ...

    def find(self, shot: str, key: str) -> str | None:
        """The digest of the preview that was made from this; None where there is none, or not as it was."""
        ...

    def add(self, shot: str, key: str) -> str:
        """Note what the preview at `path` was made from. Its digest comes back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """What previews are made with.

    `render` is a function of a module, since `executor` may run it in another process; it raises CogvidError.
    `renderer` changes whenever the same task may be drawn differently. `defaults` has, by model, what
    parameters are where a shot does not say.
    """

    root: Path
    previews: Previews
    executor: Executor
    render: Callable[[PreviewTask], None]
    renderer: str
    scale: float
    defaults: Mapping[str, Mapping[str, Scalar]]


async def render_previews(
    shots: Sequence[Shot], studio: Studio, done: Callable[[PreviewOutcome], None]
) -> list[PreviewOutcome]:
    """Render what is not there yet, of each shot the first take; frames of others come from their previews.

    `shots` contains what its shots refer to. One that fails takes only those along that need a frame of it.
    """
    tasks: dict[str, asyncio.Task[PreviewOutcome]] = {}

    async def make(shot: Shot) -> PreviewOutcome:
        outcome = await _make(shot, {name: await tasks[name] for name in shot.upstream}, studio)
        done(outcome)
        return outcome

    async with asyncio.TaskGroup() as group:
        for shot in shots:
            tasks[shot.name] = group.create_task(make(shot))
    return [tasks[shot.name].result() for shot in shots]


async def _make(shot: Shot, upstream: Mapping[str, PreviewOutcome], studio: Studio) -> PreviewOutcome:
    there = {name: made for name, made in upstream.items() if not isinstance(made, NotRendered)}
    if missing := [name for name in upstream if name not in there]:
        return NotRendered(shot.name, f"there is no preview of {missing[0]!r} to take a frame from")
    path = studio.previews.path(shot.name)
    key = _key(shot, {name: made.digest for name, made in there.items()}, studio)
    if digest := studio.previews.find(shot.name, key):
        return Kept(shot.name, path, digest)
    clips = {name: made.path for name, made in there.items()}
    task = PreviewTask(shot, studio.root, clips, path, studio.scale, studio.defaults[shot.model])
    try:
        await asyncio.get_running_loop().run_in_executor(studio.executor, studio.render, task)
    except BrokenExecutor:
        return NotRendered(shot.name, "a process that renders has ended", "there may be too little memory")
    except CogvidError as error:
        return NotRendered(shot.name, str(error), error.hint)
    return Rendered(shot.name, path, studio.previews.add(shot.name, key))


def _key(shot: Shot, digests: Mapping[str, str], studio: Studio) -> str:
    """A digest of all that the bytes of a preview come from, besides its name."""
    by_take = {source: digests[source.partition("@")[0]] for source in shot.sources}
    request = fingerprint(make_request(shot, by_take.__getitem__), studio.defaults)
    return hashlib.sha256(f"{request} {studio.scale} {studio.renderer}".encode()).hexdigest()

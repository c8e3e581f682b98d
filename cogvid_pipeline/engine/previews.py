"""Render an animatic of every shot, apart from the lock, the ledger and the cache."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.jobs import Crew, Files, Job
from cogvid_pipeline.model.preview import Kept, NotRendered, PreviewOutcome, PreviewTask, Rendered
from cogvid_pipeline.model.shot import Image, ImageFile, ImageUrl, Scalar, Shot
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

    `render` is a function of a module, since the crew may be elsewhere; it raises CogvidError.
    `renderer` changes whenever the same task may be drawn differently. `defaults` has, by model, what
    parameters are where a shot does not say.
    """

    root: Path
    previews: Previews
    crew: Crew
    render: Callable[[PreviewTask, Files, Path], None]
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
    clips = {name: made.digest for name, made in there.items()}
    task = PreviewTask(_without_secrets(shot), clips, studio.scale, studio.defaults[shot.model])
    files = {made.digest: made.path for made in there.values()}
    files |= {image.sha256: studio.root / image.path for image in shot.images if isinstance(image, ImageFile)}
    try:
        await asyncio.wrap_future(studio.crew.begin(Job(partial(studio.render, task), files, path)))
    except BrokenExecutor:
        return NotRendered(shot.name, "a process that renders has ended", "there may be too little memory")
    except CogvidError as error:
        return NotRendered(shot.name, str(error), error.hint)
    return Rendered(shot.name, path, studio.previews.add(shot.name, key))


def _without_secrets(shot: Shot) -> Shot:
    """The shot with the addresses of pictures as they are shown: a query may be a signature."""
    return replace(shot, images=tuple(map(_without_query, shot.images)))


def _without_query(image: Image) -> Image:
    return ImageUrl(image.url.partition("?")[0]) if isinstance(image, ImageUrl) else image


def _key(shot: Shot, digests: Mapping[str, str], studio: Studio) -> str:
    """A digest of all that the bytes of a preview come from, besides its name."""
    by_take = {source: digests[source.partition("@")[0]] for source in shot.sources}
    request = fingerprint(make_request(shot, by_take.__getitem__), studio.defaults)
    return hashlib.sha256(f"{request} {studio.scale} {studio.renderer}".encode()).hexdigest()

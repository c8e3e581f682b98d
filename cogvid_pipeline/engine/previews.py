"""Render an animatic of every shot, apart from the lock, the ledger and the cache."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from cogvid_pipeline.engine.inputs import FitPicture, ReadImage, make_submission
from cogvid_pipeline.engine.ports import Frames, Renderer
from cogvid_pipeline.model.shot import Shot, ShotFrame, takes_of


async def render_previews(
    shots: Sequence[Shot],
    renderer: Renderer,
    into: Path,
    *,
    read_image: ReadImage,
    frames: Frames,
    fit_picture: FitPicture,
    jobs: int,
    done: Callable[[Shot, Path], None],
) -> None:
    """Write `into/NAME.mp4` for each shot, whatever its takes; frames of others come from their previews.

    `shots` contains what its shots refer to. Raises MediaError when a picture cannot be used.
    """
    gate = asyncio.Semaphore(jobs)
    tasks: dict[str, asyncio.Task[Path]] = {}

    async def read_frame(frame: ShotFrame) -> tuple[bytes, str]:
        return await frames.extract(await tasks[frame.shot], frame.at)

    async def render(shot: Shot) -> Path:
        submission = await make_submission(takes_of(shot)[0], read_image, read_frame, fit_picture)
        path = into / f"{shot.name}.mp4"
        async with gate:
            await renderer.render(submission, path, lambda fraction: None)
        done(shot, path)
        return path

    try:
        async with asyncio.TaskGroup() as group:
            for shot in shots:
                tasks[shot.name] = group.create_task(render(shot))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None

"""Make the clips that tasks come to."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cogvid_pipeline.emulator.rules import image_bytes
from cogvid_pipeline.emulator.tasks import Task
from cogvid_pipeline.media.frames import ClipFrames
from cogvid_pipeline.model.shot import Scalar
from cogvid_pipeline.model.wire import ImageBytes, ImageLink, Submission
from cogvid_pipeline.providers.preview import Preview

# What the vendors document for what a submission leaves out.
_DEFAULTS: dict[str, Scalar] = {"quality": "speed", "with_audio": False, "fps": 30, "duration": 5}
_SHOWN = ("quality", "with_audio", "fps", "duration", "size")


class Clips:
    """Previews in a directory, rendered once for each content that is asked for.

    `fixed` is a clip that is given out instead, unrendered.
    """

    def __init__(self, directory: Path, *, scale: float, fixed: bytes | None) -> None:
        self._directory = directory
        self._scale = scale
        self._fixed: Path | None = None
        if fixed is not None:
            self._fixed = directory / "fixed.mp4"
            self._fixed.write_bytes(fixed)
        self._gate = asyncio.Semaphore(os.cpu_count() or 1)
        self._rendered: dict[str, asyncio.Task[Path]] = {}

    async def close(self) -> None:
        """Stop rendering."""
        for rendering in self._rendered.values():
            rendering.cancel()
        await asyncio.gather(*self._rendered.values(), return_exceptions=True)

    async def make(self, task: Task, body: Mapping[str, Any]) -> Path:
        """The clip that a submission asks for, as the task's own: no other has it byte for byte.

        Raises MediaError, OSError.
        """
        source = self._fixed or await self._render_once(task, body)
        own = self._directory / f"{task.id}.mp4"
        await asyncio.to_thread(_copy_apart, source, own, task.id.encode())
        return own

    async def cover(self, clip: Path) -> tuple[bytes, str]:
        """The clip's first frame as a picture, and its media type."""
        return await ClipFrames().extract(clip, "first")

    async def _render_once(self, task: Task, body: Mapping[str, Any]) -> Path:
        key = f"{task.api.name}-{task.content}"
        if key not in self._rendered:
            path = self._directory / f"{key}.mp4"
            self._rendered[key] = asyncio.create_task(self._render(_submission(task, body), path))
        # One task's end must not take the clip from the others that wait for it.
        return await asyncio.shield(self._rendered[key])

    async def _render(self, submission: Submission, into: Path) -> Path:
        preview = Preview({submission.model: _DEFAULTS}, scale=self._scale)
        async with self._gate:
            await preview.render(submission, into, lambda _: None)
        return into


def _submission(task: Task, body: Mapping[str, Any]) -> Submission:
    sent = body.get(task.api.image, [])
    return Submission(
        request_id=task.request_id,
        shot=f"emulator  ·  {task.api.name}",
        take=1,
        model=task.model,
        prompt=body.get("prompt", ""),
        images=tuple(_image(one) for one in ([sent] if isinstance(sent, str) else sent)),
        parameters={name: body[name] for name in _SHOWN if name in body},
    )


def _image(text: str) -> ImageBytes | ImageLink:
    data = image_bytes(text)
    return ImageLink(text) if data is None else ImageBytes(data, "image/png")


def _copy_apart(source: Path, target: Path, tag: bytes) -> None:
    """Copy an MP4, with a box at its end that players skip: another file, the same video."""
    shutil.copyfile(source, target)
    with target.open("ab") as file:
        file.write((8 + len(tag)).to_bytes(4) + b"free" + tag)

"""Render each shot on this machine, as an animatic: free, at once, the same bytes each time."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

from PIL import Image

from cogvid_pipeline.media.animatic import Motion, animate, cross_fade, push_in, stand
from cogvid_pipeline.media.card import draw_card
from cogvid_pipeline.media.encode import write_clip
from cogvid_pipeline.media.picture import cover, load_picture
from cogvid_pipeline.media.slate import Slate
from cogvid_pipeline.model.shot import Scalar
from cogvid_pipeline.model.wire import ImageLink, Submission

T = TypeVar("T")
Size: TypeAlias = tuple[int, int]
Parameters: TypeAlias = Mapping[str, Scalar]

# A picture that the shot was given, or the address of one; a preview stays off the network.
Input: TypeAlias = Image.Image | ImageLink

# Without a size of its own a clip has this short side, and the shape of its first picture.
_SHORT_SIDE = 1080
_LONGEST_SIDE = 3840
_SMALLEST_SIDE = 64


class Preview:
    """Fits engine.ports.Renderer.

    `defaults` has, by model, what fps, duration and so on are where a shot does not say. With a `scale`
    below 1 clips are smaller than asked, and their slates say so.
    """

    name = "preview"

    def __init__(self, defaults: Mapping[str, Parameters], *, scale: float = 1.0) -> None:
        self._defaults = defaults
        self._scale = scale

    async def render(self, submission: Submission, into: Path, progress: Callable[[float], None]) -> None:
        """Write the clip to `into`; when cancelled, stop at the next frame and leave nothing behind."""
        loop = asyncio.get_running_loop()
        cancelled = threading.Event()

        def report(done: float) -> None:
            if cancelled.is_set():
                raise _Stopped
            loop.call_soon_threadsafe(progress, done)

        work = asyncio.ensure_future(asyncio.to_thread(self.render_now, submission, into, report))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            cancelled.set()
            await asyncio.gather(work, return_exceptions=True)
            raise

    def render_now(
        self, submission: Submission, into: Path, report: Callable[[float], None] = lambda fraction: None
    ) -> None:
        """Write the clip to `into` in this thread; `report` gets the fraction done after each frame."""
        asked = {**self._defaults[submission.model], **submission.parameters}
        fps, seconds = int(asked["fps"]), float(asked["duration"])
        frames = round(fps * seconds)
        inputs = [
            image if isinstance(image, ImageLink) else load_picture(image.data) for image in submission.images
        ]
        full = _size(asked, inputs)
        size = _scaled(full, self._scale)
        slate = Slate(_title(submission), _facts(asked, full, self._scale), size, fps=fps, frames=frames)
        moving = animate(_motion(submission, inputs, size), slate, frames)
        tone = seconds if asked.get("with_audio") else 0
        write_clip(into, _reported(moving, frames, report), size=size, fps=fps, tone=tone)


class _Stopped(Exception):
    """Nobody waits for the clip any more."""


def _reported(items: Iterable[T], count: int, report: Callable[[float], None]) -> Iterator[T]:
    for number, item in enumerate(items, start=1):
        yield item
        report(number / count)


def _size(asked: Parameters, inputs: Sequence[Input]) -> Size:
    if "size" in asked:
        width, height = map(int, str(asked["size"]).split("x"))
        return width, height
    shape = next((image.size for image in inputs if isinstance(image, Image.Image)), (16, 9))
    width, height = (min(round(side * _SHORT_SIDE / min(shape)), _LONGEST_SIDE) for side in shape)
    return width, height


def _scaled(size: Size, scale: float) -> Size:
    """Even numbers, as video with half as much chroma needs."""
    width, height = (max(2 * round(side * scale / 2), _SMALLEST_SIDE) for side in size)
    return width, height


def _motion(submission: Submission, inputs: Sequence[Input], size: Size) -> Motion:
    if not inputs:
        return stand(draw_card(_title(submission), submission.prompt, "From words alone", size))
    first = _still(submission, inputs[0], "First frame", size)
    if len(inputs) > 1:
        return cross_fade(first, _still(submission, inputs[-1], "Last frame", size))
    return stand(first) if isinstance(inputs[0], ImageLink) else push_in(first)


def _still(submission: Submission, image: Input, role: str, size: Size) -> Image.Image:
    if isinstance(image, Image.Image):
        return cover(image, size)
    # The query of a signed address is a secret, and long.
    address = image.url.partition("?")[0]
    note = f"{role}, left where it lies:\n{address}"
    return draw_card(_title(submission), submission.prompt or "A picture from the web", note, size)


def _title(submission: Submission) -> str:
    return submission.shot if submission.take == 1 else f"{submission.shot}  ·  take {submission.take}"


def _facts(asked: Parameters, size: Size, scale: float) -> str:
    """What was asked for, and how much smaller the clip is."""
    facts = [
        f"{size[0]}×{size[1]}" + (f" at {scale:.0%}" if scale != 1 else ""),
        f"{asked['fps']} fps",
        f"{asked['duration']} s",
        str(asked.get("quality", "")),
        "audio" if asked.get("with_audio") else "",
    ]
    return "  ·  ".join(filter(None, facts))

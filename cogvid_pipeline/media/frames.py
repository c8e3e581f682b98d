"""Take single frames out of clips, as picture files."""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.error import InvalidDataError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.colour import to_rgb
from cogvid_pipeline.media.mp4 import open_clip
from cogvid_pipeline.media.picture import image_file


class ClipFrames:
    """Frames of clips for an event loop: decoding happens in a thread."""

    async def extract(self, clip: Path, at: str | float) -> tuple[bytes, str]:
        return await asyncio.to_thread(frame_image, clip, at)


def frame_image(clip: Path, at: str | float) -> tuple[bytes, str]:
    """The frame as an image file that vendors take, and its media type. Raises MediaError."""
    return image_file(frame_picture(clip, at))


def frame_picture(clip: Path, at: str | float) -> Image.Image:
    """One frame of a clip.

    `at` is "first", "middle", "last" or seconds from the start, which stand for the last frame that is shown
    at or before that time. Raises MediaError when no frame decodes.
    """
    with open_clip(clip) as (container, video):
        frame = _newest(container, video, _limit(video, at))
        if frame is None:
            raise MediaError(f"{clip} has no frame that can be decoded")
        return to_rgb(frame)


def _limit(video: VideoStream, at: str | float) -> int:
    """The largest time stamp that the frame may have."""
    start = video.start_time or 0
    if at == "first":
        return start
    if at == "middle":
        return start + (video.duration or 0) // 2
    if at == "last":
        return sys.maxsize
    seconds, tick = float(at), video.time_base or Fraction(1)
    whole = int(Fraction(seconds) / tick)
    # 0.7 as a float is a little less than 21/30, and still means the frame that is shown from then on.
    return start + whole + (float((whole + 1) * tick) <= seconds)


def _newest(container: InputContainer, video: VideoStream, limit: int) -> VideoFrame | None:
    """The last frame up to the limit: decoded from the key frame before it where that gives the same."""
    start = video.start_time or 0
    container.seek(min(limit, start + (video.duration or 0)), stream=video)
    found = _last_until(limit, _decoded(container, video))
    if found is None or _time(found) > limit:
        container.seek(start, stream=video)
        found = _last_until(limit, _decoded(container, video))
    return found


def _last_until(limit: int, frames: Iterable[VideoFrame]) -> VideoFrame | None:
    """The last frame up to the limit, or else the very first."""
    found = None
    for frame in frames:
        if found is not None and _time(frame) > limit:
            break
        found = frame
    return found


def _time(frame: VideoFrame) -> int:
    return frame.pts or 0


def _decoded(container: InputContainer, video: VideoStream) -> Iterator[VideoFrame]:
    """All frames that decode, in order of presentation; what does not decode is passed over."""
    for packet in container.demux(video):
        frames: list[VideoFrame] = []
        with suppress(InvalidDataError):
            frames = video.decode(packet)
        yield from frames

"""Take single frames out of clips, as picture files."""

import asyncio
import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.error import InvalidDataError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from cogvid_pipeline.durable import write_failures_named
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


def write_frame(clip: Path, into: Path, *, at: str | float) -> str:
    """Write that image file; its media type comes back. Raises MediaError."""
    data, media_type = frame_image(clip, at)
    with write_failures_named(into):
        into.write_bytes(data)
    return media_type


def frame_picture(clip: Path, at: str | float) -> Image.Image:
    """One frame of a clip.

    `at` is "first", "middle", "last" or seconds from the first frame, which stand for the last frame that is
    shown at or before that time. Raises MediaError when no frame decodes.
    """
    with open_clip(clip) as (container, video):
        tick = video.time_base or Fraction(1)
        time = float((video.duration or 0) * tick / 2) if at == "middle" else at
        frame = _shown(_decoded(container, video), time, tick)
        if frame is None:
            raise MediaError(f"{clip} has no frame that can be decoded")
        return to_rgb(frame)


def _shown(frames: Iterable[VideoFrame], at: str | float, tick: Fraction) -> VideoFrame | None:
    """The last frame up to a time. The clip is decoded from its beginning.

    A seek is no short cut: vendors' clips have a key frame every few seconds at best, and from one in the
    middle the frames that refer to what is before it do not decode.
    """
    found, limit = None, 0.0
    for frame in frames:
        if found is None:
            limit = _time(frame) + _ticks(at, tick)
        elif _time(frame) > limit:
            break
        found = frame
        if at == "first":
            break
    return found


def _ticks(at: str | float, tick: Fraction) -> float:
    """How long after the first frame the frame may be, in units of `tick`."""
    if isinstance(at, str):
        return 0 if at == "first" else math.inf
    whole = int(Fraction(at) / tick)
    # 0.7 as a float is a little less than 21/30, and still means the frame that is shown from then on.
    return whole + (float((whole + 1) * tick) <= at)


def _time(frame: VideoFrame) -> int:
    return frame.pts or 0


def _decoded(container: InputContainer, video: VideoStream) -> Iterator[VideoFrame]:
    """All frames that decode, in order of presentation; what does not decode is passed over."""
    for packet in container.demux(video):
        frames: list[VideoFrame] = []
        with suppress(InvalidDataError):
            frames = video.decode(packet)
        yield from frames

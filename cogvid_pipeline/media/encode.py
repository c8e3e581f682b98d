"""Write frames as an MP4: the same frames, the same bytes."""

import math
from array import array
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cogvid_pipeline.durable import staging_beside
from cogvid_pipeline.errors import MediaError

# Fast comes before small. Chroma lies in the middle of its four pixels, as the conversion from RGB has it;
# a decoder that is not told so puts it to their left, and edges wander from clip to clip in a chain.
PREVIEW = {
    "preset": "superfast",
    "crf": "18",
    "x264-params": "rc-lookahead=0:mbtree=0:bframes=1:b-adapt=0:chromaloc=1",
}

# The number of the parameter sets in a film. Other encoders begin with 0, so that what they made can stand in
# the same track.
MASTER_SETS = 31

# Nobody sees the difference from the clips. Little lookahead, since several stretches are encoded at once. No
# macroblock tree: where pictures are no multiple of 128 pixels wide, it goes by whatever lies in memory.
MASTER = {
    "preset": "fast",
    "crf": "14",
    "x264-params": f"rc-lookahead=10:mbtree=0:sps-id={MASTER_SETS}",
}

_MUXER = {"movflags": "+faststart", "fflags": "+bitexact"}

# ITU-T H.273's number for BT.709 as primaries, as transfer function and as matrix, and for limited range.
_BT709 = 1
_LIMITED = 1

_SAMPLE_RATE = 48_000


def write_clip(
    into: Path,
    frames: Iterable[VideoFrame],
    *,
    size: tuple[int, int],
    fps: int | Fraction,
    tone: float = 0,
    settings: Mapping[str, str] = PREVIEW,
) -> None:
    """Encode frames in BT.709 as H.264, with a tone of so many seconds; 0 makes a clip without sound.

    The file appears under its name when it is whole, and otherwise leaves nothing behind. Raises MediaError
    when it cannot be written.
    """
    staging = staging_beside(into)
    try:
        with av.open(str(staging.absolute()), "w", format="mp4", options=_MUXER) as container:
            video = _add_video(container, size, Fraction(fps), settings)
            # The little that sound takes waits in memory for the pictures that it belongs to.
            _write_tone(container, tone)
            for number, frame in enumerate(frames):
                frame.pts = number
                frame.time_base = 1 / Fraction(fps)
                container.mux(video.encode(frame))
            container.mux(video.encode())
        staging.replace(into)
    except (FFmpegError, OSError) as error:
        raise MediaError(f"cannot write {into}: {error.strerror}") from error
    finally:
        staging.unlink(missing_ok=True)


def _add_video(
    container: OutputContainer, size: tuple[int, int], fps: Fraction, settings: Mapping[str, str]
) -> VideoStream:
    video = container.add_stream("libx264", rate=fps, options=dict(settings))
    video.width, video.height = size
    video.pix_fmt = "yuv420p"
    video.gop_size = round(2 * fps)
    # The number of threads changes what x264 writes.
    video.thread_count = 1
    video.color_primaries = video.color_trc = video.colorspace = _BT709
    video.color_range = _LIMITED
    return video


def _write_tone(container: OutputContainer, seconds: float) -> None:
    """A line-up tone: 1 kHz at a tenth of full scale."""
    samples = round(seconds * _SAMPLE_RATE)
    if not samples:
        return
    audio = container.add_stream("aac", rate=_SAMPLE_RATE, layout="mono")
    audio.codec_context.thread_count = 1
    period = array("f", (0.1 * math.sin(math.tau * step / 48) for step in range(48))).tobytes()
    frame = AudioFrame(format="fltp", layout="mono", samples=samples)
    frame.sample_rate = _SAMPLE_RATE
    frame.pts = 0
    frame.time_base = Fraction(1, _SAMPLE_RATE)
    room = frame.planes[0].buffer_size
    frame.planes[0].update((period * (room // len(period) + 1))[:room])
    container.mux(audio.encode(frame))
    container.mux(audio.encode(None))

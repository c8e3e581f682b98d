"""Check that a file is a whole, playable MP4 and say what is in it."""

from pathlib import Path

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.mp4 import open_clip
from cogvid_pipeline.model.attempt import Clip


def describe(path: Path, sha256: str) -> Clip:
    """The facts of the clip whose digest is `sha256`; decodes its first frame and its last GOP.

    Width and height are as shown, so after a rotation that the file asks for. Raises MediaError when the
    file is cut short, is no MP4 or does not play.
    """
    with open_clip(path) as (container, video):
        _check_whole(path)
        first = next(container.decode(video), None)
        if first is None:
            raise MediaError(f"{path} has no frame that can be decoded")
        _check_end(container, video)
        width, height = _shown_size(first)
        return Clip(
            sha256=sha256,
            bytes=path.stat().st_size,
            width=width,
            height=height,
            fps=round(float(video.average_rate or 0), 3),
            duration=round(float((video.duration or 0) * (video.time_base or 0)), 3),
            audio=bool(container.streams.audio),
        )


def _check_whole(path: Path) -> None:
    """Walk the boxes that an MP4 consists of: a download that was cut off ends inside one."""
    end = path.stat().st_size
    at = 0
    with path.open("rb") as file:
        while at + 8 <= end:
            file.seek(at)
            head = file.read(16)
            size = int.from_bytes(head[:4])
            if size == 1:
                size = int.from_bytes(head[8:16])
            if size < 8:  # 0 means "up to the end of the file"; the rest is for the demuxer to judge
                return
            at += size
            if at > end and head[4:8] in {b"mdat", b"moof", b"moov"}:
                raise MediaError(f"{path} is cut short: {at - end} bytes or more are missing at its end")


def _check_end(container: InputContainer, video: VideoStream) -> None:
    """Decode from the last key frame on; damage there raises FFmpeg's error."""
    container.seek((video.start_time or 0) + (video.duration or 0), stream=video)
    for packet in container.demux(video):
        packet.decode()


def _shown_size(frame: VideoFrame) -> tuple[int, int]:
    return (frame.height, frame.width) if frame.rotation % 180 else (frame.width, frame.height)

"""Open files from strangers as MP4, and as nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from cogvid_pipeline.errors import MediaError

# Far above the largest clip that a vendor makes (3840x2160), and small enough to decode anywhere.
MAX_SIDE = 8192

_LARGE = 1280 * 720

# A clip must not make us read anything else: no other protocol, no track that lies in another file.
_CLOSED = {
    "protocol_whitelist": "file",
    "enable_drefs": "0",
    "use_absolute_path": "0",
    "max_pixels": str(MAX_SIDE * MAX_SIDE),
}


@contextmanager
def open_clip(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The opened file and its video stream.

    Raises MediaError when the file is no MP4 with a picture of a sane size, and also for whatever FFmpeg
    finds wrong with it inside the `with` block.
    """
    try:
        with av.open(
            str(path.absolute()), format="mp4", options=_CLOSED, metadata_errors="replace"
        ) as container:
            yield container, _picture_stream(container, path)
    except FFmpegError as error:
        raise MediaError(f"{path} is not a playable MP4: {error.strerror}") from error


def _picture_stream(container: InputContainer, path: Path) -> VideoStream:
    video = container.streams.best("video")
    if not isinstance(video, VideoStream):
        raise MediaError(f"{path} has no video in it")
    if not (0 < video.width <= MAX_SIDE and 0 < video.height <= MAX_SIDE):
        raise MediaError(f"{path} claims a picture of {video.width}x{video.height}, which is not believable")
    # Frames come in order of presentation whatever the number of threads. Small ones are not worth starting
    # any: a run with many takes would start thousands.
    if video.width * video.height >= _LARGE:
        video.thread_type = "AUTO"
    else:
        video.codec_context.thread_count = 1
    return video

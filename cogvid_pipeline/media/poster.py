"""Make the small pictures that stand for clips on a page."""

from io import BytesIO
from pathlib import Path

from cogvid_pipeline.media.frames import frame_picture
from cogvid_pipeline.media.picture import cover


def poster_file(clip: Path, size: tuple[int, int]) -> bytes:
    """The frame in the middle of a clip as a JPEG of that size. Raises MediaError."""
    file = BytesIO()
    cover(frame_picture(clip, "middle"), size).save(file, "JPEG", quality=82, optimize=True)
    return file.getvalue()

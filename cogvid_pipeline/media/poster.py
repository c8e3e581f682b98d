"""Make the small pictures that stand for clips on a page."""

from io import BytesIO
from pathlib import Path

from PIL import Image

from cogvid_pipeline.media.frames import frame_picture
from cogvid_pipeline.media.picture import cover, load_picture

_THUMBNAIL = (640, 640)


def poster_file(clip: Path, size: tuple[int, int]) -> bytes:
    """The frame in the middle of a clip as a JPEG of that size. Raises MediaError."""
    return _jpeg(cover(frame_picture(clip, "middle"), size))


def thumbnail_file(data: bytes) -> bytes:
    """A picture as a JPEG of at most 640 pixels a side. Raises MediaError."""
    picture = load_picture(data)
    picture.thumbnail(_THUMBNAIL)
    return _jpeg(picture)


def _jpeg(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "JPEG", quality=82, optimize=True)
    return file.getvalue()

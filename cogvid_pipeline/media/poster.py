"""Make the small pictures that stand for clips on a page."""

from pathlib import Path

from PIL import Image

from cogvid_pipeline.durable import write_failures_named
from cogvid_pipeline.media.frames import frame_picture
from cogvid_pipeline.media.picture import cover, load_picture

_THUMBNAIL = (640, 640)


def write_poster(clip: Path, into: Path, *, size: tuple[int, int]) -> None:
    """Write the frame in the middle of a clip as a JPEG of that size. Raises MediaError."""
    _write_jpeg(cover(frame_picture(clip, "middle"), size), into)


def write_thumbnail(data: bytes, into: Path) -> None:
    """Write a picture as a JPEG of at most 640 pixels a side. Raises MediaError."""
    picture = load_picture(data)
    picture.thumbnail(_THUMBNAIL)
    _write_jpeg(picture, into)


def _write_jpeg(picture: Image.Image, into: Path) -> None:
    with write_failures_named(into):
        picture.save(into, "JPEG", quality=82, optimize=True)

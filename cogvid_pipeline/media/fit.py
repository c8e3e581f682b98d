"""Make a picture fit the video that starts from it."""

import asyncio
from io import BytesIO

from PIL import ExifTags, Image

from cogvid_pipeline.media.picture import MAX_IMAGE_BYTES, contain, cover, image_file, load_picture
from cogvid_pipeline.model.shot import Fit

_HOW = {"crop": cover, "pad": contain}


async def fit_picture(data: bytes, fit: Fit) -> tuple[bytes, str]:
    """What `fitted` gives, for an event loop: the work is done in a thread."""
    return await asyncio.to_thread(fitted, data, fit)


def fitted(data: bytes, fit: Fit) -> tuple[bytes, str]:
    """The picture as an image file of exactly that size, and its media type: upright, opaque, 8-bit sRGB.

    One that is all of that already, and small enough to be sent, stays as it is. Raises MediaError when it
    cannot be decoded.
    """
    width, height = map(int, fit.size.split("x"))
    picture = load_picture(data)
    small = len(data) <= MAX_IMAGE_BYTES
    if small and picture.size == (width, height) and (media_type := _plain(data)):
        return data, media_type
    return image_file(_HOW[fit.how](picture, (width, height)))


def _plain(data: bytes) -> str | None:
    """The media type of a picture that everybody sees the same way; None where there is more to it."""
    with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as image:
        sixteen_bits = image.format == "PNG" and data[24] == 16
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        animated = getattr(image, "is_animated", False)
        odd = sixteen_bits or turned or animated or "icc_profile" in image.info or image.has_transparency_data
        return None if odd or image.mode != "RGB" else image.get_format_mimetype()

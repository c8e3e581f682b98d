"""Read pictures from strangers and write pictures that vendors take."""

import hashlib
from bisect import bisect_right
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image, ImageOps
from PIL.Image import Transpose

from cogvid_pipeline.errors import CogvidError, MediaError
from cogvid_pipeline.model.shot import ImageFile

# What every vendor accepts for one image.
MAX_IMAGE_BYTES = 5_000_000

# A few kilobytes of PNG can stand for gigabytes of pixels.
MAX_PIXELS = 8192 * 8192

# What undoes each orientation that EXIF knows. Pillow's own function rewrites the metadata as well, and trips
# over what is broken in it.
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def image_file(picture: Image.Image) -> tuple[bytes, str]:
    """The picture as a file of at most MAX_IMAGE_BYTES, and its media type.

    PNG where that fits, else the best JPEG that does, its colours not subsampled.
    """
    png = BytesIO()
    picture.save(png, "PNG")
    if png.tell() <= MAX_IMAGE_BYTES:
        return png.getvalue(), "image/png"
    return _best_jpeg(picture), "image/jpeg"


def read_image(root: Path, image: ImageFile) -> bytes:
    """The bytes of an input picture. Raises CogvidError when it is not the one that was planned with."""
    try:
        data = (root / image.path).read_bytes()
    except OSError as error:
        raise CogvidError(
            f"cannot read {image.path}: {error.strerror}", hint="run the command again"
        ) from error
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != image.digest:
        raise CogvidError(f"{image.path} was changed while the run went on", hint="run the command again")
    return data


def load_picture(data: bytes) -> Image.Image:
    """Decode a PNG or JPEG into RGB: upright, transparency over black, 16 bits scaled to 8.

    Raises MediaError when it is neither, is damaged, or is too large to decode safely.
    """
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise MediaError(f"the picture is too large to decode: {image.width}x{image.height} pixels")
            return _upright(_as_rgb(image), image.getexif().get(ExifTags.Base.Orientation))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise MediaError(f"the picture is too large to decode: {error}") from error
    # Pillow raises SyntaxError for a broken PNG and ValueError for broken metadata.
    except (OSError, SyntaxError, ValueError) as error:
        raise MediaError(f"the picture is not a readable PNG or JPEG: {error}") from error


def cover(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale the picture so that it fills the size, cutting off equally what sticks out."""
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


def _best_jpeg(picture: Image.Image) -> bytes:
    def jpeg(quality: int) -> bytes:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality, subsampling=0)
        return file.getvalue()

    # Even noise of MAX_PIXELS fits in the lowest quality.
    best = bisect_right(range(1, 101), False, key=lambda quality: len(jpeg(quality)) > MAX_IMAGE_BYTES)
    return jpeg(best)


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I;16":
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.has_transparency_data:
        above = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "black"), above).convert("RGB")
    return image.convert("RGB")


def _upright(picture: Image.Image, orientation: object) -> Image.Image:
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return picture if turn is None else picture.transpose(turn)

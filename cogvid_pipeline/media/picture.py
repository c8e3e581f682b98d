"""Read pictures from strangers and write pictures that vendors take."""

import hashlib
from bisect import bisect_right
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image, ImageCms, ImageOps
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
    return read_planned(root / image.path, image)


def read_planned(path: Path, image: ImageFile) -> bytes:
    """The bytes of an input picture that lies at `path`. Raises CogvidError likewise."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CogvidError(
            f"cannot read {image.path}: {error.strerror}", hint="run the command again"
        ) from error
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != image.digest:
        raise CogvidError(f"{image.path} was changed while the run went on", hint="run the command again")
    return data


def load_picture(data: bytes) -> Image.Image:
    """Decode a PNG or JPEG into sRGB: upright, transparency over black, 16 bits scaled to 8.

    Raises MediaError when it is neither, is damaged, or is too large to decode safely.
    """
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise MediaError(f"the picture is too large to decode: {image.width}x{image.height} pixels")
            turn = image.getexif().get(ExifTags.Base.Orientation)
            picture = _upright(_in_srgb(_opaque(image), image.info.get("icc_profile")), turn)
            # Its profile, and which colour is clear, would be saved with what is made of it.
            picture.info.clear()
            return picture
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise MediaError(f"the picture is too large to decode: {error}") from error
    # Pillow raises SyntaxError for a broken PNG and ValueError for broken metadata.
    except (OSError, SyntaxError, ValueError) as error:
        raise MediaError(f"the picture is not a readable PNG or JPEG: {error}") from error


def cover(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale the picture so that it fills the size, cutting off equally what sticks out."""
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


def contain(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale the picture so that all of it is within the size, in the middle, with black bars around it."""
    return ImageOps.pad(picture, size, Image.Resampling.LANCZOS, color="black")


def _best_jpeg(picture: Image.Image) -> bytes:
    def jpeg(quality: int) -> bytes:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality, subsampling=0)
        return file.getvalue()

    # Even noise of MAX_PIXELS fits in the lowest quality.
    best = bisect_right(range(1, 101), False, key=lambda quality: len(jpeg(quality)) > MAX_IMAGE_BYTES)
    return jpeg(best)


def _opaque(image: Image.Image) -> Image.Image:
    """The picture with 8 bits a channel and no transparency, in colours that its profile speaks of."""
    if image.mode == "I;16":
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        above = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "black"), above).convert("RGB")
    return image if image.mode in ("L", "CMYK") else image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in sRGB; a profile that makes no sense, or is for other colours, counts as none."""
    if profile:
        with suppress(ImageCms.PyCMSError, OSError):
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
            assert converted is not None, "only when it is done in place"
            return converted
    return image.convert("RGB")


def _upright(picture: Image.Image, orientation: object) -> Image.Image:
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return picture if turn is None else picture.transpose(turn)

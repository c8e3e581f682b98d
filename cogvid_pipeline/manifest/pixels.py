"""What there is to a picture file, found out without decoding it where that can be helped."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

# A few kilobytes of PNG can stand for gigabytes of pixels.
MAX_PIXELS = 8192 * 8192

_ORIENTATION = 0x0112  # of EXIF
_SIDEWAYS = frozenset({5, 6, 7, 8})
_PROFILES = ("Display P3", "Adobe RGB", "ProPhoto RGB")
_START_OF_SCAN, _END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"


class DamagedError(Exception):
    """The file cannot be decoded."""


class TooManyPixelsError(Exception):
    """The file cannot be decoded safely."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """The size of a picture when it is upright, and what not everybody who decodes it makes the same of.

    `turned` says that its metadata tells viewers to turn or to mirror it; `oddities` are words for the rest.
    """

    width: int
    height: int
    turned: bool = False
    oddities: tuple[str, ...] = ()


def examine(data: bytes) -> Pixels:
    """Look into a PNG or JPEG. Raises DamagedError or TooManyPixelsError."""
    from PIL import Image, UnidentifiedImageError  # most manifests have no pictures

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow about metadata that makes no sense
            with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise TooManyPixelsError
                _check_whole(image, data)
            with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as image:
                return _pixels(image, data)
    except Image.DecompressionBombError as error:
        raise TooManyPixelsError from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DamagedError from error


def _check_whole(image: "Image", data: bytes) -> None:
    """Raise OSError or SyntaxError when something is missing, or a checksum of a PNG is wrong."""
    if image.format == "PNG":
        image.verify()
        return
    at = 2
    while at < len(data) and data[at : at + 2] != _START_OF_SCAN:
        at += 1 if data[at + 1 : at + 2] == b"\xff" else 2 + int.from_bytes(data[at + 2 : at + 4])
    # libjpeg makes up for what is missing with grey.
    if data.find(_END_OF_IMAGE, at) < 0:
        raise OSError("no end of image")


def _pixels(image: "Image", data: bytes) -> Pixels:
    is_png = image.format == "PNG"
    # Pillow decodes a PNG to see whether metadata comes after the picture.
    orientation = image.getexif().get(_ORIENTATION) if not is_png or b"eXIf" in data else None
    width, height = image.size[::-1] if orientation in _SIDEWAYS else image.size
    oddities = {
        "transparency": _is_see_through(image),
        "16 bits a channel": is_png and data[24] == 16,
        "CMYK colours": image.mode == "CMYK",
        "several frames": is_png and getattr(image, "is_animated", False),
        f"the colours of {_profile(image)}": _profile(image) != "",
    }
    turned = orientation in range(2, 9)
    return Pixels(width, height, turned, tuple(words for words, there in oddities.items() if there))


def _is_see_through(image: "Image") -> bool:
    """Whether there is transparency, and not merely room for it, as in most screenshots."""
    if not image.has_transparency_data or image.mode.startswith("I"):
        return image.has_transparency_data
    clearest, _ = image.convert("RGBA").getchannel("A").getextrema()
    return clearest != 255


def _profile(image: "Image") -> str:
    """The name of what its colours are in; "" for sRGB, and where none is given."""
    profile: bytes = image.info.get("icc_profile") or b""
    if profile[16:20] != b"RGB " or _names(profile, "sRGB"):
        return ""
    return next((name for name in _PROFILES if _names(profile, name)), "another colour space than sRGB")


def _names(profile: bytes, name: str) -> bool:
    return name.encode() in profile or name.encode("utf-16-be") in profile

"""What there is to a picture file, whoever made it."""

import random
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import ExifTags, Image, ImageCms

from cogvid_pipeline.manifest.pixels import DamagedError, Pixels, TooManyPixelsError, examine
from tests.clips import picture_file

PLAIN = Pixels(40, 30)


def photo(mode: str = "RGB", kind: str = "PNG", **options: object) -> bytes:
    return picture_file(Image.new("RGB", (40, 30), (200, 60, 40)).convert(mode), kind, **options)


def turned(orientation: int, kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return photo(kind=kind, exif=exif)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(bits: int, colours: int, size: tuple[int, int] = (40, 30), *more: bytes) -> bytes:
    """A PNG of the kinds that Pillow does not write: colours are 0 for grey, 2 for RGB, 6 with alpha."""
    channels = {0: 1, 2: 3, 6: 4}[colours]
    rows = (b"\0" + b"\xff" * (size[0] * channels * bits // 8)) * size[1]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, colours, 0, 0, 0))
    rest = chunk(b"IDAT", zlib.compress(rows)) + b"".join(more) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + rest


def profile(name: str) -> bytes:
    """An RGB profile that goes by this name."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = made[:24] + bytes(12) + made[36:]  # the time when it was made
    return made.replace("sRGB built-in".encode("utf-16-be"), name.encode("utf-16-be").ljust(26, b"\0"))


def test_most_pictures_are_plain() -> None:
    assert examine(photo()) == examine(photo(kind="JPEG")) == examine(photo("L")) == PLAIN
    assert examine(photo(kind="JPEG", progressive=True)) == PLAIN


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_size_is_that_of_the_upright_picture(orientation: int, kind: str) -> None:
    width, height = (30, 40) if orientation > 4 else (40, 30)

    assert examine(turned(orientation, kind)) == Pixels(width, height, turned=orientation != 1)


def test_metadata_may_come_after_the_picture() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6

    late = png(8, 2, (40, 30), chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")))

    assert examine(late) == Pixels(30, 40, turned=True)


def test_an_orientation_that_there_is_none_of_turns_nothing() -> None:
    assert examine(turned(9)) == PLAIN


@pytest.mark.parametrize(
    ("data", "oddities"),
    [
        (picture_file(Image.new("RGBA", (40, 30), (0, 0, 0, 254))), ("transparency",)),
        (picture_file(Image.new("LA", (40, 30), (0, 0))), ("transparency",)),
        (picture_file(Image.new("P", (40, 30)), transparency=0), ("transparency",)),
        (picture_file(Image.new("P", (40, 30)), transparency=7), ()),
        (picture_file(Image.new("RGBA", (40, 30), (0, 0, 0, 255))), ()),
        (picture_file(Image.new("I;16", (40, 30)), transparency=7), ("transparency", "16 bits a channel")),
        (png(16, 0), ("16 bits a channel",)),
        (png(16, 2), ("16 bits a channel",)),
        (png(16, 6), ("16 bits a channel",)),
        (photo("CMYK", "JPEG"), ("CMYK colours",)),
        (photo(save_all=True, append_images=[Image.new("RGB", (40, 30))]), ("several frames",)),
        (photo(icc_profile=profile("Display P3")), ("the colours of Display P3",)),
        (photo(kind="JPEG", icc_profile=profile("Adobe RGB")), ("the colours of Adobe RGB",)),
        (photo(icc_profile=profile("Wide")), ("the colours of another colour space than sRGB",)),
        (photo(icc_profile=profile("sRGB v4")), ()),
        (photo(icc_profile=b"nothing"), ()),
    ],
    ids=[
        "half clear",
        "grey and clear",
        "palette with a clear colour",
        "palette with a clear colour that is not used",
        "opaque",
        "16 bits with a clear level",
        "16 bits grey",
        "16 bits",
        "16 bits and opaque",
        "CMYK",
        "animated",
        "Display P3",
        "Adobe RGB",
        "another profile",
        "sRGB",
        "broken profile",
    ],
)
def test_what_is_not_the_same_for_everybody_is_found(data: bytes, oddities: tuple[str, ...]) -> None:
    assert examine(data).oddities == oddities


def test_what_a_camera_puts_after_the_picture_is_no_part_of_it() -> None:
    moving = photo(kind="JPEG") + b"\0\0\0\x18ftypmp42" + random.Random(0).randbytes(500)
    twice = picture_file(
        Image.new("RGB", (40, 30)), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))]
    )

    assert examine(moving) == examine(twice) == PLAIN


def test_fill_bytes_before_a_marker_are_passed_over() -> None:
    data = photo(kind="JPEG")
    quantisation = data.index(b"\xff\xdb")

    assert examine(data[:quantisation] + b"\xff\xff" + data[quantisation:]) == PLAIN


def _checksum() -> bytes:
    data = bytearray(photo())
    data[data.index(b"IDAT") + 10] ^= 1
    return bytes(data)


@pytest.mark.parametrize(
    "make",
    [
        lambda: photo(kind="JPEG")[:-2],
        lambda: photo(kind="JPEG")[:400],
        lambda: photo(kind="JPEG")[:20],
        lambda: photo()[:-12],
        lambda: photo()[:60],
        lambda: photo()[:20],
        _checksum,
        lambda: b"\x89PNG\r\n\x1a\n",
        lambda: b"\xff\xd8\xff" + bytes(100),
        lambda: b"\x89PNG\r\n\x1a\n" + b"x" * 40,
        lambda: png(8, 6)[:70] + png(8, 6)[71:],
    ],
)
def test_what_is_damaged_or_cut_off_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(DamagedError):
        examine(make())


def test_a_jpeg_cut_off_after_its_thumbnail_is_refused() -> None:
    thumbnail = b"Exif\0\0" + photo(kind="JPEG")

    with pytest.raises(DamagedError):
        examine(photo(kind="JPEG", exif=thumbnail)[:-2])


@pytest.mark.parametrize("size", [(8192, 8193), (11_000, 9_000), (60_000, 60_000)])
def test_a_file_that_claims_more_than_can_be_opened_is_refused(size: tuple[int, int]) -> None:
    header = struct.pack(">IIBBBBB", *size, 1, 0, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )

    with pytest.raises(TooManyPixelsError):
        examine(bomb)


def test_no_mutation_of_a_picture_gives_a_traceback() -> None:
    chance = random.Random(1)
    seeds = [turned(6), turned(6, "PNG"), photo("RGBA"), photo("CMYK", "JPEG", icc_profile=profile("Wide"))]
    refused = 0
    for _ in range(1_500):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 5)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            examine(bytes(data))
        except (DamagedError, TooManyPixelsError):
            refused += 1

    assert 0 < refused < 1_500

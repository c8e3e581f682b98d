"""Pictures from strangers."""

import random
import struct
import warnings
import zlib
from collections.abc import Callable

import pytest
from PIL import ExifTags, Image, ImageOps

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.picture import MAX_IMAGE_BYTES, cover, image_file, load_picture
from tests.clips import RGB, open_picture, picture_file


def _photo(mode: str = "RGB", kind: str = "JPEG") -> bytes:
    return picture_file(Image.new("RGB", (40, 30), (200, 60, 40)).convert(mode), kind)


def _sixteen_bits(level: int) -> bytes:
    return picture_file(Image.frombytes("I;16", (2, 2), struct.pack("<H", level) * 4))


def _palette_with_a_transparent_entry() -> bytes:
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([255, 255, 255, 200, 60, 40])
    return picture_file(picture, transparency=0)


@pytest.mark.parametrize(
    ("data", "colour"),
    [
        (_photo(), (200, 60, 40)),
        (_photo("CMYK"), (200, 60, 40)),
        (_photo("L"), (99, 99, 99)),
        (_photo(kind="PNG"), (200, 60, 40)),
        (_palette_with_a_transparent_entry(), (200, 60, 40)),
        (picture_file(Image.new("1", (3, 3), 1)), (255, 255, 255)),
        (picture_file(Image.new("RGBA", (3, 3), (200, 100, 50, 0))), (0, 0, 0)),
        (picture_file(Image.new("RGBA", (3, 3), (200, 100, 50, 128))), (100, 50, 25)),
        (picture_file(Image.new("LA", (3, 3), (90, 255))), (90, 90, 90)),
        (_sixteen_bits(0x8000), (128, 128, 128)),
        (_sixteen_bits(0xFFFF), (255, 255, 255)),
    ],
    ids=[
        "JPEG",
        "CMYK",
        "grey",
        "PNG",
        "palette",
        "1 bit",
        "clear",
        "half clear",
        "grey and alpha",
        "16",
        "16 full",
    ],
)
def test_every_kind_of_png_and_jpeg_becomes_rgb(data: bytes, colour: RGB) -> None:
    picture = load_picture(data)

    found = picture.getpixel((1, 1))
    assert picture.mode == "RGB"
    assert isinstance(found, tuple)
    assert all(abs(a - b) <= 3 for a, b in zip(found, colour, strict=True)), found


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright(orientation: int) -> None:
    lying = Image.frombytes("RGB", (40, 20), random.Random(0).randbytes(40 * 20 * 3))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation

    upright = load_picture(picture_file(lying, "PNG", exif=exif))

    expected = ImageOps.exif_transpose(open_picture(picture_file(lying, "PNG", exif=exif)))
    assert upright.tobytes() == expected.tobytes()
    assert upright.size == ((40, 20) if orientation < 5 else (20, 40))


def _exif(tag: int, kind: int, value: bytes) -> bytes:
    """Metadata that says orientation 6, and one thing more that may make no sense."""
    orientation = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    other = struct.pack("<HHI", tag, kind, 1) + value
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2) + orientation + other + bytes(4)


@pytest.mark.parametrize(("tag", "kind"), [(0x010E, 11), (0xA005, 2), (0x8769, 4), (0x9C9B, 1), (0x0112, 2)])
def test_metadata_that_makes_no_sense_does_no_harm(tag: int, kind: int) -> None:
    lying = picture_file(Image.new("RGB", (8, 4)), "JPEG", exif=_exif(tag, kind, b"ABC\0"))

    assert load_picture(lying).size in {(4, 8), (8, 4)}


def _cut_off() -> bytes:
    return _photo()[:-200]


def _damaged() -> bytes:
    data = bytearray(picture_file(Image.frombytes("RGB", (64, 64), random.Random(0).randbytes(64 * 64 * 3))))
    data[200:220] = bytes(20)
    return bytes(data)


def _another_format() -> bytes:
    return picture_file(Image.new("RGB", (3, 3)), "GIF")


def _no_picture() -> bytes:
    return b"<html>404 Not Found</html>"


def _nothing() -> bytes:
    return b""


@pytest.mark.parametrize("make", [_cut_off, _damaged, _another_format, _no_picture, _nothing])
def test_what_is_no_png_or_jpeg_is_refused_with_a_sentence(make: Callable[[], bytes]) -> None:
    with pytest.raises(MediaError, match="the picture is not a readable PNG or JPEG"):
        load_picture(make())


def _png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(9_000, 8_000), (11_000, 9_000), (60_000, 60_000)])
def test_a_small_file_that_claims_a_huge_picture_is_refused_before_it_is_decoded(
    size: tuple[int, int],
) -> None:
    with pytest.raises(MediaError, match="the picture is too large to decode"):
        load_picture(_png_that_claims(*size))


def test_no_mutation_of_a_picture_gives_a_traceback() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a fox"
    chance = random.Random(0)
    seeds = [
        picture_file(Image.new("RGB", (24, 16), "red"), "JPEG", exif=exif),
        picture_file(Image.new("RGBA", (24, 16), "red"), "PNG", exif=exif),
    ]
    refused = 0
    for _ in range(600):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 5)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # Pillow about broken EXIF
                load_picture(bytes(data))
        except MediaError:
            refused += 1

    assert 0 < refused < 600


@pytest.mark.parametrize("size", [(1, 1), (3, 1000), (1000, 3), (640, 360), (33, 77)])
def test_a_picture_of_any_shape_covers_the_frame(size: tuple[int, int]) -> None:
    covered = cover(Image.new("RGB", size, "white"), (128, 72))

    assert covered.size == (128, 72)
    assert covered.getextrema() == ((255, 255),) * 3


def test_a_picture_that_fits_already_is_left_as_it_is() -> None:
    picture = Image.frombytes("RGB", (16, 16), random.Random(0).randbytes(768))

    assert cover(picture, (16, 16)).tobytes() == picture.tobytes()


def test_what_sticks_out_is_cut_off_equally() -> None:
    wide = Image.new("RGB", (300, 100), "red")
    wide.paste((0, 0, 255), (100, 0, 200, 100))

    assert cover(wide, (100, 100)).getextrema() == ((0, 0), (0, 0), (255, 255))


def test_a_picture_file_keeps_every_level_where_it_can() -> None:
    picture = Image.frombytes("RGB", (64, 64), random.Random(0).randbytes(64 * 64 * 3))

    data, media_type = image_file(picture)

    assert (media_type, open_picture(data).tobytes()) == ("image/png", picture.tobytes())


def test_a_picture_file_is_never_larger_than_vendors_take() -> None:
    picture = Image.frombytes("RGB", (1400, 1400), random.Random(0).randbytes(1400 * 1400 * 3))

    data, media_type = image_file(picture)

    assert media_type == "image/jpeg"
    assert len(data) <= MAX_IMAGE_BYTES
    assert open_picture(data).size == (1400, 1400)

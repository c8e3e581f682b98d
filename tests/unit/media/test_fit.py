"""Pictures that are made to fit a video."""

import asyncio
import random
import struct
import zlib

import pytest
from PIL import ExifTags, Image, ImageCms

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.fit import fit_picture, fitted
from cogvid_pipeline.media.picture import MAX_IMAGE_BYTES, load_picture
from cogvid_pipeline.model.shot import Fit
from tests.clips import RGB, open_picture, picture_file

CROP, PAD = Fit("crop", "160x90"), Fit("pad", "160x90")
RED, BLACK = (255, 0, 0), (0, 0, 0)


def made(data: bytes, fit: Fit) -> Image.Image:
    picture = open_picture(fitted(data, fit)[0])
    assert (f"{picture.width}x{picture.height}", picture.mode) == (fit.size, "RGB")
    assert not picture.info.keys() & {"icc_profile", "transparency", "exif"}
    return picture


def near(found: object, colour: RGB) -> bool:
    assert isinstance(found, tuple)
    return all(abs(a - b) <= 3 for a, b in zip(found, colour, strict=True))


def stripes(*colours: RGB, wide: bool = True) -> Image.Image:
    """As many stripes of 100 pixels as there are colours, side by side or one below the other."""
    picture = Image.new("RGB", (100 * len(colours), 100) if wide else (100, 100 * len(colours)))
    for number, colour in enumerate(colours):
        at = (100 * number, 0) if wide else (0, 100 * number)
        picture.paste(colour, (*at, at[0] + 100, at[1] + 100))
    return picture


def test_what_is_cropped_fills_the_size_with_its_middle() -> None:
    tall = picture_file(stripes((0, 255, 0), RED, (0, 0, 255), wide=False))

    picture = made(tall, CROP)

    assert picture.getextrema() == ((255, 255), (0, 0), (0, 0))


def test_what_is_padded_is_whole_and_has_black_bars() -> None:
    tall, wide = (made(picture_file(stripes(RED, RED, RED, wide=wide)), PAD) for wide in (False, True))

    assert [tall.getpixel((x, 45)) for x in (0, 60, 80, 99, 159)] == [BLACK, BLACK, RED, BLACK, BLACK]
    assert [tall.getpixel((80, y)) for y in (0, 89)] == [RED, RED]
    assert [wide.getpixel((80, y)) for y in (0, 12, 45, 77, 89)] == [BLACK, BLACK, RED, BLACK, BLACK]
    assert [wide.getpixel((x, 45)) for x in (0, 159)] == [RED, RED]


def test_a_photograph_is_upright_before_it_is_cut() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    upright = stripes((0, 255, 0), RED, (0, 0, 255), wide=False)
    stored = picture_file(upright.transpose(Image.Transpose.ROTATE_90), exif=exif)

    assert made(stored, CROP).getextrema() == ((255, 255), (0, 0), (0, 0))


def test_transparency_is_put_over_black() -> None:
    clear = Image.new("RGBA", (160, 90), (255, 255, 255, 0))

    assert made(picture_file(clear), CROP).getextrema() == ((0, 0),) * 3


def _adobe_rgb() -> bytes:
    """A profile with a green far from that of sRGB: the sRGB profile with two primaries exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ", 128), profile.index(b"gXYZ", 128)
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


def test_colours_are_what_the_pictures_profile_says() -> None:
    red = picture_file(Image.new("RGB", (160, 90), RED), icc_profile=_adobe_rgb())

    assert near(made(red, CROP).getpixel((80, 45)), (0, 255, 0))


@pytest.mark.parametrize("profile", [b"no profile", _adobe_rgb()[:200], bytes(10_000)])
def test_a_profile_that_makes_no_sense_counts_as_none(profile: bytes) -> None:
    red = picture_file(Image.new("RGB", (160, 90), RED), "JPEG", icc_profile=profile, quality=95)

    assert near(made(red, CROP).getpixel((80, 45)), RED)


def test_a_profile_for_other_colours_counts_as_none() -> None:
    printed = Image.new("RGB", (160, 90), RED).convert("CMYK")

    picture = made(picture_file(printed, "JPEG", icc_profile=_adobe_rgb(), quality=95), CROP)

    assert near(picture.getpixel((80, 45)), RED)


def sixteen_bits(colour: RGB, size: tuple[int, int]) -> bytes:
    """A PNG of 16 bits a channel, which Pillow cannot write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    width, height = size
    row = b"\0" + struct.pack(">HHH", *(level * 257 for level in colour)) * width
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(row * height))
        + chunk(b"IEND", b"")
    )


def test_sixteen_bits_become_eight() -> None:
    data = fitted(sixteen_bits((200, 100, 50), (160, 90)), CROP)[0]

    assert data[24] == 8
    assert open_picture(data).getpixel((80, 45)) == (200, 100, 50)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (160, 90), colour) for colour in (RED, (0, 0, 255))]
    moving = picture_file(frames[0], save_all=True, append_images=frames[1:])

    picture = made(moving, CROP)

    assert picture.getextrema() == ((255, 255), (0, 0), (0, 0))
    assert not getattr(picture, "is_animated", False)


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_a_picture_that_needs_nothing_is_left_as_it_is(kind: str, media_type: str) -> None:
    data = picture_file(Image.new("RGB", (160, 90), RED), kind)

    assert fitted(data, CROP) == fitted(data, PAD) == (data, media_type)


def test_a_picture_of_the_right_size_may_still_be_turned() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    upside_down = Image.new("RGB", (160, 90), RED)
    upside_down.paste("blue", (0, 0, 160, 45))

    picture = made(picture_file(upside_down, exif=exif), CROP)

    assert [picture.getpixel((80, y)) for y in (10, 80)] == [RED, (0, 0, 255)]


def test_one_colour_of_a_picture_may_be_clear() -> None:
    red = picture_file(Image.new("RGB", (160, 90), RED), transparency=RED)

    assert made(red, CROP).getpixel((80, 45)) == BLACK


def test_the_same_picture_gives_the_same_bytes() -> None:
    noise = Image.frombytes("RGB", (300, 200), random.Random(0).randbytes(300 * 200 * 3))

    assert fitted(picture_file(noise), CROP) == fitted(picture_file(noise, compress_level=1), CROP)


def test_what_comes_out_is_never_larger_than_vendors_take() -> None:
    noise = Image.frombytes("RGB", (1920, 1080), random.Random(0).randbytes(1920 * 1080 * 3))

    data, media_type = fitted(picture_file(noise), Fit("crop", "1280x720"))
    larger, its_type = fitted(picture_file(noise, "JPEG", quality=60), Fit("crop", "2048x1080"))

    assert (media_type, its_type) == ("image/png", "image/jpeg")
    assert max(len(data), len(larger)) <= MAX_IMAGE_BYTES
    assert open_picture(larger).size == (2048, 1080)


def test_a_picture_that_cannot_be_decoded_is_refused_with_a_sentence() -> None:
    with pytest.raises(MediaError, match="the picture is not a readable PNG or JPEG"):
        fitted(picture_file(stripes(RED), "JPEG")[:-200], CROP)


def test_what_a_preview_shows_has_the_same_colours() -> None:
    red = picture_file(Image.new("RGB", (160, 90), RED), icc_profile=_adobe_rgb())

    assert load_picture(red).tobytes() == made(red, CROP).tobytes()


def test_an_event_loop_gets_the_same_picture() -> None:
    data = picture_file(stripes(RED))

    assert asyncio.run(fit_picture(data, CROP)) == fitted(data, CROP)


def test_a_plain_picture_of_the_right_size_that_is_too_large_to_be_sent_is_made_smaller() -> None:
    noise = Image.frombytes("RGB", (1600, 1200), random.Random(1).randbytes(1600 * 1200 * 3))
    data = picture_file(noise)
    assert len(data) > MAX_IMAGE_BYTES

    sent, media_type = fitted(data, Fit("crop", "1600x1200"))

    assert len(sent) <= MAX_IMAGE_BYTES
    assert (media_type, open_picture(sent).size) == ("image/jpeg", (1600, 1200))

"""Contact sheets and posters, of real clips."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media import contact_sheet as module
from cogvid_pipeline.media.contact_sheet import Strip, contact_sheet
from cogvid_pipeline.media.frames import frame_picture
from cogvid_pipeline.media.poster import write_poster, write_thumbnail
from tests.clips import make_clip, number_of, open_picture, picture_file


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "cat.mp4", size=(320, 180), frames=30)


def frames_on(sheet: Image.Image, top: int, left: int, width: int, height: int) -> list[int]:
    """The numbers that the three frames of a strip show."""
    return [
        number_of(sheet.crop((x, top, x + width, top + height)))
        for x in (left, left + width + 1, left + 2 * (width + 1))
    ]


def first_strip(sheet: Image.Image) -> tuple[int, int, int]:
    """Where the first strip is, and how wide its frames are: numbered frames begin with black."""
    ground = sheet.getpixel((1, 1))
    pixels = sheet.load()
    assert pixels
    middle = sheet.height // 2
    left = next(x for x in range(sheet.width) if pixels[x, middle] != ground)
    top = next(y for y in range(middle, 0, -1) if pixels[left + 3, y] == ground) + 1
    right = next(x for x in range(left, sheet.width) if pixels[x, middle] == ground)
    return left, top, right - left


def test_a_strip_has_the_first_the_middle_and_the_last_frame(clip: Path) -> None:
    sheet = open_picture(contact_sheet("Cats", [Strip("01", "cat", clip)]))

    left, top, width = first_strip(sheet)

    assert width == 400
    assert frames_on(sheet, top, left, 400, 225) == [0, 15, 29]


def test_the_middle_of_a_clip_is_found(clip: Path) -> None:
    assert number_of(frame_picture(clip, "middle")) == 15


def test_a_poster_is_a_small_jpeg_of_the_middle(clip: Path, tmp_path: Path) -> None:
    write_poster(clip, tmp_path / "poster", size=(160, 90))

    poster = Image.open(BytesIO((tmp_path / "poster").read_bytes()))

    assert (poster.format, poster.size) == ("JPEG", (160, 90))
    assert number_of(poster) == 15


def test_a_thumbnail_is_small_and_keeps_its_shape(tmp_path: Path) -> None:
    write_thumbnail(picture_file(Image.new("RGB", (1600, 900), "red")), tmp_path / "thumbnail")

    thumbnail = Image.open(BytesIO((tmp_path / "thumbnail").read_bytes()))

    assert (thumbnail.format, thumbnail.size) == ("JPEG", (640, 360))


def test_the_same_clips_make_the_same_sheet(clip: Path) -> None:
    strips = [Strip("01", "猫", clip), Strip("02", "dog", None)]

    assert contact_sheet("电影", strips) == contact_sheet("电影", strips)


def test_where_there_is_no_clip_the_frames_are_blank(clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:500])

    sheet = open_picture(contact_sheet("Cats", [Strip("01", "cat", None), Strip("02", "dog", broken)]))

    assert len(sheet.convert("L").getcolors(256) or []) < 256
    assert max(level for _, level in sheet.convert("L").getcolors(256) or []) > 200  # the title


def test_a_story_without_shots_has_a_sheet_too() -> None:
    assert open_picture(contact_sheet("Nothing", [])).size > (100, 50)


@pytest.mark.parametrize("count", [1, 7, 60, 500, 2_000])
def test_a_sheet_is_never_too_large_to_show(count: int) -> None:
    sheet = open_picture(contact_sheet("Film", [Strip(f"{n}", f"shot-{n}", None) for n in range(count)]))

    assert max(sheet.size) <= 8_000
    assert 0.4 < sheet.width / sheet.height < 3.5


def test_a_sheet_that_is_too_heavy_is_made_again_with_smaller_frames(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strips = [Strip("01", "cat", clip)]
    full = contact_sheet("Cats", strips)
    monkeypatch.setattr(module, "_MOST_BYTES", len(full) - 1)

    smaller = contact_sheet("Cats", strips)

    assert len(smaller) < len(full)
    assert open_picture(smaller).width < open_picture(full).width


def test_more_shots_than_fit_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_PIXELS", 1_000)

    with pytest.raises(MediaError, match="2 shots do not fit"):
        contact_sheet("Film", [Strip("01", "a", None), Strip("02", "b", None)])


def test_upright_clips_have_upright_frames(tmp_path: Path) -> None:
    tall = make_clip(tmp_path / "tall.mp4", size=(90, 160), frames=3)

    sheet = open_picture(contact_sheet("Tall", [Strip("01", "tower", tall)]))

    assert sheet.height > 0.5 * sheet.width

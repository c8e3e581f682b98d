"""The bar at the foot of previews, and the cards for shots without a picture."""

import pytest
from PIL import Image, ImageChops

from cogvid_pipeline.media.card import draw_card
from cogvid_pipeline.media.palette import BAR, INK
from cogvid_pipeline.media.slate import Slate, bar_height, timecode

SIZES = [(1280, 720), (720, 1280), (1024, 1024), (320, 180), (64, 64), (2048, 1080)]
LONG = "skyline.dusk-clear-and-a-name-that-goes-on-for-as-long-as-names-may-be"


@pytest.mark.parametrize(
    ("number", "fps", "code"),
    [
        (0, 30, "00:00:00:00"),
        (29, 30, "00:00:00:29"),
        (30, 30, "00:00:01:00"),
        (599, 60, "00:00:09:59"),
        (108_000, 30, "01:00:00:00"),
    ],
)
def test_a_time_code_counts_hours_minutes_seconds_and_frames(number: int, fps: int, code: str) -> None:
    assert timecode(number, fps) == code


@pytest.mark.parametrize("size", SIZES)
def test_the_bar_is_as_wide_as_the_picture_and_low(size: tuple[int, int]) -> None:
    bar = Slate(LONG, "1280×720  ·  30 fps" * 5, size, fps=30, frames=150).at(0)

    assert bar.size == (size[0], bar_height(size))
    assert bar.height % 2 == 0
    assert bar.height <= max(size[1] * 0.055, 16)


def test_the_bar_covers_that_of_a_clip_of_another_shape() -> None:
    for first in SIZES[:3]:
        for second in SIZES[:3]:
            grown = max(second[0] / first[0], second[1] / first[1])
            visible = bar_height(first) * grown - (first[1] * grown - second[1]) / 2
            assert visible <= bar_height(second) + 2


def test_the_clock_runs_and_the_rest_stands_still() -> None:
    slate = Slate("arrival", "30 fps", (1280, 720), fps=30, frames=150)

    box = ImageChops.difference(
        slate.at(0).crop((0, 4, 1280, 36)), slate.at(7).crop((0, 4, 1280, 36))
    ).getbbox()

    assert box is not None
    assert box[0] > 1280 - 150


def test_the_line_grows_to_the_full_width() -> None:
    slate = Slate("arrival", "30 fps", (1280, 720), fps=30, frames=100)

    lit = [
        sum(slate.at(number).getpixel((x, 0)) == (230, 173, 85) for x in range(1280))
        for number in (0, 49, 99)
    ]

    assert lit == [13, 640, 1280]


@pytest.mark.parametrize("size", SIZES[:3])
def test_a_long_name_stays_clear_of_the_clock(size: tuple[int, int]) -> None:
    named = Slate(LONG * 3, "facts " * 50, size, fps=30, frames=10).at(0)
    bare = Slate("", "", size, fps=30, frames=10).at(0)

    below_the_line = (0, 4, *bare.size)
    clock = ImageChops.difference(bare, Image.new("RGB", bare.size, BAR)).crop(below_the_line).getbbox()
    changed = ImageChops.difference(named, bare).crop(below_the_line)
    assert clock is not None
    assert changed.getbbox() is not None
    assert changed.crop(clock).getbbox() is None


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("text", ["The lantern sways.", "灯" * 512, "", "🦊" * 512, "\u202e\x00", "x" * 5000])
def test_a_card_keeps_its_words_inside_its_margins(size: tuple[int, int], text: str) -> None:
    card = draw_card("arrival", text, "First frame: https://example.com/" + "a/" * 300, size)
    blank = draw_card("", "", "", size)

    box = ImageChops.difference(card, blank).getbbox()

    assert box is not None
    assert box[0] >= size[0] * 0.08
    assert box[2] <= size[0] * 0.93 + 1
    assert box[3] <= size[1] - bar_height(size)


def test_a_card_is_drawn_the_same_each_time() -> None:
    assert draw_card("a", "b", "c", (320, 180)).tobytes() == draw_card("a", "b", "c", (320, 180)).tobytes()


def test_a_prompt_is_set_in_ink() -> None:
    card = draw_card("arrival", "灯", "From words alone", (1280, 720))

    assert tuple(int(INK[at : at + 2], 16) for at in (1, 3, 5)) in [
        colour for _, colour in card.getcolors(1 << 24) or []
    ]

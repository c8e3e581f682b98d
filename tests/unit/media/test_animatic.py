"""Stills that move."""

import math
import random
from itertools import pairwise

from av.video.reformatter import VideoReformatter
from PIL import Image, ImageChops, ImageStat

from cogvid_pipeline.media.animatic import PUSH, animate, cross_fade, push_in, stand
from cogvid_pipeline.media.colour import to_bt709, to_rgb
from cogvid_pipeline.media.planes import Planes, Splitter
from cogvid_pipeline.media.slate import Slate, bar_height
from tests.clips import COLOURS, to_yuv

SIZE = (160, 90)


def _noise(seed: int) -> Image.Image:
    coarse = Image.frombytes("RGB", (16, 9), random.Random(seed).randbytes(16 * 9 * 3))
    return coarse.resize(SIZE, Image.Resampling.BICUBIC)


def _bytes(planes: Planes) -> list[bytes]:
    return [plane.tobytes() for plane in planes]


def _dot(x: float) -> Image.Image:
    picture = Image.new("RGB", SIZE, "black")
    picture.paste((255, 255, 255), (int(x) - 2, 43, int(x) + 2, 47))
    return picture


def _middle_of_light(plane: Image.Image) -> float:
    columns = plane.crop((0, 40, plane.width, 50)).resize((plane.width, 1), Image.Resampling.BOX).tobytes()
    weights = [level - 16 for level in columns]
    return sum(x * weight for x, weight in enumerate(weights)) / sum(weights)


def test_a_picture_that_stands_is_the_same_at_any_time() -> None:
    motion = stand(_noise(1))

    assert (
        _bytes(motion(0)) == _bytes(motion(0.5)) == _bytes(motion(1)) == _bytes(Splitter().planes(_noise(1)))
    )


def test_a_push_in_begins_with_the_picture_itself() -> None:
    assert _bytes(push_in(_noise(1))(0)) == _bytes(Splitter().planes(_noise(1)))


def test_a_push_in_moves_evenly_by_fractions_of_a_pixel() -> None:
    motion = push_in(_dot(140))

    places = [_middle_of_light(motion(step / 40)[0]) for step in range(41)]
    steps = [after - before for before, after in pairwise(places)]

    assert math.isclose(places[-1] - places[0], (140 - 80) * PUSH, abs_tol=0.15)
    assert all(0 < step < 0.25 for step in steps)


def test_a_cross_fade_begins_with_the_first_picture_and_ends_with_the_last() -> None:
    motion = cross_fade(_noise(1), _noise(2))

    assert _bytes(motion(0)) == _bytes(Splitter().planes(_noise(1)))
    assert _bytes(motion(1)) == _bytes(Splitter().planes(_noise(2)))


def test_a_cross_fade_shows_both_halfway() -> None:
    middle = cross_fade(Image.new("RGB", SIZE, "black"), Image.new("RGB", SIZE, "white"))(0.5)

    assert abs(ImageStat.Stat(middle[0]).mean[0] - (16 + 235) / 2) <= 1


def test_the_slate_lies_at_the_foot_of_each_frame() -> None:
    slate = Slate("arrival", "30 fps", SIZE, fps=30, frames=4)
    foot = bar_height(SIZE)

    frames = [to_rgb(frame) for frame in animate(stand(_noise(1)), slate, 4)]

    for number, frame in enumerate(frames):
        assert frame.size == SIZE
        bar = Image.new("RGB", SIZE)
        bar.paste(slate.at(number), (0, SIZE[1] - foot))
        off = ImageChops.difference(frame, bar).crop((0, SIZE[1] - foot + 4, *SIZE)).convert("L")
        assert ImageStat.Stat(off).mean[0] < 4
    above = (0, 0, SIZE[0], SIZE[1] - foot - 6)
    assert frames[0].crop(above).tobytes() == frames[3].crop(above).tobytes()


def test_a_clip_of_one_frame_shows_its_beginning() -> None:
    slate = Slate("arrival", "30 fps", SIZE, fps=30, frames=1)

    assert len(list(animate(push_in(_noise(1)), slate, 1))) == 1


def test_colours_become_bt709() -> None:
    for colour in COLOURS:
        frame = to_bt709(Image.new("RGB", (32, 32), colour), VideoReformatter())
        found = [bytes(plane)[plane.line_size * 4 + 4] for plane in frame.planes]
        expected = to_yuv(colour, "bt709", full_range=False)
        assert all(abs(a - b) <= 1 for a, b in zip(found, expected, strict=True)), colour

from fractions import Fraction
from pathlib import Path

import pytest

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.film.letterbox import largest
from cogvid_pipeline.media.film.pictures import clip_pictures
from tests.clips import make_clip, number_of

SIZE = (128, 64)


def numbers(path: Path, start: int, count: int, rate: int = 30) -> list[int]:
    pictures = clip_pictures(path, rate=Fraction(rate), size=SIZE, start=start, count=count)
    return [number_of(planes[0]) for planes in pictures]


@pytest.mark.parametrize("groups", ["open-gop=0", "open-gop=1:scenecut=0"])
def test_a_piece_may_begin_with_any_frame_whatever_the_key_frames(tmp_path: Path, groups: str) -> None:
    options = {"x264-params": f"{groups}:bframes=3:b-adapt=0"}
    clip = make_clip(tmp_path / "clip.mp4", frames=30, gop=6, b_frames=3, options=options)

    assert [numbers(clip, start, 2) for start in range(29)] == [[start, start + 1] for start in range(29)]


def test_after_its_end_the_last_frame_stands(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", frames=10)

    assert numbers(clip, 8, 5) == [8, 9, 9, 9, 9]
    assert numbers(clip, 50, 2) == [9, 9]


def test_time_stamps_that_are_rounded_to_milliseconds_lose_no_frame(tmp_path: Path) -> None:
    times = [round(number / 30, 3) for number in range(60)]
    clip = make_clip(tmp_path / "clip.mp4", frames=60, times=times, fps=1000)

    assert numbers(clip, 0, 60) == list(range(60))


def test_a_clip_of_which_nothing_decodes_is_an_error(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", frames=3)
    data = bytearray(clip.read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = bytes(len(data) - start)
    clip.write_bytes(data)

    with pytest.raises(MediaError):
        numbers(clip, 0, 3)


@pytest.mark.parametrize(
    ("shown", "into", "size"),
    [
        ((1920, 1080), (1280, 720), (1280, 720)),
        ((1080, 1920), (1920, 1080), (608, 1080)),
        ((1920, 800), (1920, 1080), (1920, 800)),
        ((1281, 721), (1280, 720), (1280, 720)),
        ((1, 8192), (100, 100), (2, 100)),
        ((64, 36), (1920, 1080), (1920, 1080)),
    ],
)
def test_a_picture_is_as_large_as_it_can_be_in_its_shape(
    shown: tuple[int, int], into: tuple[int, int], size: tuple[int, int]
) -> None:
    assert largest((Fraction(shown[0]), Fraction(shown[1])), into) == size

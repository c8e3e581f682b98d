"""Single frames out of clips."""

import asyncio
import random
from pathlib import Path

import av
import pytest
from PIL import Image

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.frames import ClipFrames, frame_image
from cogvid_pipeline.media.picture import MAX_IMAGE_BYTES
from tests.clips import COLOURS, RGB, YUV, Matrix, flat, make_clip, number_of, open_picture

SHAPES = {
    "B-frames": {"b_frames": 3},
    "no B-frames": {"b_frames": 0},
    "one key frame": {"gop": 250},
    "open groups of pictures": {"options": {"x264-params": "open-gop=1:bframes=3:b-adapt=0:scenecut=0"}},
    "fragments": {"muxer": {"movflags": "frag_keyframe+empty_moov"}},
    "no edit list": {"muxer": {"use_editlist": "0"}},
    "sound": {"audio": True},
}


def number_at(clip: Path, at: str | float) -> int:
    return number_of(open_picture(frame_image(clip, at)[0]))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_frame_of_a_clip_can_be_had(tmp_path: Path, shape: str) -> None:
    clip = make_clip(tmp_path / "clip", frames=40, **SHAPES[shape])

    assert number_at(clip, "first") == 0
    assert number_at(clip, "last") == 39
    assert [number_at(clip, number / 30) for number in range(40)] == list(range(40))


@pytest.mark.parametrize(("at", "number"), [(0, 0), (0.7, 21), (0.69, 20), (0.999, 29), (1, 30), (60, 39)])
def test_a_time_stands_for_the_frame_that_is_shown_then(tmp_path: Path, at: float, number: int) -> None:
    assert number_at(make_clip(tmp_path / "clip", frames=40), at) == number


def test_frames_need_not_be_evenly_spaced(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip", frames=6, times=[0, 0.1, 0.5, 0.6, 2, 2.1])

    assert [number_at(clip, at) for at in (0.05, 0.3, 0.5, 1.99, 2, "last")] == [0, 1, 2, 3, 4, 5]


def test_times_count_from_the_first_frame_that_is_shown(tmp_path: Path) -> None:
    later = [0.5 + number / 30 for number in range(30)]
    clip = make_clip(tmp_path / "clip", times=later, b_frames=0, muxer={"use_editlist": "0"})

    assert [number_at(clip, at) for at in ("first", 0, 0.1, "last")] == [0, 0, 3, 29]


def test_frames_that_an_edit_list_hides_are_not_there(tmp_path: Path) -> None:
    early = [(number - 10) / 30 for number in range(30)]
    clip = make_clip(
        tmp_path / "clip", times=early, b_frames=0, gop=30, muxer={"avoid_negative_ts": "disabled"}
    )

    assert [number_at(clip, at) for at in ("first", 0, 0.1, "last")] == [10, 10, 13, 29]


def test_the_last_frame_is_the_last_that_decodes(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip", frames=40, b_frames=0, gop=250, muxer={"movflags": "0"})
    data = clip.read_bytes()
    with av.open(str(clip)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    clip.write_bytes(
        data[: places[35]] + bytes(data.index(b"moov") - 4 - places[35]) + data[data.index(b"moov") - 4 :]
    )

    assert number_at(clip, "last") == 34


def test_the_last_frame_comes_before_a_key_frame_that_does_not_decode(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip", frames=24, b_frames=0, gop=12, muxer={"movflags": "0"})
    data = clip.read_bytes()
    with av.open(str(clip)) as container:
        start = [packet.pos for packet in container.demux(video=0) if packet.size][12]
    end = data.index(b"moov") - 4
    clip.write_bytes(data[:start] + bytes(end - start) + data[end:])

    assert number_at(clip, "last") == 11


def test_a_clip_without_a_frame_that_decodes_has_none_to_give(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip", muxer={"movflags": "0"})
    data = clip.read_bytes()
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    clip.write_bytes(data[:start] + bytes(end - start) + data[end:])

    with pytest.raises(MediaError, match="no frame that can be decoded"):
        frame_image(clip, "last")


@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", ["bt709", "bt601"])
def test_colours_are_those_that_the_clip_is_tagged_with(
    tmp_path: Path, matrix: Matrix, full_range: bool
) -> None:
    # A size for which one would guess the other matrix.
    size = (128, 64) if matrix == "bt709" else (64, 720)
    for number, colour in enumerate(COLOURS):
        clip = make_clip(
            tmp_path / f"{number}",
            size=size,
            frames=2,
            paint=flat(colour, matrix, full_range=full_range),
            tags=matrix,
            full_range=full_range,
        )
        assert_near(open_picture(frame_image(clip, "last")[0]), colour)


@pytest.mark.parametrize(("lines", "matrix"), [(720, "bt709"), (718, "bt601")])
def test_untagged_colours_depend_on_the_number_of_lines(tmp_path: Path, lines: int, matrix: Matrix) -> None:
    for number, colour in enumerate(COLOURS):
        clip = make_clip(tmp_path / f"{number}", size=(64, lines), frames=1, paint=flat(colour, matrix))
        assert_near(open_picture(frame_image(clip, "first")[0]), colour)


def assert_near(picture: Image.Image, colour: RGB) -> None:
    for place in ((0, 0), (picture.width // 2, picture.height // 2), (picture.width - 1, picture.height - 1)):
        found = picture.getpixel(place)
        assert isinstance(found, tuple)
        assert all(abs(a - b) <= 2 for a, b in zip(found, colour, strict=True)), (found, colour)


def _white_top_left(_number: int, width: int, height: int) -> YUV:
    half = width // 2
    rows = [
        b"\xeb" * half + b"\x10" * half if row < height // 2 else b"\x10" * width for row in range(height)
    ]
    neutral = b"\x80" * (width * height // 4)
    return b"".join(rows), neutral, neutral


@pytest.mark.skipif(not hasattr(av.video.stream.VideoStream, "set_display_rotation"), reason="needs PyAV 18")
@pytest.mark.parametrize(("rotation", "corner"), [(90, (0, 1)), (180, (1, 1)), (-90, (1, 0))])
def test_a_frame_is_turned_as_players_turn_it(tmp_path: Path, rotation: int, corner: tuple[int, int]) -> None:
    clip = make_clip(tmp_path / "clip", size=(128, 64), frames=1, paint=_white_top_left, rotation=rotation)

    picture = open_picture(frame_image(clip, "first")[0]).convert("L")

    assert picture.size == ((128, 64) if rotation == 180 else (64, 128))
    corners = {
        (x, y): picture.getpixel((x * (picture.width - 1), y * (picture.height - 1)))
        for x in (0, 1)
        for y in (0, 1)
    }
    assert [place for place, level in corners.items() if int(level or 0) > 127] == [corner]


def test_a_frame_is_a_png_where_that_fits(tmp_path: Path) -> None:
    data, media_type = frame_image(make_clip(tmp_path / "clip"), "first")

    assert media_type == "image/png"
    assert open_picture(data).format == "PNG"


def test_a_grainy_frame_in_4k_is_the_best_jpeg_that_fits(tmp_path: Path) -> None:
    noise = random.Random(0).randbytes(3840 * 2160)
    quarter = noise[: 1920 * 1080]
    clip = make_clip(
        tmp_path / "clip",
        size=(3840, 2160),
        frames=1,
        paint=lambda *_: (noise, quarter, quarter),
        options={"preset": "ultrafast", "crf": "8"},
    )

    data, media_type = frame_image(clip, "last")

    picture = open_picture(data)
    assert media_type == "image/jpeg"
    assert 0.9 * MAX_IMAGE_BYTES < len(data) <= MAX_IMAGE_BYTES
    assert (picture.format, picture.size, picture.mode) == ("JPEG", (3840, 2160), "RGB")
    assert [(part[1], part[2]) for part in picture.layer] == [(1, 1)] * 3


def test_an_event_loop_gets_the_same_frame(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip")

    assert asyncio.run(ClipFrames().extract(clip, 0.5)) == frame_image(clip, 0.5)

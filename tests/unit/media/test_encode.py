"""Clips that are made here."""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame
from PIL import Image, ImageChops, ImageStat

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.encode import MASTER, PREVIEW, write_clip
from cogvid_pipeline.media.frames import frame_image
from cogvid_pipeline.media.planes import Splitter, to_frame
from cogvid_pipeline.media.probe import describe
from tests.clips import open_picture

SIZE = (160, 90)


def _scene() -> Image.Image:
    """Soft shapes, hard edges and saturated colours."""
    scene = Image.frombytes("RGB", (8, 5), random.Random(1).randbytes(120)).resize(
        SIZE, Image.Resampling.BICUBIC
    )
    for number, colour in enumerate(["red", "lime", "blue", "white", "black", "orange"]):
        scene.paste(colour, (10 + 24 * number, 30, 26 + 24 * number, 60))
    return scene


def _frames(picture: Image.Image, count: int) -> Iterator[VideoFrame]:
    planes = Splitter().planes(picture)
    for _ in range(count):
        yield to_frame(planes)


def test_a_clip_is_as_asked(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip", _frames(_scene(), 45), size=SIZE, fps=30, tone=1.5)

    found = describe(tmp_path / "clip", "abc")
    assert (found.width, found.height, found.fps, found.duration, found.audio) == (160, 90, 30.0, 1.5, True)


@pytest.mark.parametrize("settings", [PREVIEW, MASTER], ids=["preview", "master"])
def test_the_same_frames_are_the_same_bytes_whatever_else_is_in_memory(
    tmp_path: Path, settings: Mapping[str, str]
) -> None:
    scene = _scene().resize((320, 180))
    turned = [Splitter().planes(scene.rotate(3 * number)) for number in range(12)]
    dice = random.Random(1)

    def frames() -> Iterator[VideoFrame]:
        for planes in turned:
            litter = [bytes([dice.randrange(256)]) * 4096 * dice.randrange(1, 32) for _ in range(20)]
            del litter[::2]
            yield to_frame(planes)

    made = set()
    for _ in range(10):
        write_clip(tmp_path / "clip", frames(), size=(320, 180), fps=30, settings=settings)
        made.add((tmp_path / "clip").read_bytes())

    assert len(made) == 1


def test_a_clip_is_h264_in_bt709_and_can_be_played_while_it_loads(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip", _frames(_scene(), 5), size=SIZE, fps=30, tone=0)

    with av.open(str(tmp_path / "clip")) as container:
        video = container.streams.video[0].codec_context
        assert (video.name, video.pix_fmt) == ("h264", "yuv420p")
        assert (video.color_primaries, video.color_trc, video.colorspace, video.color_range) == (1, 1, 1, 1)
        assert not container.streams.audio
    data = (tmp_path / "clip").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_tone_is_heard_for_as_long_as_the_picture_is_seen(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip", _frames(_scene(), 60), size=SIZE, fps=30, tone=2)

    with av.open(str(tmp_path / "clip")) as container:
        audio = container.streams.audio[0]
        assert audio.duration is not None
        assert float(audio.duration * audio.time_base) == 2.0
        loudest = max(
            abs(level) for frame in container.decode(audio) for level in memoryview(frame.planes[0]).cast("f")
        )
    assert 0.08 < loudest < 0.12


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_clip(tmp_path / name, _frames(_scene(), 40), size=SIZE, fps=30, tone=1)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_chain_of_clips_does_not_drift(tmp_path: Path) -> None:
    """Frame to clip to frame, five times: neither colours nor edges wander."""
    scene = _scene()
    picture = scene
    for generation in range(5):
        clip = tmp_path / str(generation)
        write_clip(clip, _frames(picture, 12), size=SIZE, fps=30, tone=0)
        picture = open_picture(frame_image(clip, "last")[0])

    first = open_picture(frame_image(tmp_path / "0", "last")[0])
    # Halving the chroma blurs these edges anew each time; chroma that wanders is off by twice as much.
    assert max(ImageStat.Stat(ImageChops.difference(first, picture)).mean) < 5
    for number in range(6):
        patch = (14 + 24 * number, 36, 22 + 24 * number, 54)
        before, after = (ImageStat.Stat(image.crop(patch)).mean for image in (scene, picture))
        assert all(abs(a - b) <= 2 for a, b in zip(before, after, strict=True)), (number, before, after)


def test_what_goes_wrong_leaves_nothing_behind(tmp_path: Path) -> None:
    def failing() -> Iterator[VideoFrame]:
        yield from _frames(_scene(), 3)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_clip(tmp_path / "clip", failing(), size=SIZE, fps=30, tone=0)

    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_was_there_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    (tmp_path / "clip").write_bytes(b"old")

    def looking() -> Iterator[VideoFrame]:
        for frame in _frames(_scene(), 3):
            assert (tmp_path / "clip").read_bytes() == b"old"
            yield frame

    write_clip(tmp_path / "clip", looking(), size=SIZE, fps=30, tone=0)

    assert describe(tmp_path / "clip", "abc").duration == 0.1


def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"cannot write .*missing/clip: No such file or directory"):
        write_clip(tmp_path / "missing" / "clip", _frames(_scene(), 3), size=SIZE, fps=30, tone=0)

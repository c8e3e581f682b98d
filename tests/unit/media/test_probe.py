"""Checking clips from strangers."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.probe import describe
from cogvid_pipeline.model.attempt import Clip
from tests.clips import flat, make_clip


def test_a_clip_is_described_as_it_was_made(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip", size=(160, 90), fps=24, frames=36, audio=True)

    found = describe(path, "abc")

    assert found == Clip("abc", path.stat().st_size, 160, 90, 24.0, 1.5, audio=True)


def test_a_clip_without_sound_is_said_to_have_none(tmp_path: Path) -> None:
    assert not describe(make_clip(tmp_path / "clip"), "abc").audio


def test_a_fragmented_clip_has_its_duration(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip", frames=45, muxer={"movflags": "frag_keyframe+empty_moov"})

    assert describe(path, "abc").duration == 1.5


def test_a_clip_of_which_only_the_head_arrived_is_refused(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip", muxer={"movflags": "frag_keyframe+empty_moov"})
    clip = path.read_bytes()
    path.write_bytes(clip[: clip.index(b"moof") - 4])

    with pytest.raises(MediaError, match="has no frame that can be decoded"):
        describe(path, "abc")


@pytest.mark.parametrize(
    "muxer", [{"movflags": "+faststart"}, {"movflags": "0"}], ids=["index first", "index last"]
)
@pytest.mark.parametrize("kept", [0.5, 0.9, 0.999])
def test_a_clip_that_was_cut_off_is_refused(tmp_path: Path, muxer: dict[str, str], kept: float) -> None:
    path = make_clip(tmp_path / "clip", frames=90, muxer=muxer)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])

    with pytest.raises(MediaError):
        describe(path, "abc")


def test_a_clip_that_lacks_its_end_is_said_to_be_cut_short(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip")
    path.write_bytes(path.read_bytes()[:-7])

    with pytest.raises(MediaError, match="is cut short: 7 bytes"):
        describe(path, "abc")


def test_boxes_with_long_sizes_and_open_ends_are_followed(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip")
    clip = path.read_bytes()
    path.write_bytes(
        clip + (1).to_bytes(4) + b"free" + (24).to_bytes(8) + bytes(8) + bytes(4) + b"free" + b"rest"
    )

    assert describe(path, "abc").duration == 1.0


def test_a_large_box_that_was_cut_off_is_noticed_by_its_long_size(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip")
    path.write_bytes(path.read_bytes() + (1).to_bytes(4) + b"mdat" + (1 << 40).to_bytes(8))

    with pytest.raises(MediaError, match="is cut short"):
        describe(path, "abc")


def _garbled(clip: bytes, at: float) -> bytes:
    """The clip with everything after that share of its video data turned into 0xFF."""
    start = clip.index(b"mdat") + 4
    cut = start + int((len(clip) - start) * at)
    return clip[:cut] + b"\xff" * (len(clip) - cut)


@pytest.mark.parametrize("at", [0, 0.9], ids=["from the start", "at the end"])
def test_a_clip_whose_pictures_are_damaged_is_refused(tmp_path: Path, at: float) -> None:
    path = make_clip(tmp_path / "clip", frames=60)
    path.write_bytes(_garbled(path.read_bytes(), at))

    with pytest.raises(MediaError, match="is not a playable MP4"):
        describe(path, "abc")


def _playlist(path: Path) -> None:
    make_clip(path.with_name("other.mp4"))
    path.write_text("#EXTM3U\n#EXTINF:1,\nother.mp4\n#EXT-X-ENDLIST\n")


def _concatenation(path: Path) -> None:
    make_clip(path.with_name("other.mp4"))
    path.write_text("ffconcat version 1.0\nfile other.mp4\n")


def _matroska(path: Path) -> None:
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode())


def _sound(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48_000)
        frame = av.AudioFrame(format="fltp", layout="mono", samples=4096)
        frame.sample_rate = 48_000
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _no_file(path: Path) -> None:
    path.unlink(missing_ok=True)


def _nothing(path: Path) -> None:
    path.write_bytes(b"")


def _web_page(path: Path) -> None:
    path.write_text("<html><body>404 Not Found</body></html>" * 100)


@pytest.mark.parametrize(
    "make", [_playlist, _concatenation, _matroska, _sound, _no_file, _nothing, _web_page]
)
def test_what_is_no_mp4_with_a_picture_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "clip.mp4"
    make(path)

    with pytest.raises(MediaError):
        describe(path, "abc")


def test_a_picture_larger_than_any_vendor_makes_is_refused(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip", size=(8208, 32), frames=1, paint=flat((9, 9, 9), "bt709"))

    with pytest.raises(MediaError, match="8208x32, which is not believable"):
        describe(path, "abc")


def test_names_that_look_like_addresses_are_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_clip(tmp_path / "clip").rename("http:clip")

    assert describe(Path("http:clip"), "abc").duration == 1.0


def test_metadata_that_is_not_text_does_no_harm(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip", muxer={"movflags": "0"})
    clip = path.read_bytes()
    path.write_bytes(clip.replace(b"Lavf", b"\xff\xfe\xff\xfe"))

    assert describe(path, "abc").duration == 1.0


@pytest.mark.skipif(not hasattr(av.video.stream.VideoStream, "set_display_rotation"), reason="needs PyAV 18")
@pytest.mark.parametrize(("rotation", "size"), [(90, (64, 128)), (180, (128, 64))])
def test_a_clip_has_the_size_that_it_is_shown_with(
    tmp_path: Path, rotation: int, size: tuple[int, int]
) -> None:
    found = describe(make_clip(tmp_path / "clip", size=(128, 64), rotation=rotation), "abc")

    assert (found.width, found.height) == size

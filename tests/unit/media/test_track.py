from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cogvid_pipeline.media.film.track import read_track
from tests.clips import TICKS, make_clip


def make(tmp_path: Path, **how: Any) -> Path:
    return make_clip(tmp_path / "clip.mp4", **{"frames": 20, "tags": "bt709", **how})


def test_packets_come_in_the_order_of_decoding(tmp_path: Path) -> None:
    track = read_track(make(tmp_path, b_frames=2), Fraction(30))

    assert track is not None
    assert sorted(track.order) == list(range(20))
    assert track.delay > 0
    assert track.coding.mixable


def test_time_stamps_in_milliseconds_are_still_at_their_places(tmp_path: Path) -> None:
    clip = make(tmp_path, times=[round(number / 30, 3) for number in range(20)], fps=1000)

    assert read_track(clip, Fraction(30)) is not None


def hidden(tmp_path: Path) -> Path:
    """A clip whose first frames an edit list leaves out."""
    path = make(tmp_path, b_frames=0)
    data = bytearray(path.read_bytes())
    entry = data.index(b"elst") + 12  # after version, flags and the count
    data[entry + 4 : entry + 8] = (10 * TICKS // 30).to_bytes(4)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "how",
    [
        {"fps": 25},
        {"times": [(number + 0.35 * (number % 2)) / 30 for number in range(20)], "fps": 600},
        {"times": [number / 30 for number in range(19)] + [1.0]},
        {"rotation": 90},
        {"options": {"x264-params": "sar=1/2"}},
    ],
    ids=["another rate", "trembling", "a gap", "turned", "stretched"],
)
def test_a_clip_that_is_not_shown_frame_by_frame_as_it_is_cannot_be_copied(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    assert read_track(make(tmp_path, **how), Fraction(30)) is None


def test_a_clip_that_leaves_out_frames_cannot_be_copied(tmp_path: Path) -> None:
    assert read_track(hidden(tmp_path), Fraction(30)) is None


@pytest.mark.parametrize(
    ("how", "mixable"),
    [
        ({}, True),
        ({"tags": None}, False),
        ({"tags": None, "size": (16, 720)}, True),
        ({"tags": "bt601"}, False),
        ({"full_range": True}, False),
        ({"options": {"x264-params": "sps-id=31"}}, False),
    ],
    ids=["BT.709", "untagged and small", "untagged and large", "BT.601", "full range", "the same number"],
)
def test_a_clip_mixes_with_what_is_encoded_where_its_colours_and_numbers_let_it(
    tmp_path: Path, how: dict[str, Any], mixable: bool
) -> None:
    track = read_track(make(tmp_path, **how), Fraction(30))

    assert track is not None
    assert track.coding.mixable is mixable

"""Which frame of a clip a time stands for, whatever the file does with time."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogvid_pipeline.media.frames import frame_image
from tests.clips import TICKS, make_clip, number_of, open_picture, with_edits

# The index at the end, where it can be rewritten.
LAST = {"movflags": "0"}


def number_at(clip: Path, at: str | float) -> int:
    return number_of(open_picture(frame_image(clip, at)[0]))


def shown_at(starts: Sequence[int], at: float) -> int:
    """The number of the last frame up to a time: the definition, without a decoder."""
    return max(number for number, start in enumerate(starts) if (start - starts[0]) / TICKS <= at)


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(st.integers(1, TICKS), min_size=1, max_size=20),
    b_frames=st.sampled_from([0, 1, 3]),
    gop=st.sampled_from([1, 5, 250]),
    fragments=st.booleans(),
    edit_list=st.booleans(),
    data=st.data(),
)
def test_any_spacing_of_frames_is_kept(
    steps: list[int], b_frames: int, gop: int, fragments: bool, edit_list: bool, data: st.DataObject
) -> None:
    starts = list(accumulate(steps))
    muxer = {
        "movflags": "frag_keyframe+empty_moov" if fragments else "+faststart",
        "use_editlist": str(int(edit_list)),
    }
    boundaries = [(start - starts[0]) / TICKS for start in starts]
    at = data.draw(st.one_of(st.sampled_from(boundaries), st.floats(0, boundaries[-1])))
    with TemporaryDirectory() as directory:
        clip = make_clip(
            Path(directory, "clip"),
            frames=len(starts),
            times=[start / TICKS for start in starts],
            b_frames=b_frames,
            gop=gop,
            muxer=muxer,
        )

        assert number_at(clip, "first") == 0
        assert number_at(clip, "last") == len(starts) - 1
        assert number_at(clip, at) == shown_at(starts, at)


@pytest.mark.parametrize(("fps", "ticks"), [(24, 24), (25, 600), (30, 30), (30, 12_330), (60, 15_360)])
def test_a_time_as_one_writes_it_is_that_of_the_frame_that_begins_then(
    tmp_path: Path, fps: int, ticks: int
) -> None:
    clip = make_clip(tmp_path / "clip", fps=fps, frames=fps + 1, ticks=ticks)

    assert [number_at(clip, number / fps) for number in range(fps + 1)] == list(range(fps + 1))


@pytest.mark.parametrize(("rate", "ticks"), [("24000/1001", 24_000), ("30000/1001", 30_000)])
def test_frames_of_broadcast_rates_are_found_by_exact_times(tmp_path: Path, rate: str, ticks: int) -> None:
    times = [float(number / Fraction(rate)) for number in range(30)]
    clip = make_clip(tmp_path / "clip", frames=30, times=times, ticks=ticks)

    assert [number_at(clip, at) for at in times] == list(range(30))


def test_a_frame_that_is_shown_for_long_is_the_one_in_all_that_time(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip", frames=4, times=[0, 0.1, 0.2, 9.9])

    assert [number_at(clip, at) for at in (0.19, 0.2, 5, 9.89, 9.9, 60, "last")] == [1, 2, 2, 2, 3, 3, 3]


def test_the_only_frame_of_a_clip_is_its_first_and_its_last(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip", frames=1)

    assert [number_at(clip, at) for at in ("first", 0, 2.5, "last")] == [0, 0, 0, 0]


@pytest.mark.parametrize("b_frames", [0, 3])
def test_what_an_edit_list_cuts_off_at_either_end_is_not_there(tmp_path: Path, b_frames: int) -> None:
    clip = make_clip(tmp_path / "clip", frames=40, b_frames=b_frames, muxer={**LAST, "use_editlist": "0"})
    delay = 2 / 30 if b_frames else 0
    with_edits(clip, (0.6, delay + 10 / 30))

    found = [number_at(clip, at) for at in ("first", 0, 0.5, "last", 60)]

    assert found == [10, 10, 25, 27, 27]


def test_the_pieces_of_an_edit_list_follow_each_other(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip", frames=40, b_frames=0, gop=5, muxer={**LAST, "use_editlist": "0"})
    with_edits(clip, (10 / 30, 20 / 30), (10 / 30, 0))

    found = [number_at(clip, at) for at in ("first", 9 / 30, 10 / 30, "last")]

    assert found == [20, 29, 0, 9]


def test_times_count_from_the_first_frame_where_an_edit_list_delays_it(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip", frames=40, b_frames=0, muxer={**LAST, "use_editlist": "0"})
    with_edits(clip, (0.5, None), (40 / 30, 0))

    assert [number_at(clip, at) for at in ("first", 0, 0.5, "last")] == [0, 0, 15, 39]


@pytest.mark.parametrize("begin", [10, 11, 12])
def test_an_edit_list_may_begin_amid_an_open_group_of_pictures(tmp_path: Path, begin: int) -> None:
    groups = {"x264-params": "open-gop=1:bframes=3:b-adapt=0:scenecut=0:b-pyramid=none"}
    clip = make_clip(
        tmp_path / "clip", frames=40, gop=3, b_frames=3, options=groups, muxer={**LAST, "use_editlist": "0"}
    )
    with_edits(clip, (0.6, (begin + 1) / 30))

    assert [number_at(clip, at) for at in ("first", 0, 0.5, "last")] == [
        begin,
        begin,
        begin + 15,
        begin + 17,
    ]

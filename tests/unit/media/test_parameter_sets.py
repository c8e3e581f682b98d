from pathlib import Path

import av
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cogvid_pipeline.media.film.parameter_sets import merged, read_sets
from tests.clips import make_clip


def box_of(path: Path, **options: str) -> bytes:
    with av.open(str(make_clip(path, frames=2, options=options))) as container:
        return container.streams.video[0].codec_context.extradata or b""


@pytest.mark.parametrize("number", [0, 1, 7, 31])
def test_the_number_of_the_sets_is_read(tmp_path: Path, number: int) -> None:
    sets = read_sets(box_of(tmp_path / "clip.mp4", **{"x264-params": f"sps-id={number}"}))

    assert sets is not None
    assert not sets.has_room_for(number)
    assert sets.has_room_for((number + 1) % 32)


def test_one_box_is_what_it_was_and_two_are_both(tmp_path: Path) -> None:
    first = box_of(tmp_path / "a.mp4")
    second = box_of(tmp_path / "b.mp4", **{"x264-params": "sps-id=31:level=5.1"})
    sets = [read_sets(first), read_sets(second)]

    assert merged([each for each in sets if each][:1] * 2) == first
    both = read_sets(merged([each for each in sets if each]))
    assert both is not None
    assert sets[0] is not None
    assert sets[1] is not None
    assert both.sequence == sets[0].sequence + sets[1].sequence
    assert both.picture == sets[0].picture + sets[1].picture
    assert both.head[3] == 51
    assert both.tail == sets[0].tail


def test_a_full_box_has_no_room() -> None:
    one = b"\x00\x05\x67\x64\x00\x0a\xac"
    sets = read_sets(b"\x01\x64\x00\x0a\xff\xff" + one * 31 + b"\x00")

    assert sets is not None
    assert len(sets.sequence) == 31
    assert not sets.has_room_for(31)


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda rest: b"\x01d\x00\x0a\xff\xe1" + rest))
@example(b"\x01\x64\x00\x0a\xff\xe0\x00")
@example(b"\x01\x64\x00\x0a\xff\xe1\x00\x05\x67\x64\x00\x0a\x00")
@example(b"\x01\x64\x00\x0a\xff\xe1\x00\x05\x67\x64\x00\x0a\x00\x01\x00\x09")
@example(b"\x00\x00\x00\x01\x67\x64\x00\x0a")
def test_whatever_the_box_holds_reading_it_ends_well(box: bytes) -> None:
    sets = read_sets(box)

    if sets is not None:
        sets.has_room_for(31)
        merged([sets])

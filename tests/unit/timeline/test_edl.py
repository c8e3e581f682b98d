"""What the lines of an edit decision list say, and how OpenTimelineIO understands them."""

from dataclasses import replace

import opentimelineio as otio
import pytest

from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.cut import Segment, Transition
from cogvid_pipeline.timeline.edl import write_edl
from cogvid_pipeline.timeline.reels import reels_of
from tests.timelines import clip, timeline


def events(text: str) -> list[list[str]]:
    """The fields of each numbered line."""
    return [line.split() for line in text.splitlines() if line[:1].isdigit()]


def test_a_straight_cut_is_one_line_with_four_time_codes() -> None:
    text = write_edl(timeline(Segment("arrival", start=1, end=2.5), Segment("walk"), title="Night market"))

    assert text.startswith("TITLE: Night market\nFCM: NON-DROP FRAME\n\n")
    assert events(text) == [
        ["001", "arrival", "V", "C", "00:00:01:00", "00:00:02:15", "00:00:00:00", "00:00:01:15"],
        ["002", "walk", "V", "C", "00:00:00:00", "00:00:05:00", "00:00:01:15", "00:00:06:15"],
    ]


def test_a_dissolve_is_two_lines_of_one_event() -> None:
    dissolve = Transition("dissolve", 0.5)
    text = write_edl(timeline(Segment("arrival", end=2), Segment("walk", transition=dissolve)))

    assert events(text)[1:] == [
        ["002", "arrival", "V", "C", "00:00:01:15", "00:00:01:15", "00:00:01:15", "00:00:01:15"],
        ["002", "walk", "V", "D", "015", "00:00:00:00", "00:00:05:00", "00:00:01:15", "00:00:06:15"],
    ]
    assert "* FROM CLIP NAME: arrival\n* TO CLIP NAME: walk\n* SOURCE FILE: walk.mp4\n" in text


def test_a_fade_out_is_a_dissolve_to_black_that_the_clip_goes_on_for() -> None:
    text = write_edl(timeline(Segment("arrival", fade_out=1)))

    assert events(text) == [
        ["001", "arrival", "V", "C", "00:00:00:00", "00:00:04:00", "00:00:00:00", "00:00:04:00"],
        ["002", "arrival", "V", "C", "00:00:04:00", "00:00:04:00", "00:00:04:00", "00:00:04:00"],
        ["002", "BL", "V", "D", "030", "00:00:00:00", "00:00:01:00", "00:00:04:00", "00:00:05:00"],
    ]


def test_what_comes_from_black_after_a_cut_has_black_of_no_length_before_it() -> None:
    fade = Transition("fade", 1)
    text = write_edl(timeline(Segment("arrival", transition=fade), Segment("walk", transition=fade)))

    assert [fields[:4] for fields in events(text)] == [
        ["001", "BL", "V", "C"],
        ["002", "BL", "V", "C"],
        ["002", "arrival", "V", "D"],
        ["003", "arrival", "V", "C"],
        ["003", "BL", "V", "D"],
        ["004", "BL", "V", "C"],
        ["004", "walk", "V", "D"],
    ]
    assert events(text)[0][4:] == ["00:00:00:00"] * 4


def test_a_film_with_sound_has_it_on_the_first_channel() -> None:
    text = write_edl(timeline(Segment("arrival"), clips={"arrival": clip(audio=True)}))

    assert events(text)[0][2] == "B"


def test_reels_keep_names_that_fit_and_stay_apart_where_they_are_cut() -> None:
    names = ["walk", "sc010_0040-v02", "sc010_0040-v03", "WALK", "skyline.dusk-clear@2", "bl", "夜"]

    assert reels_of(names) == {
        "walk": "walk",
        "sc010_0040-v02": "sc010_00",
        "sc010_0040-v03": "sc010_02",
        "WALK": "WALK2",
        "skyline.dusk-clear@2": "skylined",
        "bl": "bl2",
        "夜": "R",
    }


def test_a_thousand_reels_that_begin_alike_stay_apart() -> None:
    reels = reels_of(f"sequence_{number}" for number in range(1000))

    assert len({reel.upper() for reel in reels.values()}) == 1000
    assert all(1 <= len(reel) <= 8 for reel in reels.values())


def test_text_of_several_lines_cannot_make_a_line_of_its_own() -> None:
    film = timeline(Segment("arrival"), title="Night\n001  X  V  C 00:00:00:00")
    prompt = "A fox.\r\n999  EVIL V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\x0b* LOC\u2028M2 x"
    film = replace(film, items=(replace(film.items[0], prompt=prompt),))

    text = write_edl(film)
    read = otio.adapters.read_from_string(text, "cmx_3600", rate=30)

    assert len(events(text)) == 1
    assert [one.name for one in read.find_clips()] == ["arrival"]
    assert read.name == "Night 001 X V C 00:00:00:00"


def test_events_beyond_the_thousandth_are_counted_on() -> None:
    film = timeline(*[Segment("arrival", end=0.1)] * 1001)

    assert events(write_edl(film))[-1][0] == "1001"


def test_prompt_task_and_fingerprint_are_in_comments_that_the_library_hands_on() -> None:
    film = timeline(Segment("arrival"), task_id="036f-6493")
    read = otio.adapters.read_from_string(write_edl(film), "cmx_3600", rate=30)
    (one,) = read.find_clips()

    assert one.markers[0].name == "A cat plays."
    assert one.media_reference.target_url == "file:///film/renders/arrival.mp4"
    assert "COGVID TASK_ID: 036f-6493" in one.metadata["cmx_3600"]["comments"]
    assert f"COGVID FINGERPRINT: {film.items[0].facts['fingerprint']}" in one.metadata["cmx_3600"]["comments"]


def test_a_day_is_more_than_time_code_can_count() -> None:
    film = timeline(Segment("arrival"), clips={"arrival": clip(24 * 60 * 60)})

    with pytest.raises(CogvidError, match="less than 24 hours"):
        write_edl(film)

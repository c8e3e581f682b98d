"""What an .otio file says besides which frames are shown."""

import opentimelineio as otio

from cogvid_pipeline.model.cut import Segment, Transition
from cogvid_pipeline.model.timeline import Timeline
from cogvid_pipeline.timeline.otio import write_otio
from tests.boards import shot
from tests.timelines import as_track, clip, timeline


def read(film: Timeline) -> otio.schema.Timeline:
    return otio.adapters.read_from_string(write_otio(film), "otio_json")


def test_each_clip_carries_how_it_was_made_under_one_key() -> None:
    walk = shot("walk", "A fox walks.", quality="quality")
    film = timeline(Segment("walk", take=2), shots={"walk": walk}, task_id="036f-6493")
    (one,) = read(film).find_clips()

    assert one.name == "walk@2"
    assert one.metadata["cogvid"] == {
        "shot": "walk",
        "take": 2,
        "prompt": "A fox walks.",
        "model": "cogvideox-3",
        "parameters": {"quality": "quality"},
        "fingerprint": film.items[0].facts["fingerprint"],
        "provider": "geekai",
        "task_id": "036f-6493",
        "sha256": "0" * 64,
    }


def test_no_address_of_a_vendor_is_in_the_file() -> None:
    film = timeline(Segment("walk"), url="https://static.example.com/a.mp4?sign=secret")

    assert "example.com" not in write_otio(film)


def test_the_whole_clip_is_there_in_its_own_rate_and_the_trim_in_the_films() -> None:
    film = timeline(Segment("arrival"), Segment("walk", start=1, end=2), clips={"walk": clip(fps=24)})
    walk = list(read(film).find_clips())[1]

    assert walk.available_range().duration == otio.opentime.RationalTime(120, 24)
    assert walk.available_range().duration.rate == 24
    assert walk.source_range == otio.opentime.TimeRange(
        otio.opentime.RationalTime(30, 30), otio.opentime.RationalTime(30, 30)
    )


def test_the_library_finds_enough_of_each_clip_to_dissolve() -> None:
    dissolve = Transition("dissolve", 0.5)
    film = timeline(Segment("arrival", end=4), Segment("walk", transition=dissolve))
    track = read(film).tracks[0]
    before, (leaving, _, coming), after = otio.algorithms.track_with_expanded_transitions(track)

    for one in (before, leaving, coming, after):
        whole, shown = one.available_range(), one.source_range
        assert whole.start_time <= shown.start_time
        assert shown.end_time_exclusive() <= whole.end_time_exclusive()
    assert track.duration() == otio.opentime.RationalTime(film.edit.frames, 30)


def test_a_shot_that_is_not_made_yet_is_a_gap_with_its_name_and_a_red_marker() -> None:
    gap = read(timeline(Segment("walk"), clips={"walk": None})).tracks[0][0]

    assert isinstance(gap, otio.schema.Gap)
    assert (gap.name, gap.metadata["cogvid"]["remark"]) == ("walk", "not made yet")
    assert gap.markers[0].color == otio.schema.MarkerColor.RED
    assert gap.markers[0].comment == "A cat plays."


def test_a_film_that_fades_in_and_out_begins_and_ends_with_a_transition() -> None:
    film = timeline(Segment("walk", transition=Transition("fade", 1), fade_out=1))
    first, walk, last = read(film).tracks[0]

    assert (first.in_offset.value, first.out_offset.value) == (0, 30)
    assert (last.in_offset.value, last.out_offset.value) == (30, 0)
    assert walk.source_range.duration.value == 150


def test_sound_has_a_track_of_its_own_with_gaps_where_there_is_none() -> None:
    film = timeline(
        Segment("arrival"), Segment("walk", fade_out=1), Segment("morph"), clips={"walk": clip(audio=True)}
    )
    pictures, sound = read(film).tracks

    assert (pictures.kind, sound.kind) == (otio.schema.TrackKind.Video, otio.schema.TrackKind.Audio)
    assert sound.duration() == pictures.duration()
    assert {picture[0][0] for picture in as_track(sound)} == {"", "walk"}


def test_hostile_text_and_numbers_are_written_and_read() -> None:
    numbers = {"seed": 10**30, "ratio": float("nan"), "half": 0.5}
    request = {"model": "cogvideox-3", "prompt": 'A "fox"\x00\ud800\n🦊', **numbers}
    film = timeline(Segment("walk"), request=request, title='"夜"\x07', task_id="\x1b]0;x")
    again = read(film)
    (one,) = again.find_clips()

    assert again.name == '"夜"\ufffd'
    assert one.metadata["cogvid"]["prompt"] == 'A "fox"\ufffd\ufffd\n🦊'
    assert one.metadata["cogvid"]["parameters"] == {"seed": str(10**30), "ratio": "nan", "half": 0.5}
    assert one.metadata["cogvid"]["task_id"] == "\ufffd]0;x"

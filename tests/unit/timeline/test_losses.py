from cogvid_pipeline.model.cut import Segment, Transition
from cogvid_pipeline.timeline.losses import losses_of
from tests.timelines import clip, timeline

PLACE = "an EDL has no place for tags, models, providers and parameters: they are left out"


def test_an_otio_file_loses_nothing() -> None:
    assert list(losses_of(timeline(Segment("walk", fade_out=1)), "otio")) == []


def test_an_edl_of_plain_shots_loses_little() -> None:
    assert list(losses_of(timeline(Segment("walk")), "edl")) == [
        "an EDL does not say its rate: open it at 30 frames a second, 1920x1080",
        PLACE,
    ]


def test_an_edl_of_all_sorts_says_what_it_loses_of_which_shots() -> None:
    scenes = [f"scene_{number:03d}" for number in range(7)]
    film = timeline(
        *map(Segment, scenes),
        Segment("walk", end=2),
        title="夜",
        clips={name: clip(10.01, fps=29.97) for name in scenes},
    )

    assert list(losses_of(film, "edl")) == [
        "an EDL does not say its rate: open it at 29.97 frames a second, 1920x1080",
        "time code counts 30 frames a second, non-drop, and so runs behind the clock",
        "an EDL has one rate: source times are counted at the film's for walk",
        f"reel names have 8 characters: FROM CLIP NAME has the whole of {', '.join(scenes[:5])} and 2 more",
        "an EDL is meant to be ASCII: what is not, is written as UTF-8",
        PLACE,
    ]


def test_more_events_than_old_programs_take_are_said() -> None:
    film = timeline(*[Segment("walk", end=0.1)] * 1000)

    assert "more than 999 events: programs that are strict about CMX 3600 stop there" in list(
        losses_of(film, "edl")
    )


def test_a_rate_that_final_cut_pro_does_not_know_is_said() -> None:
    film = timeline(Segment("walk"), clips={"walk": clip(fps=15)})

    assert list(losses_of(film, "fcpxml")) == [
        "Final Cut Pro has no 15 frames a second: make the film with another --fps"
    ]


def test_what_the_librarys_reader_of_fcpxml_gets_wrong_is_said_where_there_is_any() -> None:
    straight = timeline(Segment("arrival"), Segment("walk"))
    mixed = timeline(
        Segment("arrival"),
        Segment("walk", transition=Transition("dissolve", 0.5)),
        clips={"walk": clip(fps=24)},
    )

    assert list(losses_of(straight, "fcpxml")) == []
    assert list(losses_of(mixed, "fcpxml")) == [
        "OpenTimelineIO's own reader of FCPXML skips dissolves and fades; the file has them",
        "OpenTimelineIO's own reader of FCPXML counts in one whole rate; the file has exact times",
    ]

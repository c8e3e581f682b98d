"""What is written is what is read back, frame by frame, with the libraries that others read it with."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cogvid_pipeline.model.cut import Segment, Transition
from cogvid_pipeline.model.timeline import Timeline
from cogvid_pipeline.timeline.edl import write_edl
from cogvid_pipeline.timeline.fcpxml import write_fcpxml
from cogvid_pipeline.timeline.otio import write_otio
from tests.timelines import Shown, as_cut, as_spine, as_track, clip, timeline


def through_otio(film: Timeline) -> list[Shown]:
    return as_track(otio.adapters.read_from_string(write_otio(film), "otio_json").tracks[0])


def through_edl(film: Timeline) -> list[Shown]:
    read = otio.adapters.read_from_string(write_edl(film), "cmx_3600", rate=float(film.edit.rate))
    return as_track(read.tracks[0])


def through_fcpxml(film: Timeline) -> list[Shown]:
    return as_spine(write_fcpxml(film), film.edit.rate)


every_format = pytest.mark.parametrize(
    "through", [through_otio, through_edl, through_fcpxml], ids=["otio", "edl", "fcpxml"]
)
Through = Callable[[Timeline], list[Shown]]


@every_format
def test_straight_cuts_of_trimmed_clips_come_back(through: Through) -> None:
    film = timeline(Segment("arrival", start=0.5, end=2), Segment("walk", end=3), Segment("arrival"))

    assert through(film) == as_cut(film.edit)


@every_format
@pytest.mark.parametrize("seconds", [0.5, 0.3, 1 / 30])
def test_dissolves_come_back_with_the_frames_of_both_sides(through: Through, seconds: float) -> None:
    film = timeline(
        Segment("arrival", end=4),
        Segment("walk", start=0.5, end=4.5, transition=Transition("dissolve", seconds)),
        Segment("morph", transition=Transition("dissolve", 1)),
    )

    assert film.edit.events[1].dissolve
    assert through(film) == as_cut(film.edit)


@every_format
def test_fades_from_and_to_black_come_back(through: Through) -> None:
    film = timeline(
        Segment("arrival", transition=Transition("fade", 0.5)),
        Segment("walk", transition=Transition("fade", 1)),
        Segment("morph", start=1, fade_out=0.4),
        Segment("frost", fade_out=2),
    )

    assert through(film) == as_cut(film.edit)


@every_format
def test_shots_that_are_not_made_yet_leave_their_time_free(through: Through) -> None:
    film = timeline(
        Segment("arrival"),
        Segment("walk", transition=Transition("dissolve", 0.5)),
        Segment("morph", transition=Transition("dissolve", 0.5)),
        clips={"walk": None},
    )

    assert through(film) == as_cut(film.edit)


@every_format
@pytest.mark.parametrize("fps", [24, 25, 29.97, 23.976, 50, 59.94, 60])
def test_films_of_any_usual_rate_come_back(through: Through, fps: float) -> None:
    clips = {name: clip(10.01, fps=fps) for name in ("arrival", "walk")}
    film = timeline(
        Segment("arrival", start=0.7), Segment("walk", transition=Transition("dissolve", 0.5)), clips=clips
    )

    assert film.edit.rate in {Fraction(round(fps)), Fraction(round(fps) * 1000, 1001)}
    assert through(film) == as_cut(film.edit)


@every_format
def test_clips_of_other_rates_are_shown_in_their_own_time(through: Through) -> None:
    film = timeline(
        Segment("arrival"),
        Segment("walk", start=1, end=3, transition=Transition("dissolve", 0.5)),
        Segment("morph"),
        clips={"walk": clip(fps=24), "morph": clip(fps=59.94)},
    )

    assert through(film) == as_cut(film.edit)


tenths = st.integers(1, 20).map(lambda tenth: tenth / 10)
transitions = st.none() | st.builds(Transition, st.sampled_from(["dissolve", "fade"]), tenths)
segments = st.builds(
    Segment,
    shot=st.sampled_from(["a", "sc010_0040-v02", "sc010_0040-v03", "bl"]),
    take=st.integers(1, 2),
    start=st.sampled_from([0.0, 0.35, 1.0]),
    end=st.none() | st.sampled_from([1.1, 2.0]),
    transition=transitions,
    fade_out=st.sampled_from([0.0, 0.0, 0.4, 2.0]),
)
clips = st.builds(
    clip,
    st.sampled_from([1.5, 2.0, 2.2]),
    fps=st.sampled_from([24.0, 29.97, 30.0]),
    audio=st.booleans(),
)


@every_format
@settings(max_examples=25, deadline=None)
@given(
    st.lists(segments, min_size=1, max_size=5),
    st.dictionaries(st.sampled_from(["a", "a@2", "sc010_0040-v02"]), st.none() | clips),
)
def test_whatever_the_cut_is_each_frame_comes_back(through: Through, cut: list, there: dict) -> None:
    film = timeline(*allowed(cut), clips=there)

    assert through(film) == as_cut(film.edit)


def allowed(cut: list[Segment]) -> list[Segment]:
    """What a manifest may say: there is no way over from nothing, nor from what has gone to black."""
    first = replace(cut[0], transition=None) if dissolves(cut[0]) else cut[0]
    return [
        first,
        *(replace(one, transition=None) if before.fade_out else one for before, one in pairwise(cut)),
    ]


def dissolves(segment: Segment) -> bool:
    return segment.transition is not None and segment.transition.type == "dissolve"

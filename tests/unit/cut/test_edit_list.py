from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogvid_pipeline.cut.edit_list import EditOptions, make_edit, nearest_frame
from cogvid_pipeline.cut.shape import exact_rate
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.cut import Segment, Transition
from cogvid_pipeline.model.edit import Edit
from cogvid_pipeline.model.shot import Shot, ShotFrame
from tests.boards import shot, storyboard


def clip(
    seconds: float = 5.0, *, fps: float = 30.0, size: tuple[int, int] = (1920, 1080), audio: bool = False
) -> Clip:
    return Clip("0" * 64, 4, *size, fps=fps, duration=seconds, audio=audio)


def dissolve(seconds: float) -> Transition:
    return Transition("dissolve", seconds)


def fade(seconds: float) -> Transition:
    return Transition("fade", seconds)


def edit(*segments: Segment, options: EditOptions | None = None, **clips: Clip) -> Edit:
    names = dict.fromkeys(segment.shot for segment in segments)
    board = storyboard(*map(shot, names), sequence=segments)
    return make_edit(board, {name: clips.get(name, clip()) for name in names}, options)


def spans(film: Edit) -> list[tuple[int, int, int, int]]:
    """Source in and out, record in and out."""
    return [(event.source_in, event.source_out, event.record_in, event.record_out) for event in film.events]


def test_straight_cuts_follow_each_other() -> None:
    film = edit(Segment("arrival"), Segment("walk"))

    assert spans(film) == [(0, 150, 0, 150), (0, 150, 150, 300)]
    assert film.frames == 300


def test_times_become_the_nearest_frame_and_of_two_the_later() -> None:
    film = edit(Segment("walk", start=0.51, end=1.05))

    assert spans(film) == [(15, 32, 0, 17)]
    assert nearest_frame(Fraction(5, 60), Fraction(30)) == 3


def test_a_time_counts_as_it_is_written_and_not_as_the_float_that_it_is() -> None:
    assert edit(Segment("walk", end=0.15)).frames == 5  # 4.5, which as a float is 4.4999…


def test_a_dissolve_takes_its_frames_from_the_end_of_the_one_before() -> None:
    film = edit(Segment("arrival"), Segment("walk", transition=dissolve(0.5)))

    assert spans(film) == [(0, 135, 0, 135), (0, 150, 135, 285)]
    assert [event.dissolve for event in film.events] == [0, 15]
    assert film.frames == 285


def test_a_fade_goes_through_black_and_makes_the_film_no_shorter() -> None:
    film = edit(Segment("arrival"), Segment("walk", transition=fade(0.5)))

    assert film.frames == 300
    assert (film.events[0].fade_out, film.events[1].fade_in) == (7, 8)


def test_a_fade_on_the_first_piece_comes_from_black() -> None:
    assert edit(Segment("arrival", transition=fade(0.5))).events[0].fade_in == 15


def test_a_dissolve_on_the_first_piece_comes_from_black_too() -> None:
    assert edit(Segment("arrival", transition=dissolve(0.5))).events[0].fade_in == 15


def test_a_piece_fades_out_where_it_says_so() -> None:
    assert edit(Segment("arrival", fade_out=1.0)).events[0].fade_out == 30


def test_no_transition_takes_the_last_frame_of_a_piece() -> None:
    film = edit(
        Segment("arrival", end=0.5), Segment("walk", transition=dissolve(0.5)), Segment("run", end=0.1)
    )

    assert spans(film)[0] == (0, 1, 0, 1)
    assert film.events[1].dissolve == 14


def test_a_dissolve_fits_between_others_into_a_clip_that_is_shorter_than_planned() -> None:
    film = edit(
        Segment("arrival"),
        Segment("walk", transition=dissolve(2)),
        Segment("run", transition=dissolve(2)),
        walk=clip(3.0),
    )

    assert [event.dissolve for event in film.events] == [0, 60, 30]
    assert [event.frames for event in film.events] == [90, 60, 150]


def test_a_piece_too_short_for_its_fades_goes_dark_later() -> None:
    event = edit(Segment("arrival", end=1.0, transition=fade(0.8), fade_out=0.8)).events[0]

    assert (event.fade_in, event.fade_out) == (24, 6)


def test_a_clip_that_is_shorter_than_planned_ends_where_it_ends() -> None:
    assert edit(Segment("walk", end=5.0), walk=clip(4.9)).frames == 147


def test_a_piece_from_the_very_end_of_a_clip_is_its_last_frame() -> None:
    (event,) = edit(Segment("walk", start=4.99), walk=clip(5.0)).events

    assert (event.source_in, event.source_out) == (149, 150)


def test_a_clip_that_ends_before_the_cut_shows_it_is_an_error() -> None:
    with pytest.raises(CogvidError, match="the clip of walk@2 lasts 2 seconds, so the cut cannot show it"):
        make_edit(
            storyboard(Shot("walk", "cogvideox-3", "", takes=2), sequence=(Segment("walk", 2, 3.0),)),
            {"walk@2": clip(2.0)},
        )


def test_a_piece_shorter_than_a_frame_is_one() -> None:
    assert edit(Segment("walk", start=1.0, end=1.001)).frames == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (30.0, Fraction(30)),
        (29.97, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (25.0, Fraction(25)),
        (27.314, Fraction(28)),
        (0.0, None),
    ],
)
def test_a_rate_is_the_exact_one_that_its_number_stands_for(written: float, meant: Fraction | None) -> None:
    assert exact_rate(written) == meant


def test_the_film_has_the_rate_and_the_size_that_are_shown_longest() -> None:
    film = edit(
        Segment("arrival"),
        Segment("walk"),
        Segment("run"),
        arrival=clip(4.0, fps=24.0, size=(1080, 1920)),
        walk=clip(2.5, fps=29.97, size=(1281, 721)),
        run=clip(2.502, fps=29.97, size=(1281, 721)),
    )

    assert film.rate == Fraction(30000, 1001)
    assert film.size == (1280, 720)
    assert [event.frames for event in film.events] == [120, 75, 75]


def test_of_equals_the_faster_rate_and_the_larger_size_count() -> None:
    film = edit(
        Segment("arrival"),
        Segment("walk"),
        arrival=clip(fps=24.0, size=(640, 360)),
        walk=clip(fps=30.0, size=(1280, 720)),
    )

    assert (film.rate, film.size) == (30, (1280, 720))


def test_size_and_rate_can_be_chosen() -> None:
    film = edit(Segment("walk"), options=EditOptions(size=(640, 360), rate=Fraction(25)))

    assert (film.size, film.rate, film.frames) == ((640, 360), 25, 125)


def test_a_clip_of_unknown_rate_says_nothing_about_the_film() -> None:
    assert edit(Segment("walk"), Segment("run", end=0.5), walk=clip(fps=0.0)).rate == 30


def test_the_film_has_sound_when_a_clip_has() -> None:
    assert edit(Segment("walk"), Segment("run"), run=clip(audio=True)).audio
    assert not edit(Segment("walk")).audio


def test_what_is_not_made_yet_takes_the_time_that_is_planned_for_it() -> None:
    board = storyboard(shot("arrival", duration=10, fps=60, size="1080x1920"), shot("walk"))

    film = make_edit(board, {})

    assert (film.size, film.rate, film.audio) == ((1080, 1920), 60, False)
    assert [(event.clip, event.available, event.frames) for event in film.events] == [
        (None, 600, 600), (None, 300, 300),
    ]  # fmt: skip


def test_a_plan_without_any_size_makes_a_film_of_the_usual_one() -> None:
    assert make_edit(storyboard(shot("walk")), {}).size == (1920, 1080)


def test_without_a_sequence_the_film_has_all_shots_with_their_picked_takes() -> None:
    board = storyboard(shot("arrival"), Shot("walk", "cogvideox-3", "", takes=2, pick=2))

    film = make_edit(board, {"arrival": clip(), "walk@2": clip(4.0)})

    assert [(event.name, event.frames) for event in film.events] == [("arrival", 150), ("walk@2", 120)]


def chain(*segments: Segment, drop: bool = True, rate: int = 30, **clips: Clip) -> Edit:
    board = storyboard(shot("arrival"), shot("walk", after="arrival"), sequence=segments)
    present: Any = {"arrival": clip(), "walk": clip(), **clips}
    return make_edit(board, present, EditOptions(rate=Fraction(rate), drop_repeats=drop))


def test_the_frame_that_a_chained_shot_repeats_is_left_out_on_request() -> None:
    film = chain(Segment("arrival"), Segment("walk"))

    assert spans(film)[1] == (1, 150, 150, 299)
    assert film.events[1].repeats == 1


def test_the_repeated_frame_stays_unless_it_is_to_go_and_is_known_all_the_same() -> None:
    film = chain(Segment("arrival"), Segment("walk"), drop=False)

    assert spans(film)[1] == (0, 150, 150, 300)
    assert film.events[1].repeats == 1


def test_a_repeated_frame_is_as_long_in_a_faster_film_as_it_was() -> None:
    assert chain(Segment("arrival"), Segment("walk"), rate=60).events[1].repeats == 2


@pytest.mark.parametrize(
    "segments",
    [
        (Segment("walk"), Segment("arrival")),
        (Segment("arrival", end=4.0), Segment("walk")),
        (Segment("arrival"), Segment("walk", start=0.5)),
        (Segment("arrival"), Segment("walk", transition=dissolve(0.5))),
        (Segment("arrival"), Segment("walk", transition=fade(0.5))),
        (Segment("arrival", fade_out=0.5), Segment("walk")),
    ],
)
def test_nothing_repeats_where_the_same_frames_do_not_meet(segments: tuple[Segment, ...]) -> None:
    assert not any(event.repeats for event in chain(*segments).events)


def test_a_card_repeats_nothing() -> None:
    board = storyboard(shot("arrival"), shot("walk", after="arrival"))

    assert not make_edit(board, {"walk": clip()}, EditOptions(drop_repeats=True)).events[1].repeats


def test_a_first_frame_from_elsewhere_in_the_shot_before_is_no_repeat() -> None:
    walk = Shot("walk", "cogvideox-3", "", (ShotFrame("arrival", 2.0),))

    film = make_edit(storyboard(shot("arrival"), walk), {"arrival": clip(), "walk": clip()})

    assert not film.events[1].repeats


SEGMENTS = st.builds(
    Segment,
    st.sampled_from(["arrival", "walk"]),
    start=st.floats(0, 4),
    end=st.none() | st.floats(4.01, 5),
    transition=st.none() | st.builds(Transition, st.sampled_from(["dissolve", "fade"]), st.floats(0.01, 6)),
    fade_out=st.just(0.0) | st.floats(0.01, 6),
)
RATES = st.sampled_from([Fraction(24000, 1001), Fraction(25), Fraction(30), Fraction(60000, 1001)])


@given(st.lists(SEGMENTS, min_size=1, max_size=8), RATES, st.booleans())
def test_whatever_the_cut_is_its_events_fill_the_film_and_stay_within_their_clips(
    segments: list[Segment], rate: Fraction, drop: bool
) -> None:
    board = storyboard(shot("arrival"), shot("walk", after="arrival"), sequence=tuple(segments))

    film = make_edit(board, {"arrival": clip(4.9), "walk": clip()}, EditOptions(rate=rate, drop_repeats=drop))

    ends = [event.record_out for event in film.events]
    assert [event.record_in for event in film.events] == [0, *ends[:-1]]
    assert ends[-1] == film.frames
    tails = [event.dissolve for event in film.events[1:]] + [0]
    for event, tail in zip(film.events, tails, strict=True):
        assert 0 <= event.source_in < event.source_out <= event.source_out + tail <= event.available
        assert max(event.dissolve, event.fade_in) + event.fade_out <= event.frames

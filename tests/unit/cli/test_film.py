import math
from array import array
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from cogvid_pipeline.cut.edit_list import EditOptions
from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.film.loudness import measure
from cogvid_pipeline.media.film.sound import clip_sound
from cogvid_pipeline.model.cut import Segment, Transition
from tests.boards import shot, storyboard
from tests.clips import COLOURS, TICKS, Matrix, Wave, flat, number_of
from tests.films import Film, Studio, grey, luma, numbered_from, packets_of


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def dissolve(seconds: float) -> Transition:
    return Transition("dissolve", seconds)


def counted(*spans: tuple[int, int]) -> list[int]:
    return [number for span in spans for number in range(*span)]


# Straight cuts


def test_clips_that_are_coded_alike_are_joined_without_encoding_them(studio: Studio) -> None:
    one = studio.add("one", frames=20)
    two = studio.add("two", frames=15, paint=numbered_from(100))

    film = studio.film("one", "two", "one")

    assert film.copied == ["one", "two", "one"]
    assert film.packets() == packets_of(one) + packets_of(two) + packets_of(one)
    assert film.numbers == counted((0, 20), (100, 115), (0, 20))
    assert film.times == list(range(55))


def test_clips_with_few_and_with_many_b_frames_follow_each_other_without_a_gap(studio: Studio) -> None:
    studio.add("few", frames=20, b_frames=0)
    studio.add("many", frames=20, paint=numbered_from(60), b_frames=5, options={"b-adapt": "0"})

    film = studio.film("many", "few", "many", "few")

    assert film.numbers == counted((60, 80), (0, 20), (60, 80), (0, 20))
    assert film.times == list(range(80))


def test_a_copied_clip_stands_beside_pieces_that_are_encoded(studio: Studio) -> None:
    whole = studio.add("whole", frames=30)

    film = studio.film("whole", Segment("whole", start=0.5), "whole")

    assert film.copied == ["whole", "whole"]
    assert film.packets()[:30] == packets_of(whole) == film.packets()[-30:]
    assert film.numbers == counted((0, 30), (15, 30), (0, 30))


def test_a_player_can_jump_to_either_side_of_a_cut(studio: Studio) -> None:
    studio.add("whole", frames=30)
    film = studio.film("whole", Segment("whole", start=0.5), "whole")

    numbers = film.numbers
    for place in range(0, 75, 4):
        with av.open(str(film.path)) as container:
            video = container.streams.video[0]
            container.seek(int(place / 30 / video.time_base), stream=video)
            seen = [(round(frame.time * 30), luma(frame)) for frame in container.decode(video)]
        assert seen[0][0] <= place
        assert [(at, number_of(picture)) for at, picture in seen] == list(enumerate(numbers))[seen[0][0] :]


def test_clips_of_another_codec_are_joined_as_long_as_nothing_else_is_wanted(
    studio: Studio, tmp_path: Path
) -> None:
    with av.open(str(tmp_path / "old.mp4"), "w") as container:
        video = container.add_stream("mpeg4", rate=30)
        video.width, video.height, video.pix_fmt = 128, 64, "yuv420p"
        for _ in range(10):
            container.mux(video.encode(av.VideoFrame(128, 64, "yuv420p")))
        container.mux(video.encode())
    studio.take("old", tmp_path / "old.mp4")

    assert studio.film("old", "old").copied == ["old", "old"]
    trimmed = studio.film("old", Segment("old", start=0.1))
    assert trimmed.copied == []
    assert len(trimmed.frames) == 17


# What has to be encoded


def test_trims_are_exact_to_the_frame(studio: Studio) -> None:
    studio.add("long", frames=90, gop=40)

    film = studio.film(
        Segment("long", start=0.5, end=1.1), Segment("long", start=2.0), Segment("long", end=0.1)
    )

    assert film.copied == []
    assert film.numbers == counted((15, 33), (60, 90), (0, 3))
    assert film.times == list(range(51))


def test_a_dissolve_mixes_frame_by_frame(studio: Studio) -> None:
    studio.add("dark", frames=20, paint=grey(60))
    studio.add("light", frames=20, paint=grey(180))

    film = studio.film("dark", Segment("light", transition=dissolve(0.3)))

    levels = film.levels()
    assert len(levels) == 31
    wanted = [60] * 11 + [60 + 120 * (number + 1) / 10 for number in range(9)] + [180] * 11
    assert levels == [pytest.approx(level, abs=2) for level in wanted]


def test_both_sides_of_a_dissolve_go_on(studio: Studio) -> None:
    studio.add("odd", frames=30, paint=numbered_from(0b10000000))
    studio.add("even", frames=30)

    film = studio.film("odd", Segment("even", transition=dissolve(1 / 3)))

    # Up to the middle the numbers of the one are to be read, from there on those of the other.
    assert film.numbers[:20] == counted((128, 148))
    assert film.numbers[-20:] == counted((10, 30))
    assert len(film.numbers) == 50


def test_a_film_fades_in_through_black_and_out(studio: Studio) -> None:
    studio.add("grey", frames=20, paint=grey(116))

    film = studio.film(
        Segment("grey", transition=Transition("fade", 0.2)),
        Segment("grey", transition=Transition("fade", 0.2), fade_out=0.2),
    )

    levels = film.levels()
    assert len(levels) == 40
    rising = [16 + 100 * number / 6 for number in range(6)]
    middle = [*[116] * 11, 116 - 100 / 3, 116 - 200 / 3, 16, 16, 16 + 100 / 3, 16 + 200 / 3, *[116] * 11]
    assert levels == [pytest.approx(level, abs=2) for level in [*rising, *middle, *rising[::-1]]]


def test_frames_that_come_at_other_times_are_shown_at_theirs(studio: Studio) -> None:
    times = [frame / 30 for frame in (0, 3, 5, 15, 17, 18)]
    studio.add("uneven", frames=6, times=times)
    studio.add("even", frames=90)

    film = studio.film("uneven", "even")

    assert film.copied == ["even"]
    length = film.edit.events[0].frames
    assert film.numbers[:18] == [0] * 3 + [1] * 2 + [2] * 10 + [3] * 2 + [4]
    assert film.numbers[length:] == counted((0, 90))


def test_frames_that_come_early_and_late_in_turn_are_evened_out(studio: Studio) -> None:
    times = [(number + 0.35 * (number % 2)) / 30 for number in range(20)]
    studio.add("trembling", frames=20, times=times, fps=600)

    film = studio.film("trembling", options=EditOptions(rate=Fraction(30)))

    assert film.copied == []
    assert film.numbers == counted((0, 19))
    assert film.times == list(range(19))


def test_frames_that_a_clip_leaves_out_itself_stay_out(studio: Studio) -> None:
    path = studio.add("whole", frames=30, b_frames=0)
    data = bytearray(path.read_bytes())
    entry = data.index(b"elst") + 12  # after version, flags and the count
    data[entry + 4 : entry + 8] = (10 * TICKS // 30).to_bytes(4)
    (studio.root / "later.mp4").write_bytes(data)
    studio.take("later", studio.root / "later.mp4")

    assert studio.film("later").copied == []
    assert studio.film(Segment("later", end=20 / 30)).numbers == counted((10, 30))


@pytest.mark.parametrize(
    ("fps", "rate", "shown"),
    [
        (24, 30, [0, 1, 2, 2, 3, 4, 5, 6, 6, 7]),
        (30, 24, [0, 1, 3, 4, 5, 6, 8, 9, 10, 11]),
        (60, 30, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]),
        (Fraction(30000, 1001), 30, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_a_clip_keeps_its_speed_at_another_rate(
    studio: Studio, fps: Fraction, rate: int, shown: list[int]
) -> None:
    studio.add("clip", fps=fps, frames=round(2 * fps))

    film = studio.film("clip", options=EditOptions(rate=Fraction(rate)))

    assert len(film.frames) == film.edit.frames == pytest.approx(2 * rate, abs=1)
    assert film.numbers[:10] == shown


def test_a_film_of_an_american_rate_is_exact_over_its_length(studio: Studio) -> None:
    studio.add("clip", fps=Fraction(30000, 1001), frames=100)

    film = studio.film("clip", Segment("clip", end=1.0), "clip")

    assert film.edit.rate == Fraction(30000, 1001)
    assert film.copied == ["clip", "clip"]
    assert film.times == list(range(230))
    with av.open(str(film.path)) as container:
        video = container.streams.video[0]
        assert video.duration * video.time_base == Fraction(230 * 1001, 30000)


def test_a_portrait_stands_in_a_landscape_between_black_bars(studio: Studio) -> None:
    studio.add("wide", size=(128, 72), frames=20, paint=grey(100))
    studio.add("tall", size=(72, 128), frames=10, paint=grey(100))

    film = studio.film("wide", "tall")

    last = film.frames[-1]
    row = bytes(last.planes[0])[36 * last.planes[0].line_size :][:128]
    assert row[:40] == pytest.approx([16] * 40, abs=8)
    assert row[46:82] == pytest.approx([100] * 36, abs=4)
    assert row[88:] == pytest.approx([16] * 40, abs=8)


def test_a_clip_that_is_to_be_turned_is_upright_in_the_film(studio: Studio) -> None:
    def half(_: int, width: int, height: int) -> tuple[bytes, bytes, bytes]:
        neutral = b"\x80" * (width // 2 * (height // 2))
        return bytes([40]) * (width * height // 2) + bytes([200]) * (width * height // 2), neutral, neutral

    studio.add("turned", size=(64, 128), frames=5, paint=half, rotation=90)

    film = studio.film("turned")

    assert film.edit.size == (128, 64)
    assert film.copied == []
    # What was above is on the left once it is turned counter-clockwise.
    assert film.levels(lambda _: (20, 30)) == pytest.approx([40] * 5, abs=3)
    assert film.levels(lambda _: (108, 30)) == pytest.approx([200] * 5, abs=3)


def test_pixels_that_are_not_square_keep_their_shape(studio: Studio) -> None:
    studio.add("square", size=(128, 64), frames=10, paint=grey(150))
    studio.add("narrow", size=(128, 64), frames=5, paint=grey(150), options={"x264-params": "sar=1/2"})

    film = studio.film("square", "narrow")

    assert film.copied == ["square"]
    row = bytes(film.frames[-1].planes[0])[:128]
    assert row[:28] == pytest.approx([16] * 28, abs=8)
    assert row[36:92] == pytest.approx([150] * 56, abs=4)
    assert row[100:] == pytest.approx([16] * 28, abs=8)


@pytest.mark.parametrize(
    ("matrix", "how"),
    [
        ("bt601", {"tags": "bt601"}),
        ("bt601", {"tags": "bt601", "full_range": True}),
        ("bt601", {"tags": None}),
        ("bt709", {"tags": "bt709", "full_range": True}),
        ("bt709", {"tags": None, "size": (16, 720)}),
    ],
)
def test_colours_come_out_as_they_went_in(studio: Studio, matrix: Matrix, how: dict[str, Any]) -> None:
    for index, colour in enumerate(COLOURS):
        paint = flat(colour, matrix, full_range=how.get("full_range", False))
        studio.add(f"c{index}", frames=3, paint=paint, **how)

    film = studio.film(*[Segment(f"c{index}", end=2 / 30) for index in range(len(COLOURS))])

    for frame, colour in zip(film.frames[::2], COLOURS, strict=True):
        wanted = flat(colour, "bt709")(0, 2, 2)
        seen = [plane[0] for plane in map(bytes, frame.planes)]  # type: ignore[arg-type]
        assert seen == pytest.approx([plane[0] for plane in wanted], abs=3)
        assert frame.colorspace == 1


def test_what_is_not_made_yet_is_a_card_for_as_long_as_it_is_planned(studio: Studio) -> None:
    studio.add("here", frames=30)

    film = studio.film("here", "missing")

    assert film.copied == ["here"]
    assert len(film.frames) == 30 + 150
    assert len(set(film.frames[60].to_image().convert("L").tobytes())) > 20


def test_a_chain_plays_without_its_repeated_frame(studio: Studio) -> None:
    studio.add("arrival", frames=20)
    studio.add("walk", frames=20, paint=numbered_from(19))
    board = storyboard(shot("arrival"), shot("walk", after="arrival"))

    with_it = studio.film("arrival", "walk", board=board)
    without = studio.film("arrival", "walk", board=board, options=EditOptions(drop_repeats=True), name="b")

    assert with_it.numbers == counted((0, 20), (19, 39))
    assert without.numbers == counted((0, 39))
    assert without.copied == ["arrival"]


# Sound


def tone(level: float) -> Wave:
    return lambda time: level * math.sqrt(2) * math.sin(math.tau * 1000 * time)  # one channel becomes two


def beep(at: float) -> Wave:
    """Silence but for a tenth of a second."""
    return lambda time: tone(0.5)(time) if at <= time < at + 0.1 else 0.0


def heard(film: Film, level: float = 0.2) -> list[float]:
    """When each tone begins, in frames."""
    found, last = [], -math.inf
    for index, sample in enumerate(film.sound):
        if abs(sample) > level:
            if index - last > 2400:
                found.append(float(index / 48_000 * film.edit.rate))
            last = index
    return found


def test_a_film_of_silent_clips_has_no_sound(studio: Studio) -> None:
    studio.add("still", frames=10)

    assert not studio.film("still").has_sound


def test_each_sound_stays_with_its_picture(studio: Studio) -> None:
    studio.add("beep", frames=31, audio=True, wave=beep(0.5))
    studio.add("still", frames=17)

    film = studio.film("beep", "still", "beep", Segment("beep", start=0.4), "beep")

    assert film.copied == ["beep", "still", "beep", "beep"]
    assert heard(film) == pytest.approx([15, 48 + 15, 79 + 3, 79 + 19 + 15], abs=0.5)
    assert len(film.sound) / 48_000 * 30 == pytest.approx(film.edit.frames, abs=1)


def test_one_channel_of_another_rate_comes_out_on_both_and_in_time(studio: Studio) -> None:
    studio.add("mono", frames=30, audio=True, wave=beep(0.5), audio_rate=44_100, audio_layout="mono")
    studio.add("stereo", frames=30, audio=True, wave=beep(0.5))

    film = studio.film("mono", "stereo", "mono")

    assert heard(film) == pytest.approx([15, 45, 75], abs=0.5)


def test_sound_that_begins_before_the_picture_stays_with_it(studio: Studio) -> None:
    late = [0.5 + number / 30 for number in range(30)]
    studio.add("late", frames=30, times=late, audio=True, wave=beep(1.0))
    studio.add("prompt", frames=30, audio=True, wave=beep(0.5))

    film = studio.film("late", "prompt", "late")

    assert film.numbers == counted((0, 30), (0, 30), (0, 30))
    assert heard(film) == pytest.approx([15, 45, 75], abs=0.5)


def test_sound_with_a_hole_in_it_stays_with_its_picture(studio: Studio) -> None:
    studio.take("hole", clip_with_sound_at(studio.root / "hole.mp4", *range(10), *range(60, 80)))

    film = studio.film("hole")

    assert heard(film) == pytest.approx([70 * 1024 / 1600], abs=0.5)


def test_sound_that_is_said_to_come_in_hours_does_not_fill_the_memory(studio: Studio) -> None:
    path = clip_with_sound_at(studio.root / "hours.mp4", *range(10), 2_000_000)

    assert len(clip_sound(path, 0, 48_000)) == 2 * 48_000


def clip_with_sound_at(path: Path, *places: int) -> Path:
    """Two seconds with 1024 samples of sound at each place; those at the 70th can be heard."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 128, 64, "yuv420p"
        audio = container.add_stream("aac", rate=48_000, layout="mono")
        for _ in range(60):
            container.mux(video.encode(av.VideoFrame(128, 64, "yuv420p")))
        container.mux(video.encode())
        for number in places:
            frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            frame.sample_rate, frame.pts, frame.time_base = 48_000, number * 1024, Fraction(1, 48_000)
            level = 0.5 if number == 70 else 0.0
            wave = (level * math.sin(math.tau * sample / 48) for sample in range(1024))
            frame.planes[0].update(array("f", wave).tobytes())
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return path


def test_sound_dissolves_and_fades_with_the_picture(studio: Studio) -> None:
    studio.add("loud", frames=60, audio=True, wave=tone(0.5))
    studio.add("still", frames=60)

    film = studio.film(
        Segment("loud", transition=Transition("fade", 1.0)), Segment("still", transition=dissolve(1.0))
    )

    def loudest(frame: int) -> float:
        return max(map(abs, film.sound[frame * 1600 : (frame + 1) * 1600]))

    assert [loudest(frame) for frame in (0, 15, 45, 75)] == pytest.approx([0, 0.25, 0.25, 0], abs=0.03)
    assert loudest(29) == pytest.approx(0.5, abs=0.03)


def test_clips_come_to_the_same_loudness_when_asked(studio: Studio) -> None:
    for name, level in (("quiet", 0.02), ("loud", 0.4)):
        studio.add(name, frames=60, audio=True, wave=tone(level))
    studio.add("mute", frames=30, audio=True, wave=lambda _: 0.0)

    as_they_are = studio.film("quiet", "loud", "mute")
    evened = studio.film("quiet", "loud", "mute", loudness=-23.0, name="evened")

    def loudness(film: Film, second: int) -> float:
        return measure(clip_sound(film.path, second * 48_000, 90_000))[0]

    assert loudness(as_they_are, 2) - loudness(as_they_are, 0) > 20
    assert [loudness(evened, 0), loudness(evened, 2)] == pytest.approx([-23, -23], abs=0.5)
    assert max(map(abs, evened.sound[-24_000:])) < 0.001


def test_a_clip_with_peaks_is_not_made_louder_than_they_allow(studio: Studio) -> None:
    studio.add("click", frames=60, audio=True, wave=lambda time: tone(0.8 if 1 < time < 1.01 else 0.02)(time))

    film = studio.film("click", loudness=-16.0)

    loudness, peak = measure(clip_sound(film.path, 0, 96_000))
    assert loudness < -16.5
    assert 0.8 < peak < 1.0


# The cache


def test_the_same_film_has_the_same_bytes(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    again = Studio(tmp_path / "again")
    cut = (Segment("clip", end=0.5), Segment("clip", transition=dissolve(0.2)))
    for each in (studio, again):
        each.add("clip", frames=30, audio=True)

    assert studio.film(*cut).path.read_bytes() == again.film(*cut).path.read_bytes()


def test_only_what_has_changed_is_encoded_again(studio: Studio) -> None:
    for name, first in (("one", 0), ("two", 50), ("three", 100)):
        studio.add(name, frames=30, paint=numbered_from(first))
    cut = [Segment(name, start=0.1) for name in ("one", "two", "three")]
    studio.film(*cut)
    assert sorted(studio.watched.names) == ["one", "three", "two"]
    assert studio.watched.frames == studio.watched.advanced == 81

    film = studio.film(cut[0], Segment("two", start=0.2), cut[2])

    assert studio.watched.names == ["two"]
    assert film.numbers == counted((3, 30), (56, 80), (103, 130))


def test_what_dissolves_into_a_piece_belongs_to_it(studio: Studio) -> None:
    studio.add("one", frames=30)
    studio.add("two", frames=30, paint=numbered_from(50))
    studio.film("one", Segment("two", transition=dissolve(0.2)))

    studio.film(Segment("one", end=0.8), Segment("two", transition=dissolve(0.2)))

    assert sorted(studio.watched.names) == ["one", "two"]


def test_a_damaged_stretch_is_noticed_and_encoded_again(studio: Studio) -> None:
    studio.add("one", frames=30)
    cut = Segment("one", start=0.1)
    before = studio.film(cut).path.read_bytes()
    (kept,) = studio.root.glob("state/cuts/*/*.mp4")
    kept.chmod(0o644)
    kept.write_bytes(kept.read_bytes()[:-50] + bytes(50))

    after = studio.film(cut)

    assert studio.watched.names == ["one"]
    assert after.path.read_bytes() == before
    assert len(list(studio.root.glob("state/cuts/*/*.mp4"))) == 1


def test_a_clip_that_cannot_be_read_leaves_the_film_as_it_was(studio: Studio) -> None:
    path = studio.add("one", frames=30)
    cut = Segment("one", start=0.1)
    before = studio.film(cut).path.read_bytes()
    path.write_bytes(path.read_bytes()[:500])

    with pytest.raises(MediaError):
        studio.film(Segment("one", start=0.2))

    assert (studio.root / "film.film.mp4").read_bytes() == before
    assert not [each for each in studio.root.rglob("*") if each.suffix == ".tmp"]

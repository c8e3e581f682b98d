"""Timelines of tests, and what each shows at every frame of the film.

A frame is what is seen: one picture, or one that goes over into another with how far that has got. A picture
is the name of a take and a frame of it, counted at the film's rate; black and what is not made yet is BLACK,
and black that goes over into black is just that.
Each format is expanded by itself, from what its reader gives, so that the writers are not their own judges.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree as ET

import opentimelineio as otio

from cogvid_pipeline.cut.edit_list import make_edit
from cogvid_pipeline.model.attempt import Attempt, Clip
from cogvid_pipeline.model.cut import Segment
from cogvid_pipeline.model.edit import Edit
from cogvid_pipeline.model.shot import Shot, Storyboard, take_name
from cogvid_pipeline.model.timeline import Timeline
from cogvid_pipeline.timeline.addresses import address_of
from cogvid_pipeline.timeline.make import make_timeline
from tests.boards import attempt, shot, storyboard

Picture = tuple[str, int]
Shown = tuple[Picture] | tuple[Picture, Picture, int, int]

BLACK = ("", 0)


def clip(
    seconds: float = 5.0, *, fps: float = 30.0, size: tuple[int, int] = (1920, 1080), audio: bool = False
) -> Clip:
    return Clip("0" * 64, 4, *size, fps=fps, duration=seconds, audio=audio)


def timeline(
    *segments: Segment,
    clips: Mapping[str, Clip | None] | None = None,
    shots: Mapping[str, Shot] | None = None,
    title: str = "",
    remarks: Mapping[str, str] | None = None,
    folder: str = "file:///film/renders",
    **fields: Any,
) -> Timeline:
    """The timeline of these segments; a take has the clip given by its name, or one of five seconds.

    `fields` are those of each take's attempt.
    """
    names = dict.fromkeys(segment.shot for segment in segments)
    named = ((shots or {}).get(name) or shot(name) for name in names)
    board = replace(storyboard(*named, sequence=segments), title=title)
    takes = {take_name(segment.shot, segment.take): segment for segment in segments}
    there = {name: (clips or {}).get(name, clip()) for name in takes}
    made = {
        name: attempted(board, takes[name], one, **fields) for name, one in there.items() if one is not None
    }
    edit = make_edit(board, {name: one.clip for name, one in made.items() if one.clip})
    return make_timeline(board, edit, made, remarks or {}, lambda take: address_of(take, folder))


def attempted(board: Storyboard, segment: Segment, made: Clip, **fields: Any) -> Attempt:
    of = next(shot for shot in board.shots if shot.name == segment.shot)
    return attempt(of, take=segment.take, **{"clip": made, **fields})


def mixed(before: Picture, after: Picture, far: int, length: int) -> Shown:
    return (BLACK,) if before == after == BLACK else (before, after, far, length)


def as_cut(edit: Edit) -> list[Shown]:
    """What the film shows, by the edit list."""
    shown: list[Shown] = []
    for number, event in enumerate(edit.events):
        before = edit.events[number - 1]
        for frame in range(event.frames):
            now = (event.name, event.source_in + frame) if event.clip else BLACK
            left = event.frames - frame
            if frame < event.dissolve:
                other = (before.name, before.source_out + frame) if before.clip else BLACK
                shown.append(mixed(other, now, frame, event.dissolve))
            elif frame < event.fade_in:
                shown.append(mixed(BLACK, now, frame, event.fade_in))
            elif left <= event.fade_out:
                shown.append(mixed(now, BLACK, event.fade_out - left, event.fade_out))
            else:
                shown.append((now,))
    return shown


def as_track(track: otio.schema.Track) -> list[Shown]:
    """What a track shows, as OpenTimelineIO has it."""
    at = 0
    pieces: list[tuple[int, otio.core.Item]] = []
    mixes: dict[int, tuple[int, int, int, int]] = {}  # by frame: before, after, how far, of how many
    for child in track:
        if isinstance(child, otio.schema.Transition):
            first, length = at - frames(child.in_offset), frames(child.in_offset) + frames(child.out_offset)
            for far in range(length):
                mixes[first + far] = (len(pieces) - 1, len(pieces), far, length)
        else:
            pieces.append((at, child))
            at += frames(child.source_range.duration)
    plain: list[Shown] = [
        (_picture(piece, piece[0] + frame),) for piece in pieces for frame in range(_length(piece))
    ]
    return [_shown(pieces, mixes[at], at) if at in mixes else one for at, one in enumerate(plain)]


def _shown(pieces: list[tuple[int, otio.core.Item]], mix: tuple[int, int, int, int], frame: int) -> Shown:
    before, after, far, length = mix
    pair = [
        _picture(pieces[number], frame) if 0 <= number < len(pieces) else BLACK for number in (before, after)
    ]
    return mixed(pair[0], pair[1], far, length)


def _length(piece: tuple[int, otio.core.Item]) -> int:
    return frames(piece[1].source_range.duration)


def _picture(piece: tuple[int, otio.core.Item], frame: int) -> Picture:
    at, item = piece
    dark = isinstance(item, otio.schema.Gap) or isinstance(
        item.media_reference, otio.schema.GeneratorReference
    )
    return BLACK if dark else (item.name, frames(item.source_range.start_time) + frame - at)


def frames(time: otio.opentime.RationalTime) -> int:
    assert time.value == int(time.value)
    return int(time.value)


def as_spine(text: str, rate: Fraction) -> list[Shown]:
    """What the project of an FCPXML file shows, transitions and fades included, in exact arithmetic."""
    spine = ET.fromstring(text.partition("<!DOCTYPE fcpxml>")[2]).find("event/project/sequence/spine")
    assert spine is not None
    shown: list[Shown] = []
    clips = [element for element in spine if element.tag != "transition"]
    for element in clips:
        at, length = (_frames(element.get(name, "0s"), rate) for name in ("offset", "duration"))
        assert at == len(shown), "pieces follow each other"
        fades = {
            fade.tag: _frames(fade.get("duration", ""), rate) for fade in element.iter() if "fade" in fade.tag
        }
        for frame in range(length):
            now = _on_spine(element, at + frame, rate)
            into, out = fades.get("fadeIn", 0), fades.get("fadeOut", 0)
            if frame < into:
                shown.append(mixed(BLACK, now, frame, into))
            elif length - frame <= out:
                shown.append(mixed(now, BLACK, out - (length - frame), out))
            else:
                shown.append((now,))
    for number, element in enumerate(spine):
        if element.tag == "transition":
            at, length = (_frames(element.get(name, ""), rate) for name in ("offset", "duration"))
            for far in range(length):
                before, after = (_on_spine(spine[number + step], at + far, rate) for step in (-1, 1))
                shown[at + far] = mixed(before, after, far, length)
    return shown


def _on_spine(element: ET.Element, frame: int, rate: Fraction) -> Picture:
    if element.tag == "gap":
        return BLACK
    start, at = (_frames(element.get(name, ""), rate) for name in ("start", "offset"))
    return element.get("name", ""), start + frame - at


def _frames(time: str, rate: Fraction) -> int:
    count = Fraction(time.removesuffix("s")) * rate
    assert count.denominator == 1, f"{time} is no whole number of frames"
    return int(count)

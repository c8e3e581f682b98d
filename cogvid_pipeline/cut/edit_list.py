"""Make the edit list: from the cut in seconds to one in whole frames."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, pairwise

from cogvid_pipeline.cut.shape import Material, exact, film_rate, film_size, material_of
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.cut import Segment
from cogvid_pipeline.model.edit import Edit, Event, Size
from cogvid_pipeline.model.shot import Scalar, Shot, ShotFrame, Storyboard, take_name


@dataclass(frozen=True, slots=True, kw_only=True)
class EditOptions:
    """What the film is to be like: a size and a rate other than most clips', chains without repeats."""

    size: Size | None = None
    rate: Fraction | None = None
    drop_repeats: bool = False


@dataclass(frozen=True, slots=True)
class _Piece:
    """A segment with all that is known about it."""

    segment: Segment
    shot: Shot
    clip: Clip | None
    material: Material


def make_edit(storyboard: Storyboard, clips: Mapping[str, Clip], options: EditOptions | None = None) -> Edit:
    """The film of a storyboard; `clips` has those that there are, by take. A shot without one gets a card.

    A time becomes the nearest frame, of two the later. Each piece keeps a frame for itself, so a transition
    may turn out shorter than asked, as may one at a clip that is shorter than planned. Raises CogvidError
    when a clip ends before the cut begins to show it.
    """
    options = options or EditOptions()
    pieces = list(_pieces(storyboard, clips))
    materials = [piece.material for piece in pieces]
    rate = options.rate or film_rate(materials)
    events = _with_transitions(pieces, [_whole(piece, rate) for piece in pieces], rate)
    events = _with_repeats(pieces, events, rate)
    if options.drop_repeats:
        events = [replace(event, source_in=event.source_in + event.repeats) for event in events]
    return Edit(
        size=options.size or film_size(materials),
        rate=rate,
        audio=any(piece.clip.audio for piece in pieces if piece.clip),
        events=_in_a_row(events),
    )


def nearest_frame(seconds: Fraction, rate: Fraction) -> int:
    """The frame at a time, or how many frames a time span takes."""
    return math.floor(seconds * rate + Fraction(1, 2))


def planned(shot: Shot, storyboard: Storyboard) -> dict[str, Scalar]:
    """What a shot asks for, with the documented defaults."""
    return {**storyboard.documented_defaults[shot.model], **shot.parameters}


def _pieces(storyboard: Storyboard, clips: Mapping[str, Clip]) -> Iterable[_Piece]:
    shots = {shot.name: shot for shot in storyboard.shots}
    for segment in storyboard.cut:
        shot = shots[segment.shot]
        clip = clips.get(take_name(segment.shot, segment.take))
        material = material_of(clip, planned(shot, storyboard), segment.start, segment.end)
        yield _Piece(segment, shot, clip, material)


def _whole(piece: _Piece, rate: Fraction) -> Event:
    """All of a piece, before any transition takes some of it."""
    segment = piece.segment
    available = max(nearest_frame(piece.material.seconds, rate), 1)
    start = min(nearest_frame(exact(segment.start), rate), available - 1)
    if exact(segment.start) >= piece.material.seconds:
        raise CogvidError(
            f"the clip of {take_name(segment.shot, segment.take)} lasts {float(piece.material.seconds):g} "
            f"seconds, so the cut cannot show it from {segment.start:g} on",
            hint=f"change `in` of this piece of {segment.shot} in the `sequence`",
        )
    end = available if segment.end is None else min(nearest_frame(exact(segment.end), rate), available)
    return Event(segment.shot, segment.take, piece.clip, available, start, max(end, start + 1))


def _with_transitions(pieces: Sequence[_Piece], wholes: Sequence[Event], rate: Fraction) -> list[Event]:
    """The events with what comes between them."""
    result: list[Event] = []
    for piece, whole in zip(pieces, wholes, strict=True):
        event = whole
        if transition := piece.segment.transition:
            length = nearest_frame(exact(transition.duration), rate)
            if not result:
                event = replace(whole, fade_in=min(length, whole.frames))
            elif transition.type == "dissolve":
                result[-1], event = _dissolved(result[-1], whole, length)
            else:
                result[-1], event = _faded(result[-1], whole, length)
        fade_out = nearest_frame(exact(piece.segment.fade_out), rate)
        result.append(replace(event, fade_out=min(fade_out, _free(event))))
    return result


def _dissolved(before: Event, event: Event, length: int) -> tuple[Event, Event]:
    """The two with a dissolve between them: the last frames of the one, the first of the other."""
    overlap = min(length, _free(before), event.frames)
    return replace(before, source_out=before.source_out - overlap), replace(event, dissolve=overlap)


def _faded(before: Event, event: Event, length: int) -> tuple[Event, Event]:
    """The two with a fade through black between them; an odd frame goes to the way back."""
    fade_out, fade_in = length // 2, length - length // 2
    return (
        replace(before, fade_out=min(fade_out, _free(before))),
        replace(event, fade_in=min(fade_in, event.frames)),
    )


def _free(event: Event) -> int:
    """How many frames at an event's end a transition may take."""
    return event.frames - max(event.dissolve, event.fade_in, 1) - event.fade_out


def _with_repeats(pieces: Sequence[_Piece], events: Sequence[Event], rate: Fraction) -> list[Event]:
    """The events with the count of frames at their start that the one before has just shown."""
    return [
        events[0],
        *(
            replace(event, repeats=_repeats(before, event, piece, rate))
            for (before, event), piece in zip(pairwise(events), pieces[1:], strict=True)
        ),
    ]


def _repeats(before: Event, event: Event, piece: _Piece, rate: Fraction) -> int:
    """How many frames at an event's start are those that the one before ends with.

    A clip that is made from the last frame of another begins with that frame, which then is to be seen for
    twice its time where the one follows the other at once.
    """
    begins_with = piece.shot.images[:1] == (ShotFrame(before.shot, "last", before.take),)
    ends_meet = before.source_out == before.available and event.source_in == 0
    at_once = not (event.dissolve or event.fade_in or before.fade_out)
    own_rate = piece.material.rate
    if not (begins_with and ends_meet and at_once and before.clip and event.clip and own_rate):
        return 0
    return min(max(nearest_frame(1 / own_rate, rate), 1), event.frames - 1)


def _in_a_row(events: Sequence[Event]) -> tuple[Event, ...]:
    """The events one after the other, from the film's first frame on."""
    starts = accumulate((event.frames for event in events), initial=0)
    return tuple(replace(event, record_in=start) for event, start in zip(events, starts, strict=False))

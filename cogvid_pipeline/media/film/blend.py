"""Draw the frames of a stretch: dissolves, fades, and what lies between them."""

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import TypeAlias

from av.video.frame import VideoFrame
from PIL import Image

from cogvid_pipeline.media.film.letterbox import black
from cogvid_pipeline.media.planes import Planes, to_frame
from cogvid_pipeline.model.edit import Event, Size

# Gives the pictures of an event's source: so many, from that number on.
Pictures: TypeAlias = Callable[[Event, int, int], Iterator[Planes]]


def frames_of(event: Event, before: Event | None, pictures: Pictures, size: Size) -> Iterator[VideoFrame]:
    """The frames of a stretch, in which `before` dissolves into the event.

    A fade has a black frame at its dark end and none at the other, where the picture is whole again with the
    next frame. A dissolve begins and ends between two frames, so each of its own is a mixture.
    """
    tail = pictures(before, before.source_out, event.dissolve) if before else repeat(black(size))
    dark = black(size)
    own = pictures(event, event.source_in, event.frames)
    for number, picture in enumerate(own):
        shown = picture
        if number < event.dissolve:
            shown = _mixed(next(tail), picture, (number + 1) / (event.dissolve + 1))
        if light := _light(event, number):
            yield to_frame(shown if light == 1 else _mixed(dark, shown, light))
        else:
            yield to_frame(dark)


def _light(event: Event, number: int) -> float:
    """How much of a picture is to be seen, from 0 to 1."""
    left = event.frames - 1 - number
    rising = number / event.fade_in if number < event.fade_in else 1.0
    falling = left / event.fade_out if left < event.fade_out else 1.0
    return min(rising, falling)


def _mixed(first: Planes, second: Planes, share: float) -> Planes:
    return tuple(Image.blend(one, other, share) for one, other in zip(first, second, strict=True))

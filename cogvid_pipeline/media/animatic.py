"""Bring stills to life: a push-in, a cross-fade, or a picture that just stands."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from av.video.frame import VideoFrame
from PIL import Image

from cogvid_pipeline.media.planes import Planes, Splitter, to_frame, with_foot
from cogvid_pipeline.media.slate import Slate

# How a picture looks at a point of the clip: 0 is its first frame, 1 its last.
Motion: TypeAlias = Callable[[float], Planes]

# How much larger things are at the end of a push-in.
PUSH = 0.07

# The part of a cross-fade that shows the first picture alone, and again the last.
_HOLD = 0.12


def stand(picture: Image.Image) -> Motion:
    """The picture, unmoved."""
    planes = Splitter().planes(picture)
    return lambda _: planes


def push_in(picture: Image.Image) -> Motion:
    """Move slowly towards the middle, by fractions of a pixel; begins with the picture itself."""
    planes = Splitter().planes(picture)

    def at(time: float) -> Planes:
        edge = (1 - 1 / (1 + PUSH * time)) / 2
        return tuple(
            plane.resize(
                plane.size,
                Image.Resampling.BICUBIC,
                box=(
                    plane.width * edge,
                    plane.height * edge,
                    plane.width * (1 - edge),
                    plane.height * (1 - edge),
                ),
            )
            for plane in planes
        )

    return at


def cross_fade(first: Image.Image, last: Image.Image) -> Motion:
    """Fade from the first picture, which the clip begins with, to the last, which it ends with."""
    splitter = Splitter()
    pairs = tuple(zip(splitter.planes(first), splitter.planes(last), strict=True))

    def at(time: float) -> Planes:
        linear = min(max((time - _HOLD) / (1 - 2 * _HOLD), 0), 1)
        eased = linear * linear * (3 - 2 * linear)
        return tuple(Image.blend(before, after, eased) for before, after in pairs)

    return at


def animate(motion: Motion, slate: Slate, frames: int) -> Iterator[VideoFrame]:
    """The frames of a clip, one at a time, with the slate at their foot."""
    splitter = Splitter()
    for number in range(frames):
        picture = motion(number / max(frames - 1, 1))
        yield to_frame(with_foot(picture, splitter.planes(slate.at(number))))

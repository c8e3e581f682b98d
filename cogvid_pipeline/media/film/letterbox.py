"""Fit frames of video into a film's picture: never stretched, upright, on black."""

from fractions import Fraction

from av.video.frame import VideoFrame
from PIL import Image

from cogvid_pipeline.media.colour import scaled_to_bt709
from cogvid_pipeline.media.planes import Planes, planes_of
from cogvid_pipeline.model.edit import Size

# Black in limited range: luma, and twice chroma.
_BLACK = (16, 128, 128)

_TURNS = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


def black(size: Size) -> Planes:
    """A picture of nothing."""
    halves = (size[0] // 2, size[1] // 2)
    return tuple(
        Image.new("L", each, level) for each, level in zip((size, halves, halves), _BLACK, strict=True)
    )


def fitted(frame: VideoFrame, aspect: Fraction, size: Size) -> Planes:
    """The frame in a picture of that size; `aspect` is how wide its pixels are for their height."""
    turn = frame.rotation % 360
    shown = (frame.width * aspect, Fraction(frame.height))
    inner = largest(shown[::-1] if turn in (90, 270) else shown, size)
    scaled = scaled_to_bt709(frame, inner[::-1] if turn in (90, 270) else inner)
    planes = planes_of(scaled)
    if turn in _TURNS:
        planes = tuple(plane.transpose(_TURNS[turn]) for plane in planes)
    return planes if inner == size else _on_black(planes, size)


def largest(shown: tuple[Fraction, Fraction], size: Size) -> Size:
    """The largest size of that shape that fits into the other; even, and full where it is nearly so."""
    scale = min(size[0] / shown[0], size[1] / shown[1])
    width, height = (max(round(side * scale / 2) * 2, 2) for side in shown)
    return min(width, size[0]), min(height, size[1])


def _on_black(planes: Planes, size: Size) -> Planes:
    framed = black(size)
    # Chroma has half as many places, so the middle is an even one.
    left, top = ((outer - inner) // 4 for outer, inner in zip(size, planes[0].size, strict=True))
    for index, (below, plane) in enumerate(zip(framed, planes, strict=True)):
        times = 2 if index == 0 else 1
        below.paste(plane, (left * times, top * times))
    return framed

"""Look at how the pictures of a clip are coded and when each is shown."""

from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from cogvid_pipeline.media.encode import MASTER_SETS
from cogvid_pipeline.media.film.parameter_sets import read_sets
from cogvid_pipeline.media.mp4 import open_clip
from cogvid_pipeline.model.track import Coding, Track

# How far from its place a picture may be, in pictures: time stamps are rounded.
_SLACK = Fraction(1, 4)

# What H.273 calls BT.709, and what it calls unspecified.
_BT709, _UNSPECIFIED = 1, 2
_HD_LINES = 720  # from here on unspecified is BT.709


def read_track(path: Path, rate: Fraction) -> Track | None:
    """The track of a clip whose packets can be taken over into a film with this rate.

    None when they cannot: where pictures come at other times, or want to be turned, stretched or left out.
    Raises MediaError when the clip does not play.
    """
    with open_clip(path) as (container, video):
        first = next(container.decode(video), None)
        if first is None or first.rotation % 360 or (video.sample_aspect_ratio or 1) != 1:
            return None
        coding = _coding(video, first)
        container.seek(video.start_time or 0, stream=video)
        order = _order(container, video, rate)
        return Track(coding, order) if coding and order else None


def _coding(video: VideoStream, first: VideoFrame) -> Coding | None:
    context = video.codec_context
    setup = context.extradata or b""
    colours = (
        int(context.color_primaries),
        int(context.color_trc),
        int(context.colorspace),
        int(context.color_range),
    )
    return Coding(
        codec=context.name,
        setup=setup,
        size=(video.width, video.height),
        pixel_format=context.pix_fmt or "",
        colours=colours,
        mixable=_is_mixable(video, setup, colours),
    )


def _is_mixable(video: VideoStream, setup: bytes, colours: tuple[int, ...]) -> bool:
    """Whether it is H.264 in the colours that this package writes, and its parameter sets leave room."""
    context = video.codec_context
    sets = read_sets(setup) if context.name == "h264" else None
    primaries, transfer, matrix, levels = colours
    if matrix == _UNSPECIFIED and video.height >= _HD_LINES:
        matrix = _BT709
    return (
        sets is not None
        and sets.has_room_for(MASTER_SETS)
        and sets.head[4] & 3 == 3  # each unit after four bytes of length
        and context.pix_fmt == "yuv420p"
        and levels != ColorRange.JPEG
        and matrix == _BT709
        and {primaries, transfer} <= {_BT709, _UNSPECIFIED}
    )


def _order(container: InputContainer, video: VideoStream, rate: Fraction) -> tuple[int, ...]:
    """The number of each packet's picture; empty unless they are shown one after the other at that rate."""
    packets = [packet for packet in container.demux(video) if packet.size]
    odd = any(packet.pts is None or packet.is_discard or packet.is_corrupt for packet in packets)
    if not packets or odd or not packets[0].is_keyframe:
        return ()
    tick = video.time_base or Fraction(1)
    start = min(packet.pts or 0 for packet in packets)
    places = [((packet.pts or 0) - start) * tick * rate for packet in packets]
    order = tuple(round(place) for place in places)
    off = max(abs(place - number) for place, number in zip(places, order, strict=True))
    return order if off <= _SLACK and sorted(order) == list(range(len(order))) else ()

"""Give the pictures of a clip, or of a card, at the film's rate and size."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.card import draw_card
from cogvid_pipeline.media.film.letterbox import fitted
from cogvid_pipeline.media.mp4 import open_clip
from cogvid_pipeline.media.planes import Planes, Splitter, with_foot
from cogvid_pipeline.media.slate import Slate
from cogvid_pipeline.model.edit import Card, Size


def clip_pictures(path: Path, *, rate: Fraction, size: Size, start: int, count: int) -> Iterator[Planes]:
    """So many pictures of a clip, from that number on, counted at the film's rate.

    Each is the one that the clip shows in the middle of the film's frame, or of its own if that is shorter.
    Where the clip has ended, its last stands. Raises MediaError when the clip does not play.
    """
    end = start + count
    with open_clip(path) as (container, video):
        frame_time = 1 / rate
        own_time = 1 / Fraction(video.average_rate) if video.average_rate else frame_time
        middle = min(frame_time, own_time) / 2
        aspect = Fraction(video.sample_aspect_ratio or 1)
        number, shown = start, None
        for frame in _frames_from(container, video, start * frame_time + middle):
            if shown is not None:
                picture = None
                while number < end and number * frame_time + middle < _time(frame, video):
                    picture = picture or fitted(shown, aspect, size)
                    yield picture
                    number += 1
                if number == end:
                    return
            shown = frame
        if shown is None:
            raise MediaError(f"{path} has no frame that can be decoded")
        picture = fitted(shown, aspect, size)
        for _ in range(number, end):
            yield picture


def card_pictures(
    card: Card, *, rate: Fraction, size: Size, length: int, start: int, count: int
) -> Iterator[Planes]:
    """So many pictures of a card that stands for that length in all."""
    splitter = Splitter()
    picture = splitter.planes(draw_card(card.heading, card.text, card.note, size))
    slate = Slate(card.heading, card.note, size, fps=max(round(rate), 1), frames=length)
    for number in range(start, start + count):
        yield with_foot(picture, splitter.planes(slate.at(number)))


def _frames_from(container: InputContainer, video: VideoStream, seconds: Fraction) -> Iterator[VideoFrame]:
    """The frames from the one on that is shown at a time, or from an earlier one."""
    start = video.start_time or 0
    container.seek(start + int(seconds / (video.time_base or 1)), stream=video)
    frames = container.decode(video)
    first = next(frames, None)
    if first is None or _time(first, video) > seconds:
        container.seek(start, stream=video)
        frames, first = container.decode(video), None
    if first:
        yield first
    yield from frames


def _time(frame: VideoFrame, video: VideoStream) -> Fraction:
    """When a frame is shown, from the clip's first picture on."""
    return ((frame.pts or 0) - (video.start_time or 0)) * (video.time_base or Fraction(1))

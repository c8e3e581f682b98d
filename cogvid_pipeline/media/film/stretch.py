"""Encode one stretch of a film."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import av
from av.video.frame import VideoFrame

from cogvid_pipeline.jobs import Files, Job
from cogvid_pipeline.media.encode import MASTER, write_clip
from cogvid_pipeline.media.film.blend import frames_of
from cogvid_pipeline.media.film.pictures import card_pictures, clip_pictures
from cogvid_pipeline.media.planes import Planes
from cogvid_pipeline.model.edit import Cards, Edit, Event
from cogvid_pipeline.model.stretch import Encoded

# Raised with each change of what an encoded stretch looks like.
_LOOK = 1


def encoder_version() -> str:
    """What an encoded stretch depends on besides what it shows."""
    return f"{_LOOK} PyAV {av.__version__} FFmpeg {av.ffmpeg_version_info} {sorted(MASTER.items())}"


def _nobody_listens() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Footage:
    """What the stretches of a film show."""

    edit: Edit
    cards: Cards
    clips: Files

    def job(self, stretch: Encoded, into: Path, advance: Callable[[], None] = _nobody_listens) -> Job[None]:
        """The job of encoding a stretch; `advance` is called for each frame, and may raise to stop."""
        shown = [event for event in (stretch.before, stretch.event) if event]
        cards = {event.name: self.cards[event.name] for event in shown if not event.clip}
        clips = {event.clip.sha256: self.clips[event.clip.sha256] for event in shown if event.clip}
        work = partial(_encode, stretch, replace(self.edit, events=()), cards, advance)
        return Job(work, clips, into)


def _encode(
    stretch: Encoded, film: Edit, cards: Cards, advance: Callable[[], None], clips: Files, into: Path
) -> None:
    """Write a stretch. Raises MediaError when a clip cannot be read or the file not be written."""

    def pictures(event: Event, start: int, count: int) -> Iterator[Planes]:
        if event.clip:
            path = clips[event.clip.sha256]
            return clip_pictures(path, rate=film.rate, size=film.size, start=start, count=count)
        card, length = cards[event.name], event.available
        return card_pictures(card, rate=film.rate, size=film.size, length=length, start=start, count=count)

    frames = frames_of(stretch.event, stretch.before, pictures, film.size)
    write_clip(into, _told(frames, advance), size=film.size, fps=film.rate, settings=MASTER)


def _told(frames: Iterator[VideoFrame], advance: Callable[[], None]) -> Iterator[VideoFrame]:
    for frame in frames:
        yield frame
        advance()

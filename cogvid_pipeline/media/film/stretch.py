"""Encode one stretch of a film."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import av
from av.video.frame import VideoFrame

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


@dataclass(frozen=True, slots=True)
class Footage:
    """What the stretches of a film show: `clips` are files by digest."""

    edit: Edit
    cards: Cards
    clips: Mapping[str, Path]

    def encode(self, stretch: Encoded, into: Path, advance: Callable[[], None]) -> None:
        """Write a stretch to `into`; `advance` is called for each frame, and may raise to stop.

        Raises MediaError when a clip cannot be read or the file not be written.
        """
        frames = frames_of(stretch.event, stretch.before, self._pictures, self.edit.size)
        write_clip(into, _told(frames, advance), size=self.edit.size, fps=self.edit.rate, settings=MASTER)

    def _pictures(self, event: Event, start: int, count: int) -> Iterator[Planes]:
        size, rate = self.edit.size, self.edit.rate
        if event.clip:
            path = self.clips[event.clip.sha256]
            return clip_pictures(path, rate=rate, size=size, start=start, count=count)
        card = self.cards[event.name]
        return card_pictures(card, rate=rate, size=size, length=event.available, start=start, count=count)


def _told(frames: Iterator[VideoFrame], advance: Callable[[], None]) -> Iterator[VideoFrame]:
    for frame in frames:
        yield frame
        advance()

"""The edit list: the cut in whole frames, which films, timelines and previews are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.shot import take_name

Size: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Event:
    """A piece of a take, all in frames of the film's rate; `out` is the frame after the last.

    `clip` is None where a card stands for what is not made yet; `available` is how long the clip is, or is
    planned to be. The film shows source frame `source_in` at
    `record_in`, and record times of all events follow each other without a gap. During the first `dissolve`
    frames the event before is still to be seen: its source goes on for so long after its `source_out`, as
    in a CMX 3600 list. `fade_in` and `fade_out` frames at either end come from black and go to it.

    `repeats` says that the first frames of the clip, so many, are the last of the event before, because the
    shot was made from it; where they are dropped, `source_in` is behind them.
    """

    shot: str
    take: int
    clip: Clip | None
    available: int
    source_in: int
    source_out: int
    record_in: int = 0
    dissolve: int = 0
    fade_in: int = 0
    fade_out: int = 0
    repeats: int = 0

    @property
    def name(self) -> str:
        """That of the take."""
        return take_name(self.shot, self.take)

    @property
    def frames(self) -> int:
        return self.source_out - self.source_in

    @property
    def record_out(self) -> int:
        return self.record_in + self.frames


@dataclass(frozen=True, slots=True)
class Card:
    """What is written in place of a shot that is not there."""

    heading: str
    text: str
    note: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A film: its size in pixels, its exact frames a second, whether it has sound, and what it shows."""

    size: Size
    rate: Fraction
    audio: bool
    events: tuple[Event, ...]

    @property
    def frames(self) -> int:
        """The film's length."""
        return sum(event.frames for event in self.events)


# By the names of the takes that they stand for.
Cards: TypeAlias = Mapping[str, Card]

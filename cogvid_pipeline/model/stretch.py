"""The stretches of a film: what is made in one go."""

from dataclasses import dataclass
from typing import TypeAlias

from cogvid_pipeline.model.edit import Event
from cogvid_pipeline.model.track import Track


@dataclass(frozen=True, slots=True)
class Copied:
    """A clip in full, its packets taken over as they are; `clip` has its digest."""

    event: Event
    clip: str
    track: Track


@dataclass(frozen=True, slots=True)
class Encoded:
    """A piece that is encoded anew; what looks the same has the same `key`.

    `before` is what dissolves into it.
    """

    event: Event
    before: Event | None
    key: str


Stretch: TypeAlias = Copied | Encoded

"""The cut: which pieces of which clips follow each other."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Transition:
    """How the cut goes over from one clip to the next; the two overlap for `duration` seconds."""

    type: Literal["dissolve"]
    duration: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a take's clip in the cut: from `start` to `end` in seconds, or to the clip's end (None).

    `transition` is how the piece before it goes over into this one; without one, at once.
    """

    shot: str
    take: int = 1
    start: float = 0.0
    end: float | None = None
    transition: Transition | None = None

"""The cut: which pieces of which clips follow each other."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Transition:
    """How the cut goes over from one clip to the next.

    In a `dissolve` the two overlap for `duration` seconds. A `fade` goes through black: the one is dark
    after half of that time, the other fully there after the rest; on the first piece it is all fade-in.
    """

    type: Literal["dissolve", "fade"]
    duration: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a take's clip in the cut: from `start` to `end` in seconds, or to the clip's end (None).

    `transition` is how the piece before it goes over into this one; without one, at once. `fade_out` is how
    many seconds the piece takes to go to black at its end.
    """

    shot: str
    take: int = 1
    start: float = 0.0
    end: float | None = None
    transition: Transition | None = None
    fade_out: float = 0.0

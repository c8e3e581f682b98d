"""A timeline: the edit list, with where each clip lies and how it was made."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cogvid_pipeline.model.edit import Edit, Event


@dataclass(frozen=True, slots=True)
class Item:
    """An event of the edit list and what an editor may want to know about it.

    `address` is the URL of the clip's file, relative or not; empty where there is no clip yet. `rate` is the
    clip's own. `remark` says why somebody should look at it. `facts` is JSON data: how the clip was made.
    """

    event: Event
    rate: Fraction
    prompt: str
    tags: tuple[str, ...]
    facts: Mapping[str, Any]
    address: str = ""
    remark: str = ""

    @property
    def name(self) -> str:
        """That of the take."""
        return self.event.name

    @property
    def whole(self) -> int:
        """How many frames, of its own rate, the whole clip has."""
        clip = self.event.clip
        return max(round(Fraction(clip.duration) * self.rate), 1) if clip else 0


@dataclass(frozen=True, slots=True)
class Timeline:
    """The cut under its name, with one item for each event of the edit."""

    name: str
    edit: Edit
    items: tuple[Item, ...]

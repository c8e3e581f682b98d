"""What happens during a run, one event at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from cogvid_pipeline.model.shot import take_name

EventName: TypeAlias = Literal[
    "run_started",
    "shot_started",
    "reused",
    "submitted",
    "running",
    "waiting",
    "downloading",
    "decoding",
    "rendering",
    "succeeded",
    "failed",
    "held",
    "blocked",
    "forgotten",
    "run_finished",
]


@dataclass(frozen=True, slots=True)
class Event:
    """One step of one take; `shot` is empty for events of the whole run. `time` is ISO 8601 in UTC."""

    event: EventName
    time: str
    shot: str = ""
    take: int = 1
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the take."""
        return take_name(self.shot, self.take)

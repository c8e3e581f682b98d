"""What became of each take of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from cogvid_pipeline.model.attempt import Attempt


@dataclass(frozen=True, slots=True)
class Done:
    """The take has its clip; `attempt` is where it came from."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Failed:
    """The take did not get its clip. `attempt` is the one that failed, None when none was made."""

    reason: str
    hint: str = ""
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Whether the take's submission was accepted is not known."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Blocked:
    """The take needs a frame of a take that did not get its clip."""

    on: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The run ended before the take did; the next apply goes on with it."""


Outcome: TypeAlias = Done | Failed | Held | Blocked | Stopped


@dataclass(frozen=True, slots=True)
class RunReport:
    """Outcomes by take, in the plan's order."""

    outcomes: Mapping[str, Outcome]
    interrupted: bool

    def names(self, kind: type[Outcome]) -> list[str]:
        """The takes with this kind of outcome."""
        return [name for name, outcome in self.outcomes.items() if isinstance(outcome, kind)]

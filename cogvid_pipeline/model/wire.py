"""What goes to a vendor, and what its answers mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from cogvid_pipeline.model.shot import Scalar, take_name


@dataclass(frozen=True, slots=True)
class ImageBytes:
    """A picture to send along."""

    data: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True, slots=True)
class ImageLink:
    """A picture that the vendor fetches."""

    url: str


@dataclass(frozen=True, slots=True)
class Submission:
    """One request as a provider gets it: images are bytes or links, never references.

    `shot` and `take` are for the preview's slate and for logs; they are not sent to vendors.
    """

    request_id: str
    shot: str
    take: int
    model: str
    prompt: str
    images: tuple[ImageBytes | ImageLink, ...]
    parameters: Mapping[str, Scalar]

    @property
    def name(self) -> str:
        """The name of the take."""
        return take_name(self.shot, self.take)


# --- what an answer to a submission means ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor has the task and will charge for it; `done` when the answer already carries the result."""

    task_id: str
    done: "TaskSucceeded | TaskFailed | None" = None
    emulated: bool = False


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """Nothing was bought; worth another attempt after `retry_after` seconds (None: the caller's choice).

    `reached` is False when the request did not even get to the vendor.
    """

    reason: str
    retry_after: float | None = None
    reached: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """The vendor will not make this one; the same request would be refused again."""

    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """The account cannot buy anything more for now: key, balance or a limit."""

    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The request may or may not have been accepted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """This request id was accepted earlier; the task's id is not in the answer."""

    reason: str


Verdict: TypeAlias = Accepted | NotAccepted | Refused | Closed | Uncertain | Duplicate


_LONGEST_TASK_ID = 256


def is_task_id(text: str) -> bool:
    """Whether a task with this id can be asked for."""
    # A path segment of dots would climb out of the collection of tasks.
    plain = text.isprintable() and " " not in text and text not in {".", ".."}
    return plain and 0 < len(text) <= _LONGEST_TASK_ID


# --- what a poll says --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskRunning:
    """Not finished."""


@dataclass(frozen=True, slots=True)
class TaskSucceeded:
    """The clip can be downloaded from `url`, which may be signed and short-lived."""

    url: str
    emulated: bool = False


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """The vendor gave up; `reason` has its words."""

    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class TaskUnknown:
    """The vendor says that there is no such task."""

    reason: str


@dataclass(frozen=True, slots=True)
class PollFailed:
    """No usable answer; ask again later (after `retry_after` seconds if the vendor said so)."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class PollDenied:
    """The key is not accepted; asking again is useless."""

    reason: str
    hint: str = ""


TaskState: TypeAlias = TaskRunning | TaskSucceeded | TaskFailed | TaskUnknown | PollFailed | PollDenied

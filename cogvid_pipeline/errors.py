"""The expected failures and the exit code of each.

CogvidError (1)
├── UsageError (64)
│   └── UnknownEnvironment (64)
├── InvalidManifest (3)
├── StalePlan (4)
├── HeldAttempts (5)
├── OverBudget (6)
├── Interrupted (130)
├── StateError (1)       lock, ledger or cache cannot be used
├── MediaError (1)       a video or image cannot be read or written
├── StoreError (1)       the shared store cannot be used
│   └── DamagedObject (1)  what it has is not what it should be
├── ClusterError (1)     the cluster cannot do the work
└── FetchError (1)       a clip cannot be downloaded
    └── ClipGone (1)     the address is dead; a new one must be asked for
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cogvid_pipeline.model.problem import Problem


class CogvidError(Exception):
    """An expected failure; `str()` of it is fit to show, `hint` says what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(CogvidError):
    """The command line asks for something that cannot be."""

    exit_code = 64


class UnknownEnvironment(UsageError):
    """The manifest has no environment of that name."""


class InvalidManifest(CogvidError):
    """The manifest has mistakes; `problems` lists all of them."""

    exit_code = 3

    def __init__(self, problems: Sequence["Problem"]) -> None:
        super().__init__("the manifest is not valid")
        self.problems = tuple(problems)


class StalePlan(CogvidError):
    """A saved plan is no longer what a new plan would be; `moved` says in words what differs."""

    exit_code = 4

    def __init__(self, moved: Sequence[str]) -> None:
        super().__init__(
            "the plan no longer holds, and nothing was done", hint="plan again, and read what is new in it"
        )
        self.moved = tuple(moved)


class HeldAttempts(CogvidError):
    """Attempts whose outcome is unknown need `cogvid recover`."""

    exit_code = 5


class OverBudget(CogvidError):
    """The run would cost more than is allowed, or its cost cannot be known."""

    exit_code = 6


class Interrupted(CogvidError):
    """Ctrl-C or SIGTERM ended the run; what was submitted is recorded."""

    exit_code = 130


class StateError(CogvidError):
    """The lock, the ledger or the clip cache cannot be read or written."""


class MediaError(CogvidError):
    """A video or an image cannot be decoded or encoded."""


class StoreError(CogvidError):
    """The shared store cannot be asked, or refuses."""


class DamagedObject(StoreError):
    """An object of the shared store is not what its name says."""


class ClusterError(CogvidError):
    """The cluster cannot be reached, or cannot do the work."""


class FetchError(CogvidError):
    """A clip could not be downloaded, though it may be later."""


class ClipGone(FetchError):
    """The clip's address is dead; only the vendor can give a new one."""


def in_a_line(error: Exception) -> str:
    """What an error of somebody else's says, for one of ours to pass on."""
    return str(error).strip().partition("\n")[0] or type(error).__name__

"""What the ledger needs of a database, whichever it is."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from cogvid_pipeline.errors import StateError


class Unreachable(StateError):
    """The database cannot be asked now; the same may work later, and may have worked already."""


class Database(Protocol):
    """Rows of attempts, changed by one writer at a time.

    Statements name their parameters `:so`, and get the parameter `list` as JSON by what `listed` says.
    Every method raises StateError.
    """

    listed: str
    private: bool  # only who may use this machine's files can change it

    def now(self) -> float:
        """The time in seconds since the epoch, by the clock that all who share the database go by."""
        ...

    def query(self, statement: str, **parameters: Any) -> Iterable[Any]:
        """The rows; they give a column by its name."""
        ...

    def change(self, statement: str, **parameters: Any) -> int:
        """How many rows were changed; call it in a transaction."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing of what the block changes, durable when it has ended; nobody else writes meanwhile.

        Inside of another transaction it is a part of that one.
        """
        ...

    def holders(self) -> Callable[[str], str | None]:
        """Tells by a run's id who that is, in words; None when it is not alive.

        A run that a transaction has found dead stays dead, whatever it thinks itself.
        """
        ...

    def holds(self) -> bool:
        """Whether others take this run to be alive, and will for a while, so that it may submit."""
        ...

    def hurry(self, within: float) -> None:
        """Let nobody wait for the database for longer than these seconds; may be called by any thread."""
        ...

    def damaged(self, cause: Exception) -> StateError:
        """The error for rows that make no sense."""
        ...

"""What a place must be able to do for clips to be shared there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# How many bytes are asked for at once, and how many objects.
BLOCK = 8 * 1024 * 1024
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Object:
    """One object of a bucket: its key, its size, and when it was written, in seconds since the epoch."""

    key: str
    bytes: int
    written: float


class Bucket(Protocol):
    """A place with objects by key; keys have slashes and are only ever made from digests and names.

    `address` is fit to show. Methods may be called from several threads. An object is there whole or not at
    all. Everything raises StoreError when the place cannot be used.
    """

    @property
    def address(self) -> str: ...

    def size(self, key: str) -> int | None:
        """How many bytes the object has; None where there is none."""
        ...

    def read(self, key: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`, or to where the object ends."""
        ...

    def holds(self, key: str, file: Path) -> bool:
        """Whether the object is there and has the very bytes of a file."""
        ...

    def upload(self, file: Path, key: str) -> None:
        """Make a file's bytes the object, whatever was there before."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Make these bytes the object."""
        ...

    def objects(self, below: str) -> Iterator[Object]:
        """All objects whose keys begin with this folder."""
        ...

    def remove(self, key: str) -> None:
        """Remove the object, if it is there."""
        ...

    def abandoned(self, before: float) -> dict[str, Callable[[], None]]:
        """What uploads that died before then have left, with the way to remove it."""
        ...

"""A mistake of the user's, with its place."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a text file; lines and columns count from 1, columns in code points."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: what is wrong in the user's words, and what to write instead.

    `pointer` is the RFC 6901 JSON pointer of the value, `excerpt` the whole source line it stands on.
    """

    code: str
    message: str
    location: Location
    pointer: str = ""
    hint: str = ""
    excerpt: str = ""
    severity: Severity = "error"

"""A mistake that knows what it is about, before it has a line and a column."""

from dataclasses import dataclass
from typing import TypeAlias

from cogvid_pipeline.model.problem import Severity

# The way from the root of a document to a value: keys and list indexes.
Path: TypeAlias = tuple[str | int, ...]


# Where defaults are written, of the manifest or of one of its environments.
_SHARED = frozenset({"defaults", "environments"})


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with the value at `path`, or with its key when `at_key`.

    `snippet` is the piece of the value's text that is at fault, where only a piece is; `meant` the key that
    a misspelled one most likely stands for; `covers` are values that are wrong for the same reason.
    """

    code: str
    message: str
    path: Path
    hint: str = ""
    at_key: bool = False
    snippet: str = ""
    meant: str = ""
    covers: tuple[Path, ...] = ()
    severity: Severity = "error"


class Notes:
    """Mistakes as they are found, each once; one in `defaults` however many shots inherit it."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self._seen: set[Mistake | tuple[str, Path]] = set()

    def add(self, mistake: Mistake) -> None:
        shared = mistake.path[:1] and mistake.path[0] in _SHARED
        # All shots of a matrix may have the same mistake.
        seen = (mistake.code, mistake.path) if shared else mistake
        if seen not in self._seen:
            self._seen.add(seen)
            self.mistakes.append(mistake)


def pointer(path: Path) -> str:
    """The RFC 6901 JSON pointer of a path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def parents(path: Path) -> list[Path]:
    """The path itself and those of all that the value lies in."""
    return [path[:length] for length in range(len(path) + 1)]

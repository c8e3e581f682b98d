"""Remember from run to run what large files parse to.

Files are kept by the digest of their content in a directory of the user's own: never in a repository, where a
pull request could plant them.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cogvid_pipeline import __version__
from cogvid_pipeline.manifest.document import Document
from cogvid_pipeline.manifest.mistakes import Mistake
from cogvid_pipeline.manifest.source import read
from cogvid_pipeline.manifest.text import Text
from cogvid_pipeline.model.problem import Problem

# Smaller files parse faster than anybody notices.
WORTH_IT = 200_000
_FORMAT = 2  # what another format has written is not found
MOST_FILES = 16


@dataclass(frozen=True)
class Remembered:
    """Does what a Document does; the places of values are found by parsing the text after all."""

    text: Text
    data: Any
    values: int

    def problem(self, mistake: Mistake) -> Problem:
        """Give a mistake its place."""
        return self._document.problem(mistake)

    @cached_property
    def _document(self) -> Document:
        document, _ = read(self.text)
        assert document is not None  # only what could be read without a problem is remembered
        return document


def read_once(text: Text, memory: Path | None) -> tuple[Document | Remembered | None, list[Problem]]:
    """What `read` gives, from `memory` where this very text was read before without a problem."""
    if memory is None or len(text.content) < WORTH_IT:
        return read(text)
    known_as = f"{__version__} {_FORMAT}\n{text.content}"
    digest = hashlib.sha256(known_as.encode("utf-8", "surrogatepass")).hexdigest()
    kept = memory / f"{digest}.json"
    with suppress(OSError, ValueError, TypeError, RecursionError):
        return Remembered(text, **json.loads(kept.read_bytes())), []
    document, problems = read(text)
    if document is not None and not problems:
        with suppress(OSError):
            _keep(kept, {"data": document.data, "values": document.values})
    return document, problems


def _keep(path: Path, remembered: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_suffix(f".{os.getpid()}.tmp")
    staging.write_text(json.dumps(remembered, ensure_ascii=False), encoding="utf-8")
    staging.replace(path)
    newest_first = sorted(path.parent.glob("*.json"), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in newest_first[MOST_FILES:]:
        old.unlink()

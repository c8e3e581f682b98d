"""Read the text of the lock from its file, which has two sides where a merge left a conflict in it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.state.conflict import Tangled, first_marker, sides
from cogvid_pipeline.state.locktext import Document, Source, decode, take_apart
from cogvid_pipeline.state.stages import stages

# Enough for 150,000 clips; a manifest that needs more is better made into several.
_LARGEST = 256 * 1024 * 1024

_BY_HAND = (
    "take the file from one of the two commits, as in `git checkout COMMIT -- FILE`, and from the other one "
    "the entries of shots that only it has"
)


@dataclass(frozen=True, slots=True)
class Sides:
    """What a lock file says: one document, or ours and theirs.

    `digest` is that of everything that was read, empty when there is no file.
    """

    documents: Sequence[Document]
    digest: str

    @property
    def conflicted(self) -> bool:
        """Whether there are two sides, or one take twice: git may merge two additions of it so."""
        entries = self.documents[0].entries
        return len(self.documents) > 1 or len({name for name, _ in entries}) < len(entries)


def load_sides(path: Path) -> Sides:
    """The lock file's text, taken apart; an empty document when there is no such file.

    Raises StateError when it, or one side of it, is no JSON of this version.
    """
    data = _bytes(path)
    if data is None:
        return Sides([Document(Source(str(path)), "", (), {})], "")
    whole = Source(str(path))
    text = decode(whole, data)
    if first_marker(text) is None:
        return Sides([take_apart(whole, text)], hashlib.sha256(data).hexdigest())
    if (staged := stages(path, _LARGEST)) is not None:
        return Sides(
            [_staged(path, *side) for side in zip((2, 3), staged, strict=True)], _digest(data, *staged)
        )
    return Sides(_between_markers(path, text), _digest(data))


def check_size(path: Path, size: int) -> None:
    """Raise StateError for a lock of so many bytes that it could not be read again."""
    if size > _LARGEST:
        raise StateError(
            f"{path} would be larger than {_LARGEST >> 20} MiB",
            hint="make several manifests of this one; the ledger finds for each what was paid for",
        )


def _staged(path: Path, stage: int, data: bytes) -> Document:
    ours = stage == 2
    source = Source(
        f"{path} of {'our' if ours else 'their'} side (`git show :{stage}:./{path.name}`)",
        hint=f"take the other side with `git checkout --{'theirs' if ours else 'ours'} {path.name}`, or mend "
        "this one on its branch",
    )
    text = decode(source, data)
    if (line := first_marker(text)) is not None:
        raise source.broken(line, "it was committed with conflict markers")
    return take_apart(source, text)


def _between_markers(path: Path, text: str) -> list[Document]:
    hint = _BY_HAND.replace("FILE", path.name)
    try:
        ours, theirs = sides(text)
    except Tangled as error:
        raise StateError(f"{path}:{error.line}: {error.message}", hint=hint) from None
    return [
        take_apart(Source(str(path), f" on {whose} side of a conflict", hint), side.text, side.cuts)
        for whose, side in (("our", ours), ("their", theirs))
    ]


def _digest(data: bytes, *staged: bytes) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in (data, *staged))).hexdigest()


def _bytes(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise StateError(f"{path} is larger than {_LARGEST >> 20} MiB, so it is no lock of cogvid")
    return data

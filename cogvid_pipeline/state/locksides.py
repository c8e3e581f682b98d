"""Read the text of the lock from its file, which has two sides where git left a conflict in it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.state.conflict import Tangled, first_marker, sides
from cogvid_pipeline.state.locktext import Document, Source, decode, take_apart
from cogvid_pipeline.state.stages import stages

_LARGEST = 64 * 1024 * 1024

_BY_HAND = (
    "before the merge is committed, `git checkout --merge FILE` brings both sides back as git had them; else "
    "take the whole file from one of them, as in `git checkout COMMIT -- FILE`"
)


@dataclass(frozen=True, slots=True)
class Sides:
    """What a lock file says: one document, or ours and theirs.

    `digest` is that of everything that was read, empty when there is no file. Sides that were `patched`
    together from between markers, and not taken whole from git's index, may not be what anybody wrote.
    """

    documents: Sequence[Document]
    digest: str
    patched: bool = False

    @property
    def conflicted(self) -> bool:
        return len(self.documents) > 1


def load_sides(path: Path) -> Sides:
    """The lock file's text, taken apart; an empty document when there is no such file.

    Raises StateError when it, or one side of it, is no JSON of this version.
    """
    data = _bytes(path)
    if data is None:
        return Sides([Document(Source(str(path)), "", {}, {})], "")
    whole = Source(str(path))
    text = decode(whole, data)
    if first_marker(text) is None:
        return Sides([take_apart(whole, text)], hashlib.sha256(data).hexdigest())
    if (staged := stages(path, _LARGEST)) is not None:
        return Sides(
            [_staged(path, *side) for side in zip((2, 3), staged, strict=True)], _digest(data, *staged)
        )
    return Sides(_between_markers(path, text), _digest(data), patched=True)


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
        take_apart(Source(str(path), " on our side of a conflict", hint), ours),
        take_apart(Source(str(path), " on their side of a conflict", hint), theirs),
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

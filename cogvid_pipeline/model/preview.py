"""Previews: what is to be rendered, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cogvid_pipeline.model.shot import Scalar, Shot


@dataclass(frozen=True, slots=True)
class PreviewTask:
    """A preview to render, whole in itself, but for files that are known by their digests.

    `clips` has, by shot, the digests of the previews that frames are taken from. `defaults` has what
    parameters are where the shot does not say.
    """

    shot: Shot
    clips: Mapping[str, str]
    scale: float
    defaults: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The preview is new; `digest` is the SHA-256 of its file, in hex."""

    shot: str
    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The preview was there already, made from the same."""

    shot: str
    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class NotRendered:
    """There is no preview, for this reason."""

    shot: str
    reason: str
    hint: str = ""


PreviewOutcome: TypeAlias = Rendered | Kept | NotRendered

"""The storyboard: what the manifest asks for, everything filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeAlias

Scalar: TypeAlias = bool | int | float | str

# What a request looks like in a plan and in the lock: JSON data with images as digests.
Request: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217 code)."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:.2f} {self.currency}"


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A picture beside the manifest; `path` is relative to it, `digest` that of its bytes ("sha256:…")."""

    path: str
    digest: str
    media_type: str


@dataclass(frozen=True, slots=True)
class ImageUrl:
    """A picture that the vendor downloads itself."""

    url: str


@dataclass(frozen=True, slots=True)
class ImageData:
    """A picture written into the manifest as a `data:` URI; `digest` is that of its decoded bytes."""

    digest: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShotFrame:
    """A frame of another shot's clip; `at` is the first, the last, or the one at so many seconds."""

    shot: str
    at: Literal["first", "last"] | float


Image: TypeAlias = ImageFile | ImageUrl | ImageData | ShotFrame


@dataclass(frozen=True, slots=True)
class Shot:
    """One declared video.

    `prompt` is rendered, its ends stripped, and empty when there is none. `parameters` holds the API's
    names, only those that the manifest or its `defaults` give, without model, prompt and image.
    """

    name: str
    model: str
    prompt: str
    images: tuple[Image, ...] = ()
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def upstream(self) -> tuple[str, ...]:
        """The shots whose frames this one starts or ends on, in order of use, each once."""
        if not self.images:
            return ()
        return tuple(dict.fromkeys([image.shot for image in self.images if isinstance(image, ShotFrame)]))


@dataclass(frozen=True, slots=True)
class Storyboard:
    """The resolved manifest; `shots` are in the story's order.

    `documented_defaults` gives, by model, what a parameter means when it is not written; it is taken from
    the model's schema. `prices` are the manifest's own, by model or `provider/model`.
    """

    project: str
    title: str
    provider: str
    output: str
    shots: tuple[Shot, ...]
    documented_defaults: Mapping[str, Mapping[str, Scalar]]
    budget: Money | None = None
    prices: Mapping[str, Money] = field(default_factory=dict)

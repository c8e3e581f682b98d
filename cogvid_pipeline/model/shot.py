"""The storyboard: what the manifest asks for, everything filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from cogvid_pipeline.model.cut import Segment

Scalar: TypeAlias = bool | int | float | str

# What stands between a shot's name and the number of its take; the first take has the shot's own name.
_TAKE = "@"

# What a request looks like in a plan and in the lock: JSON data with images as digests.
Request: TypeAlias = Mapping[str, Any]


def take_name(shot: str, take: int) -> str:
    """What a take is called in the lock and among the clips: `walk`, `walk@2`."""
    return shot if take == 1 else f"{shot}{_TAKE}{take}"


def split_take(name: str) -> tuple[str, int]:
    """The shot and the number of the take with this name."""
    shot, _, take = name.partition(_TAKE)
    return shot, int(take or 1)


def matrix_of(shot: str) -> str:
    """The name that a shot of a matrix is written under; "" for other shots, whose names have no point."""
    matrix, point, _ = shot.partition(".")
    return matrix if point else ""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217 code)."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:.2f} {self.currency}"


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture gets a size (`1920x1080`): by black bars, or by cutting off what sticks out."""

    how: Literal["pad", "crop"]
    size: str


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A picture beside the manifest; `path` is relative to it, `digest` that of its bytes ("sha256:…").

    With a `fit`, here and below, another picture is sent, which is made from it.
    """

    path: str
    digest: str
    media_type: str
    fit: Fit | None = None

    @property
    def sha256(self) -> str:
        """The digest as files are known by: bare."""
        return self.digest.removeprefix("sha256:")


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
    fit: Fit | None = None


@dataclass(frozen=True, slots=True)
class ShotFrame:
    """A frame of another shot's take; `at` is the first, the last, or the one at so many seconds."""

    shot: str
    at: Literal["first", "last"] | float
    take: int = 1
    fit: Fit | None = None

    @property
    def source(self) -> str:
        """The name of the take."""
        return self.shot if self.take == 1 else take_name(self.shot, self.take)


Image: TypeAlias = ImageFile | ImageUrl | ImageData | ShotFrame


@dataclass(frozen=True, slots=True)
class Shot:
    """One declared video; a matrix declares several, `skyline.dawn-clear` and so on.

    `prompt` is rendered, its ends stripped, and empty when there is none. `parameters` holds the API's
    names, only those that the manifest or its `defaults` give, without model, prompt and image. `takes` is
    how many results are wanted, `pick` the one that counts when no take is named. `depends_on` has names of
    shots, or of matrices, that come first although no frame of theirs is used.
    """

    name: str
    model: str
    prompt: str
    images: tuple[Image, ...] = ()
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    takes: int = 1
    pick: int | None = None
    depends_on: tuple[str, ...] = ()
    protect: bool = False
    freeze: bool = False

    @property
    def upstream(self) -> tuple[str, ...]:
        """The shots whose frames this one starts or ends on, in order of use, each once."""
        if not self.images:
            return ()
        return tuple(dict.fromkeys([image.shot for image in self.images if isinstance(image, ShotFrame)]))

    @property
    def sources(self) -> tuple[str, ...]:
        """The takes whose frames this shot starts or ends on, in order of use, each once."""
        if not self.images:
            return ()
        return tuple(dict.fromkeys([image.source for image in self.images if isinstance(image, ShotFrame)]))


class Take(NamedTuple):  # made three times as fast as a dataclass, and each shot of a plan has one
    """One of the results that a shot is to have, counted from 1; `takes_of` makes them."""

    shot: Shot
    number: int
    name: str


def takes_of(shot: Shot) -> tuple[Take, ...]:
    """All takes of a shot, the first one first."""
    first = (Take(shot, 1, shot.name),)
    if shot.takes == 1:  # as most have
        return first
    others = (Take(shot, number, take_name(shot.name, number)) for number in range(2, shot.takes + 1))
    return (*first, *others)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What clips are to say of how they were made.

    `producer` is who answers for the film. `certificate` is the path of the chain to sign with, relative to
    the manifest, and empty where nothing is signed.
    """

    producer: str
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Storyboard:
    """The resolved manifest; `shots` are in the story's order.

    `documented_defaults` gives, by model, what a parameter means when it is not written; it is taken from
    the model's schema. `prices` are the manifest's own, by model or `provider/model`. `environment` is the
    name of the chosen one, `remote` the address of the shared store; both may be empty. `sequence` is the
    cut as the manifest has it, and empty when it has none. `provenance` is None where clips stay as the
    vendor sends them.
    """

    project: str
    title: str
    provider: str
    output: str
    shots: tuple[Shot, ...]
    documented_defaults: Mapping[str, Mapping[str, Scalar]]
    budget: Money | None = None
    prices: Mapping[str, Money] = field(default_factory=dict)
    environment: str = ""
    remote: str = ""
    sequence: tuple["Segment", ...] = ()
    provenance: Provenance | None = None

    @property
    def cut(self) -> tuple["Segment", ...]:
        """The sequence; without one every shot in the story's order, its first take until one is picked."""
        from cogvid_pipeline.model.cut import Segment  # most commands do without the cut

        return self.sequence or tuple(Segment(shot.name, shot.pick or 1) for shot in self.shots)

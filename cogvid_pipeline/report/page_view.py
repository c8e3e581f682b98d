"""What the storyboard page says, piece by piece."""

from dataclasses import dataclass, field

from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.report.worddiff import Piece

# How large posters are at most, in pixels.
_POSTER_SIDE = 640


@dataclass(frozen=True, slots=True)
class Film:
    """A clip of which there is a file: the page plays it and shows one of its frames."""

    facts: Clip

    @property
    def clip(self) -> str:
        """Its address, relative to the page."""
        return f"clips/{self.facts.sha256[:24]}.mp4"

    @property
    def poster(self) -> str:
        """The address of the frame that stands for it."""
        return f"posters/{self.facts.sha256[:24]}.jpg"

    @property
    def poster_size(self) -> tuple[int, int]:
        """Width and height of that frame in pixels."""
        width, height = max(self.facts.width, 1), max(self.facts.height, 1)
        scale = min(_POSTER_SIDE / max(width, height), 1)
        return max(round(width * scale), 1), max(round(height * scale), 1)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a shot starts or ends on; `digest` is empty where there is no copy of it to show."""

    words: str
    digest: str = ""

    @property
    def poster(self) -> str:
        """The address of a small copy, relative to the page."""
        return f"posters/{self.digest[:24]}.jpg" if self.digest else ""


@dataclass(frozen=True, slots=True)
class Badge:
    """How it stands with something: `kind` is a word for colours and filters, `words` are for people."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """A name and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Alteration:
    """A field that was reworded: word by word where `pieces` are given, else both values as they are."""

    path: str
    before: str = ""
    after: str = ""
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Tie:
    """Another shot that this one is made from, or that is made from this one, and which frame of it."""

    shot: str
    label: str


@dataclass(frozen=True, slots=True)
class Former:
    """The result that a take had before; `film` is None where its clip is not on this machine."""

    film: Film | None
    alterations: tuple[Alteration, ...]


@dataclass(frozen=True, slots=True)
class TakeView:
    """One result of a shot. `asked` is what it is to ask for that its clip is not."""

    name: str
    label: str
    picked: bool
    badge: Badge
    reason: str = ""
    film: Film | None = None
    blank: str = ""
    byline: tuple[Row, ...] = ()
    facts: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str = ""
    asked: tuple[Alteration, ...] = ()
    former: Former | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A shot. `lead` is the take that stands for it, one of `takes`; `price` is what a plan pays for it."""

    number: str
    name: str
    badge: Badge
    prompt: str
    lead: TakeView
    takes: tuple[TakeView, ...]
    tags: tuple[str, ...] = ()
    parameters: tuple[Row, ...] = ()
    pictures: tuple[Picture, ...] = ()
    made_from: tuple[Tie, ...] = ()
    used_by: tuple[Tie, ...] = ()
    marks: tuple[str, ...] = ()
    seconds: float = 0
    price: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many shots a filter finds."""

    badge: Badge
    shots: int


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page. `shape` is what most pictures are: wide, tall or square."""

    title: str
    project: str
    environment: str
    headline: str
    shape: str
    cards: tuple[Card, ...]
    gone: tuple[Card, ...]
    counts: tuple[Count, ...]
    tags: tuple[Count, ...]
    warnings: tuple[str, ...] = ()
    of_plan: bool = field(default=False, kw_only=True)

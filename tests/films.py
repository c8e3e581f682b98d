"""Films for tests: clips whose frames can be told from each other, and what is seen and heard in a film."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from PIL import Image

from cogvid_pipeline.cli.crews import threads
from cogvid_pipeline.cli.filming import make_film
from cogvid_pipeline.cut.edit_list import EditOptions, make_edit
from cogvid_pipeline.media.film.stretch import Footage
from cogvid_pipeline.media.probe import describe
from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.cut import Segment
from cogvid_pipeline.model.edit import Card, Edit, Event
from cogvid_pipeline.model.shot import Storyboard
from cogvid_pipeline.model.stretch import Copied, Stretch
from cogvid_pipeline.store.clips import digest_of_file
from cogvid_pipeline.store.stretches import StretchStore
from tests.boards import shot, storyboard
from tests.clips import YUV, Paint, make_clip, number_of, numbered


def numbered_from(first: int) -> Paint:
    """Frames that show their number, counted from `first`."""
    return lambda number, width, height: numbered(first + number, width, height)


def grey(luma: int) -> Paint:
    """Frames of one grey."""

    def paint(_number: int, width: int, height: int) -> YUV:
        neutral = b"\x80" * ((width // 2) * (height // 2))
        return bytes([luma]) * (width * height), neutral, neutral

    return paint


@dataclass
class Watched:
    """Remembers what it is told of a film."""

    frames: int = 0
    advanced: int = 0
    names: list[str] = field(default_factory=list)

    def begin(self, frames: int) -> None:
        self.frames = frames

    def advance(self, frames: int = 1) -> None:
        self.advanced += frames

    def encoded(self, event: Event) -> None:
        self.names.append(event.name)


@dataclass
class Studio:
    """Makes films in a directory, of clips that `add` made."""

    root: Path
    clips: dict[str, Clip] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)
    watched: Watched = field(default_factory=Watched)

    def add(self, name: str, **how: Any) -> Path:
        """Make a clip; see `make_clip`."""
        return self.take(name, make_clip(self.root / f"{name}.mp4", **{"tags": "bt709", **how}))

    def take(self, name: str, path: Path) -> Path:
        """Use a file as a clip."""
        digest = digest_of_file(path)
        self.clips[name] = describe(path, digest)
        self.paths[digest] = path
        return path

    def film(
        self,
        *cut: Segment | str,
        board: Storyboard | None = None,
        options: EditOptions | None = None,
        loudness: float | None = None,
        name: str = "film",
    ) -> "Film":
        """Make a film of pieces, or of whole shots by their names."""
        pieces = tuple(Segment(piece) if isinstance(piece, str) else piece for piece in cut)
        names = dict.fromkeys(piece.shot for piece in pieces)
        board = board or storyboard(*map(shot, names), sequence=pieces)
        edit = make_edit(board, self.clips, options)
        cards = {each: Card(each, "A cat plays.", "Not yet made") for each in names}
        into = self.root / f"{name}.film.mp4"
        self.watched = Watched()
        footage = Footage(edit, cards, self.paths)
        with threads() as crew:
            made = make_film(
                footage,
                StretchStore(self.root / "state"),
                into,
                crew=crew,
                watch=self.watched,
                loudness=loudness,
            )
        return Film(into, edit, made)


@dataclass
class Film:
    """A film that was made, to be looked at from its first frame to its last."""

    path: Path
    edit: Edit
    stretches: Sequence[Stretch]

    @property
    def copied(self) -> list[str]:
        return [each.event.name for each in self.stretches if isinstance(each, Copied)]

    @property
    def frames(self) -> list[av.VideoFrame]:
        with av.open(str(self.path)) as container:
            return list(container.decode(video=0))

    @property
    def times(self) -> list[Fraction]:
        """When each frame is shown, in frames."""
        return [(frame.pts or 0) * (frame.time_base or 1) * self.edit.rate for frame in self.frames]

    @property
    def numbers(self) -> list[int]:
        """What `numbered` frames show."""
        return [number_of(luma(frame)) for frame in self.frames]

    def levels(self, at: Callable[[Image.Image], tuple[int, int]] = lambda _: (8, 8)) -> list[int]:
        """The luma of each frame at a place."""
        return [int(picture.getpixel(at(picture)) or 0) for picture in map(luma, self.frames)]  # type: ignore[arg-type]

    @property
    def sound(self) -> "array[float]":
        """The left channel."""
        found = array("f")
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=48_000)
        with av.open(str(self.path)) as container:
            for frame in container.decode(audio=0):
                for part in resampler.resample(frame):
                    found.frombytes(bytes(part.planes[0])[: 4 * part.samples])
        return found

    @property
    def has_sound(self) -> bool:
        with av.open(str(self.path)) as container:
            return bool(container.streams.audio)

    def packets(self) -> list[bytes]:
        return packets_of(self.path)


def packets_of(path: Path) -> list[bytes]:
    """The coded pictures in a file."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def luma(frame: av.VideoFrame) -> Image.Image:
    """The brightness of a frame, as it is stored."""
    plane = frame.planes[0]
    return Image.frombytes("L", (plane.width, plane.height), bytes(plane), "raw", "L", plane.line_size, 1)

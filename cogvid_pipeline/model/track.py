"""How the pictures of a clip are coded: what decides whether they can be joined as they are."""

from dataclasses import dataclass

from cogvid_pipeline.model.edit import Size


@dataclass(frozen=True, slots=True)
class Coding:
    """What two clips have in common that can follow each other in one track.

    `setup` is what a decoder has to be told first, for H.264 the parameter sets. `mixable` says that what
    this package encodes can stand in the same track.
    """

    codec: str
    setup: bytes
    size: Size
    pixel_format: str
    colours: tuple[int, ...]
    mixable: bool


@dataclass(frozen=True, slots=True)
class Track:
    """The pictures of a clip in a film: its coding, and when each packet's picture is shown.

    `order` has the number of the picture for each packet, in the order of decoding.
    """

    coding: Coding
    order: tuple[int, ...]

    @property
    def delay(self) -> int:
        """By how many pictures decoding has to be ahead."""
        return max(place - number for place, number in enumerate(self.order))

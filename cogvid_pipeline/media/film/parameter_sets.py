"""Read and merge what an H.264 decoder is told first: the `avcC` box of ISO/IEC 14496-15.

Pictures name their parameter sets by number, so a track can have several as long as the numbers differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# How many of either kind the box has place for.
_MOST_SEQUENCE = 31
_MOST_PICTURE = 255


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The box, taken apart: its first bytes, its sets of either kind, and what some profiles add."""

    head: bytes
    sequence: tuple[bytes, ...]
    picture: tuple[bytes, ...]
    tail: bytes

    def has_room_for(self, number: int) -> bool:
        """Whether sets of that number can be added."""
        # The number comes after the NAL header, profile, constraints and level.
        taken = {_exp_golomb(each[4:]) for each in self.sequence}
        return (
            number not in taken and len(self.sequence) < _MOST_SEQUENCE and len(self.picture) < _MOST_PICTURE
        )


def read_sets(box: bytes) -> ParameterSets | None:
    """The parameter sets in an `avcC` box; None for anything else, such as a stream with start codes."""
    if len(box) < 7 or box[0] != 1:
        return None
    sequence, at = _sets(box, 5, box[5] & 0x1F)
    if at >= len(box):
        return None
    picture, at = _sets(box, at, box[at])
    if at > len(box) or not all(len(each) > 4 for each in sequence):
        return None
    return ParameterSets(box[:5], tuple(sequence), tuple(picture), box[at:])


def merged(boxes: Sequence[ParameterSets]) -> bytes:
    """One box for tracks that follow each other."""
    first = boxes[0]
    head = bytearray(first.head)
    for each in boxes:  # profile and level as the most demanding one has them
        head[1], head[3] = max(head[1], each.head[1]), max(head[3], each.head[3])
    sequence = tuple(dict.fromkeys(one for box in boxes for one in box.sequence))
    picture = tuple(dict.fromkeys(one for box in boxes for one in box.picture))
    return b"".join(
        [bytes(head), bytes([0xE0 | len(sequence)]), *_framed(sequence), bytes([len(picture)]),
         *_framed(picture), first.tail]
    )  # fmt: skip


def _sets(box: bytes, count_at: int, count: int) -> tuple[list[bytes], int]:
    """So many sets, each after its length, and where they end."""
    found, at = [], count_at + 1
    for _ in range(count):
        length = int.from_bytes(box[at : at + 2])
        found.append(box[at + 2 : at + 2 + length])
        at += 2 + length
    return found, at


def _framed(sets: Sequence[bytes]) -> Iterator[bytes]:
    for each in sets:
        yield len(each).to_bytes(2)
        yield each


def _exp_golomb(data: bytes) -> int:
    """The number at the start of the bits: as many zeros as it has digits after the first."""
    bits = "".join(f"{byte:08b}" for byte in data[:8])
    zeros = len(bits) - len(bits.lstrip("0"))
    return int(bits[zeros : 2 * zeros + 1] or "0", 2) - 1

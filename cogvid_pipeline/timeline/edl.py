"""Write a timeline as a CMX 3600 edit decision list."""

from collections.abc import Iterator
from itertools import count

from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.timeline import Item, Timeline
from cogvid_pipeline.timeline.reels import reels_of
from cogvid_pipeline.timeline.strips import Strip, strips_of
from cogvid_pipeline.timeline.text import on_one_line

_BLACK = "BL"

# Time code begins again after a day.
_DAY = 24 * 60 * 60


def write_edl(timeline: Timeline) -> str:
    """The timeline as the text of an .edl file, its time code non-drop and from zero. Raises CogvidError."""
    counted = nominal_rate(timeline)
    if timeline.edit.frames >= _DAY * counted:
        raise CogvidError(
            "an edit decision list holds less than 24 hours", hint="export to otio or fcpxml instead"
        )
    return "".join(f"{line}\n" for line in _Writer(timeline, counted).lines())


def nominal_rate(timeline: Timeline) -> int:
    """How many frames the time code counts in a second: 30 where there are 29.97."""
    return max(round(timeline.edit.rate), 1)


class _Writer:
    """Numbers the events of one list."""

    def __init__(self, timeline: Timeline, counted: int) -> None:
        self._timeline = timeline
        self._counted = counted
        self._reels = reels_of(item.name for item in timeline.items if item.event.clip)
        self._channels = "B" if timeline.edit.audio else "V"
        self._numbers = count(1)

    def lines(self) -> Iterator[str]:
        """The head, then each event with what is said about it."""
        yield f"TITLE: {on_one_line(self._timeline.name)}"
        yield "FCM: NON-DROP FRAME"
        before: Strip | None = None
        for strip in strips_of(self._timeline.items):
            yield ""
            yield from self._event(before, strip)
            before = strip

    def _event(self, before: Strip | None, strip: Strip) -> Iterator[str]:
        """A cut is one line; a mix is two, of which the first says what it goes over from."""
        number = f"{next(self._numbers):03d}"
        if strip.mix and before:
            start = before.source_out if self._reel(before) != _BLACK else 0
            yield self._line(number, before, "C", (start, start, strip.record_in, strip.record_in))
            yield self._line(number, strip, f"D    {strip.mix:03d}", self._span(strip))
            yield f"* FROM CLIP NAME: {_name(before)}"
            yield f"* TO CLIP NAME: {_name(strip)}"
            direction = "TO"
        else:
            yield self._line(number, strip, "C", self._span(strip))
            yield f"* FROM CLIP NAME: {_name(strip)}"
            direction = "FROM"
        if strip.item:
            yield from self._remarks(strip.item, strip, direction)

    def _span(self, strip: Strip) -> tuple[int, int, int, int]:
        return strip.source_in, strip.source_out, strip.record_in, strip.record_out

    def _line(self, number: str, strip: Strip, kind: str, span: tuple[int, int, int, int]) -> str:
        codes = " ".join(time_code(frame, self._counted) for frame in span)
        return f"{number}  {self._reel(strip):8} {self._channels:5} {kind:8} {codes}"

    def _reel(self, strip: Strip) -> str:
        return self._reels.get(strip.item.name, _BLACK) if strip.item else _BLACK

    def _remarks(self, item: Item, strip: Strip, direction: str) -> Iterator[str]:
        """What other programs read from comments, then what only people do."""
        if item.address:
            # The second is where OpenTimelineIO looks, which takes FROM FILE for what a mix goes over to.
            yield f"* SOURCE FILE: {item.address.rpartition('/')[2]}"
            yield f"* OTIO REFERENCE {direction}: {item.address}"
        colour = "RED  " if item.remark else "GREEN"
        words = f"{item.remark}: {item.prompt}" if item.remark else item.prompt
        yield f"* LOC: {time_code(strip.record_in, self._counted)} {colour}   {on_one_line(words)}"
        for name in ("fingerprint", "task_id"):
            if item.facts.get(name):
                yield f"* COGVID {name.upper()}: {on_one_line(item.facts[name])}"


def _name(strip: Strip) -> str:
    return strip.item.name if strip.item else "BLACK"


def time_code(frame: int, counted: int) -> str:
    """The time code of a frame, where a second has so many."""
    seconds, frames = divmod(frame, counted)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"

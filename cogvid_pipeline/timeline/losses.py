"""Say what a format cannot carry of a timeline."""

from collections.abc import Iterator

from cogvid_pipeline.listing import listed
from cogvid_pipeline.model.timeline import Item, Timeline
from cogvid_pipeline.timeline.edl import nominal_rate
from cogvid_pipeline.timeline.fcpxml import KNOWN_RATES
from cogvid_pipeline.timeline.reels import reels_of
from cogvid_pipeline.timeline.strips import strips_of

_MOST_EVENTS = 999


def losses_of(timeline: Timeline, layout: str) -> Iterator[str]:
    """A sentence for each thing that is lost, or has to be known, about this very timeline."""
    if layout == "edl":
        yield from _of_edl(timeline)
    elif layout == "fcpxml":
        yield from _of_fcpxml(timeline)


def _of_edl(timeline: Timeline) -> Iterator[str]:
    rate, counted = timeline.edit.rate, nominal_rate(timeline)
    yield f"an EDL does not say its rate: open it at {float(rate):.6g} frames a second, {_size(timeline)}"
    if rate != counted:
        yield f"time code counts {counted} frames a second, non-drop, and so runs behind the clock"
    if others := _at_other_rates(timeline):
        yield f"an EDL has one rate: source times are counted at the film's for {listed(others)}"
    reels = reels_of(item.name for item in timeline.items if item.event.clip)
    if cut := [name for name, reel in reels.items() if name != reel]:
        yield f"reel names have 8 characters: FROM CLIP NAME has the whole of {listed(cut)}"
    if sum(1 for _ in strips_of(timeline.items)) > _MOST_EVENTS:
        yield f"more than {_MOST_EVENTS} events: programs that are strict about CMX 3600 stop there"
    if any(not _as_text(item).isascii() for item in timeline.items) or not timeline.name.isascii():
        yield "an EDL is meant to be ASCII: what is not, is written as UTF-8"
    yield "an EDL has no place for tags, models, providers and parameters: they are left out"


def _of_fcpxml(timeline: Timeline) -> Iterator[str]:
    rate = timeline.edit.rate
    if rate not in KNOWN_RATES:
        yield f"Final Cut Pro has no {float(rate):.6g} frames a second: make the film with another --fps"
    if any(item.event.dissolve or item.event.fade_in or item.event.fade_out for item in timeline.items):
        yield "OpenTimelineIO's own reader of FCPXML skips dissolves and fades; the file has them"
    if rate.denominator > 1 or _at_other_rates(timeline):
        yield "OpenTimelineIO's own reader of FCPXML counts in one whole rate; the file has exact times"


def _as_text(item: Item) -> str:
    return f"{item.name}{item.prompt}{item.remark}"


def _at_other_rates(timeline: Timeline) -> list[str]:
    rate = timeline.edit.rate
    return list(dict.fromkeys(item.name for item in timeline.items if item.rate != rate))


def _size(timeline: Timeline) -> str:
    width, height = timeline.edit.size
    return f"{width}x{height}"

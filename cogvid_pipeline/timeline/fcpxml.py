"""Write a timeline as Final Cut Pro XML 1.8.

It is the last version in which an asset itself says where its file lies, which is where OpenTimelineIO looks.
The children of an element have a fixed order: Final Cut Pro refuses a file that has one out of it.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cogvid_pipeline.model.timeline import Item, Timeline

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'

# The program's own effects, by the names that it knows them under.
_DISSOLVE = {"name": "Cross Dissolve", "uid": "FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265"}
_CROSSFADE = {"name": "Audio Crossfade", "uid": "FFAudioTransition"}

# The rates that the program knows, by what it calls them.
KNOWN_RATES = {
    Fraction(24000, 1001): "23.98",
    Fraction(24): "24",
    Fraction(25): "25",
    Fraction(30000, 1001): "29.97",
    Fraction(30): "30",
    Fraction(50): "50",
    Fraction(60000, 1001): "59.94",
    Fraction(60): "60",
}


def write_fcpxml(timeline: Timeline) -> str:
    """The timeline as the text of an .fcpxml file: an event with the clips, and the project made of them."""
    edit = timeline.edit
    root = Element("fcpxml", version="1.8")
    resources = _Resources(SubElement(root, "resources"))
    time = {"duration": _seconds(edit.frames, edit.rate), "tcStart": "0s", "tcFormat": "NDF"}
    sequence = Element("sequence", time, format=resources.format(edit.size, edit.rate))
    _Spine(SubElement(sequence, "spine"), edit.rate, resources).fill(timeline.items)
    event = SubElement(root, "event", name=timeline.name)
    for item in {item.name: item for item in timeline.items if item.event.clip}.values():
        _browser_clip(event, item, resources.asset(item))
    SubElement(event, "project", name=timeline.name).append(sequence)
    indent(root)
    return f"{_HEAD}{tostring(root, encoding='unicode')}\n"


class _Resources:
    """What the rest refers to by an id, each written at its first use."""

    def __init__(self, element: Element) -> None:
        self._element = element
        self._ids: dict[object, str] = {}

    def format(self, size: tuple[int, int], rate: Fraction) -> str:
        """The id of a format of pictures."""
        duration = f"{rate.denominator}/{rate.numerator}s"
        known = {"frameDuration": duration, "width": str(size[0]), "height": str(size[1])}
        return self._id("format", (size, rate), known)

    def asset(self, item: Item) -> str:
        """The id of an item's file."""
        clip = item.event.clip
        assert clip, "items without a clip have no file"
        known = {
            "name": item.name,
            "src": item.address,
            "start": "0s",
            "duration": _seconds(item.whole, item.rate),
            "hasVideo": "1",
            "format": self.format((clip.width, clip.height), item.rate),
        }
        return self._id(
            "asset", item.name, known | ({"hasAudio": "1", "audioSources": "1"} if clip.audio else {})
        )

    def effect(self, known: dict[str, str]) -> str:
        """The id of one of the program's effects."""
        return self._id("effect", known["uid"], known)

    def _id(self, kind: str, key: object, known: dict[str, str]) -> str:
        if key not in self._ids:
            self._ids[key] = f"r{len(self._ids) + 1}"
            SubElement(self._element, kind, {"id": self._ids[key], **known})
        return self._ids[key]


def _browser_clip(event: Element, item: Item, asset: str) -> None:
    """The whole clip, for the browser, with all that is known about it."""
    duration = _seconds(item.whole, item.rate)
    clip = SubElement(event, "asset-clip", name=item.name, ref=asset, duration=duration)
    _note(clip, item)
    if item.tags:
        SubElement(clip, "keyword", start="0s", duration=duration, value=", ".join(item.tags))
    _metadata(clip, item)


class _Spine:
    """The clips in a row. Where two mix, the cut is in the middle of it, as the program has it."""

    def __init__(self, spine: Element, rate: Fraction, resources: _Resources) -> None:
        self._spine = spine
        self._rate = rate
        self._resources = resources

    def fill(self, items: Sequence[Item]) -> None:
        """Add all items and the transitions between them."""
        halves = [item.event.dissolve // 2 for item in items]
        for item, (head, tail) in zip(items, pairwise([*halves, 0]), strict=True):
            if item.event.dissolve:
                self._transition(item)
            self._piece(item, head, tail)

    def _transition(self, item: Item) -> None:
        time = {"offset": self._time(item.event.record_in), "duration": self._time(item.event.dissolve)}
        transition = SubElement(self._spine, "transition", time, name=_DISSOLVE["name"])
        for kind, effect in (("filter-video", _DISSOLVE), ("filter-audio", _CROSSFADE)):
            SubElement(transition, kind, ref=self._resources.effect(effect), name=effect["name"])

    def _piece(self, item: Item, head: int, tail: int) -> None:
        """An item that begins `head` frames later than in the edit list, and ends `tail` frames later."""
        event = item.event
        start = self._time(event.source_in + head if event.clip else 0)
        place = {
            "name": item.name,
            "offset": self._time(event.record_in + head),
            "start": start,
            "duration": self._time(event.frames - head + tail),
        }
        if event.clip:
            piece = SubElement(
                self._spine, "asset-clip", place, ref=self._resources.asset(item), tcFormat="NDF"
            )
            self._adjustments(piece, item)
        else:
            piece = SubElement(self._spine, "gap", place)
        self._marker(piece, item, start)
        _metadata(piece, item)

    def _marker(self, piece: Element, item: Item, start: str) -> None:
        """At the piece's first frame: its prompt, and as a thing to do why somebody should look at it."""
        marker = SubElement(piece, "marker", start=start, duration=self._time(1), note=item.prompt)
        marker.set("value", f"{item.name}: {item.remark}" if item.remark else item.name)
        if item.remark:
            marker.set("completed", "0")

    def _adjustments(self, piece: Element, item: Item) -> None:
        """A rate that is not the film's is shown in its own time; fades are of opacity and of volume."""
        if item.rate != self._rate:
            conform = SubElement(piece, "conform-rate", scaleEnabled="0")
            if item.rate in KNOWN_RATES:
                conform.set("srcFrameRate", KNOWN_RATES[item.rate])
        fades = list(self._fades(item))
        if not fades:
            return
        blend = SubElement(piece, "adjust-blend", amount="1")
        _animate(blend, "1", fades)
        if item.event.clip and item.event.clip.audio:
            _animate(SubElement(piece, "adjust-volume", amount="0dB"), "0dB", fades)

    def _fades(self, item: Item) -> Iterator[tuple[str, str]]:
        for name, frames in (("fadeIn", item.event.fade_in), ("fadeOut", item.event.fade_out)):
            if frames:
                yield name, self._time(frames)

    def _time(self, frames: int) -> str:
        return _seconds(frames, self._rate)


def _animate(adjustment: Element, value: str, fades: Sequence[tuple[str, str]]) -> None:
    amount = SubElement(adjustment, "param", name="amount", value=value)
    for name, duration in fades:
        SubElement(amount, name, type="linear", duration=duration)


def _note(element: Element, item: Item) -> None:
    if item.prompt:
        SubElement(element, "note").text = item.prompt


def _metadata(element: Element, item: Item) -> None:
    """The facts; what is no text is written as people would say it."""
    metadata = SubElement(element, "metadata")
    for name, value in item.facts.items():
        SubElement(metadata, "md", key=f"cogvid.{name}", value=_words(value), type="string", source="cogvid")


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={_words(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seconds(frames: int, rate: Fraction) -> str:
    """A time as the format has it: a fraction of a second."""
    seconds = frames / rate
    over = f"/{seconds.denominator}" if seconds.denominator > 1 else ""
    return f"{seconds.numerator}{over}s"

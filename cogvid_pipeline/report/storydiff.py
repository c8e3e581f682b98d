"""How two storyboards differ, as text and as JSON."""

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from cogvid_pipeline.model.cut import Segment
from cogvid_pipeline.model.difference import Added, Altered, Removed, ShotDifference, StoryDifference
from cogvid_pipeline.model.plan import Change
from cogvid_pipeline.model.shot import ImageData, ImageFile, ImageUrl, Money, Shot, ShotFrame
from cogvid_pipeline.report.changes import change_text, shown
from cogvid_pipeline.report.json_text import FORMAT_VERSION, json_text
from cogvid_pipeline.report.paint import Paint, Tone, plain
from cogvid_pipeline.report.printable import display_width, printable
from cogvid_pipeline.report.storyboard import describe_image, segment_data

_MARKS: dict[str, tuple[str, Tone]] = {
    "added": ("+", "added"),
    "removed": ("-", "removed"),
    "changed": ("~", "changed"),
    "renamed": ("=", "changed"),
    "follows": (">", "changed"),
    "moved": ("↕", "changed"),
}
_INDENT = 8
_DIGEST = len("sha256:") + 12


def difference_text(difference: StoryDifference, paint: Paint = plain) -> str:
    """Each shot that differs, with what it asks for that is new; then the rest, and how many there are."""
    rows = [(_name(each), each) for each in difference.shots]
    width = max((display_width(name) for name, _ in rows), default=0)
    lines: list[str] = []
    for name, each in rows:
        mark, tone = _MARKS[_kinds(each)[0]]
        padded = name + " " * (width - display_width(name))
        lines.append(f"  {paint(f'{mark} {padded}', tone)}  {'; '.join(_words(each))}")
        lines += [" " * _INDENT + line for line in _details(each, paint)]
    if difference.settings:
        lines.append("  for all shots" if difference.shots else "  For all shots")
    lines += [" " * _INDENT + _change(change, paint) for change in difference.settings]
    if lines:
        lines.append("")
    return "\n".join([*lines, paint(_summary(difference), "strong")]) + "\n"


def difference_json(difference: StoryDifference, before: str, after: str | None) -> str:
    """The document that `schemas/diff.schema.json` describes; `after` is None for the work tree."""
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "from": before,
            "to": after,
            "different": not difference.empty,
            "shots": [_shot_document(each) for each in difference.shots],
            "settings": [_change_document(change) for change in difference.settings],
            "unchanged": difference.unchanged,
        }
    )


def _name(difference: ShotDifference) -> str:
    return difference.after.name if isinstance(difference, Altered) else difference.shot.name


def _kinds(difference: ShotDifference) -> list[str]:
    """All that a shot is, what matters most first."""
    match difference:
        case Added():
            return ["added"]
        case Removed():
            return ["removed"]
        case Altered(changes=changes, follows=follows, place=place):
            found = {
                "renamed": difference.renamed,
                "changed": bool(changes),
                "follows": bool(follows),
                "moved": place is not None,
            }
            return [kind for kind, is_so in found.items() if is_so]
        case _:
            assert_never(difference)


def _words(difference: ShotDifference) -> Iterator[str]:
    for kind in _kinds(difference):
        match difference, kind:
            case Altered(before=before), "renamed":
                yield f"renamed, was {before.name}"
            case Altered(changes=changes), "changed":
                yield f"{', '.join(dict.fromkeys(_field(change) for change in changes))} changed"
            case Altered(follows=follows), "follows":
                yield f"its frame of {' and '.join(follows)} will be another"
            case Altered(place=place), "moved":
                yield f"moved, now after {place}" if place else "moved, now first"
            case _:
                yield kind


def _details(difference: ShotDifference, paint: Paint) -> Iterator[str]:
    match difference:
        case Added(shot):
            yield from (printable(f"{name}: {value}") for name, value in _asked(shot))
        case Altered(changes=changes):
            yield from (_change(change, paint) for change in changes)
        case Removed():
            return
        case _:
            assert_never(difference)


def _asked(shot: Shot) -> Iterator[tuple[str, str]]:
    if shot.prompt:
        yield "prompt", shown(shot.prompt)
    yield from (("image", describe_image(image)) for image in shot.images)
    yield from ((name, shown(value)) for name, value in shot.parameters.items())


def _field(change: Change) -> str:
    name, _, place = change.path.partition(".")
    return name if place.isdecimal() else change.path


def _change(change: Change, paint: Paint) -> str:
    if isinstance(change.before, str) and isinstance(change.after, str):
        return change_text(change, paint, indent=_INDENT)
    before, after = _value(change.before), _value(change.after)
    return f"{printable(change.path)}: {paint(before, 'removed')} → {paint(after, 'added')}"


def _value(value: Any) -> str:
    match value:
        case None:
            return "(none)"
        case ImageFile(path, digest):
            return printable(f"{path} ({digest[:_DIGEST]}…)")
        case ImageUrl() | ImageData() | ShotFrame():
            return printable(describe_image(value))
        case tuple():
            return ", ".join(
                _segment(each) if isinstance(each, Segment) else printable(each) for each in value
            )
        case _:
            return shown(value) if not isinstance(value, Money) else str(value)


def _segment(segment: Segment) -> str:
    name = segment.shot if segment.take == 1 else f"{segment.shot}@{segment.take}"
    piece = f" {segment.start:g}–{'end' if segment.end is None else f'{segment.end:g}'} s"
    cut = piece if segment.start or segment.end is not None else ""
    entry, fade_out = segment.transition, segment.fade_out
    ends = [f"{entry.type} {entry.duration:g} s"] if entry else []
    ends += [f"fade out {fade_out:g} s"] if fade_out else []
    around = f" ({', '.join(ends)})" if ends else ""
    return printable(f"{name}{cut}{around}")


def _summary(difference: StoryDifference) -> str:
    counts = [
        f"{count} {kind}"
        for kind in _MARKS
        if (count := _count(difference.shots, kind)) and kind != "follows"
    ]
    if followers := _count(difference.shots, "follows"):
        counts.append(f"{followers} that follow{'s' if followers == 1 else ''} another")
    if difference.empty:
        same = difference.unchanged
        return f"No difference: {same} {'shot is' if same == 1 else 'shots are'} the same."
    return f"Different: {', '.join([*counts, f'{difference.unchanged} unchanged'])}."


def _count(shots: Iterable[ShotDifference], kind: str) -> int:
    return sum(kind in _kinds(each) for each in shots)


def _shot_document(difference: ShotDifference) -> dict[str, Any]:
    document: dict[str, Any] = {"shot": _name(difference), "kinds": _kinds(difference)}
    if isinstance(difference, Altered):
        document["was"] = difference.before.name
        document["changes"] = [_change_document(change) for change in difference.changes]
        document["follows"] = list(difference.follows)
        document["after"] = difference.place
    return document


def _change_document(change: Change) -> dict[str, Any]:
    return {"path": change.path, "before": _data(change.before), "after": _data(change.after)}


def _data(value: Any) -> Any:
    match value:
        case ImageFile(path, digest):
            return {"file": path, "digest": digest}
        case ImageData(digest):
            return {"digest": digest}
        case ImageUrl(url):
            return {"url": url}
        case ShotFrame(shot, at, take):
            return {"shot": shot, "take": take, "frame": at}
        case Money(amount, currency):
            return {"amount": float(amount), "currency": currency}
        case Segment():
            return segment_data(value)
        case tuple():
            return [_data(each) for each in value]
        case _:
            return value

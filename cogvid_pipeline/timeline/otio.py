"""Write a timeline for OpenTimelineIO, which has a place for all of it."""

import opentimelineio as otio

from cogvid_pipeline.model.timeline import Item, Timeline

_KEY = "cogvid"


def write_otio(timeline: Timeline) -> str:
    """The timeline as the text of an .otio file: a track of pictures and, if there is any, one of sound."""
    made = otio.schema.Timeline(name=timeline.name)
    made.metadata[_KEY] = {"width": timeline.edit.size[0], "height": timeline.edit.size[1]}
    made.tracks.append(_track(timeline, otio.schema.TrackKind.Video))
    if timeline.edit.audio:
        made.tracks.append(_track(timeline, otio.schema.TrackKind.Audio))
    text: str = made.to_json_string(indent=2)
    return text + "\n"


def _track(timeline: Timeline, kind: str) -> otio.schema.Track:
    """A track of all items; a fade is a transition from or to nothing."""
    rate = float(timeline.edit.rate)
    track = otio.schema.Track(name=kind, kind=kind)
    for item in timeline.items:
        event = item.event
        if event.dissolve:
            track.append(_transition("dissolve", 0, event.dissolve, rate))
        elif event.fade_in:
            if len(track):
                track.append(otio.schema.Gap(source_range=_range(0, 0, rate)))
            track.append(_transition("fade in", 0, event.fade_in, rate))
        track.append(_composable(item, kind, rate))
        if event.fade_out:
            track.append(_transition("fade out", event.fade_out, 0, rate))
            if event.record_out < timeline.edit.frames:
                track.append(otio.schema.Gap(source_range=_range(0, 0, rate)))
    return track


def _composable(item: Item, kind: str, rate: float) -> otio.core.Item:
    event = item.event
    audible = kind == otio.schema.TrackKind.Video or (event.clip and event.clip.audio)
    source_range = _range(event.source_in, event.frames, rate)
    if event.clip and audible:
        whole = _range(0, item.whole, float(item.rate))
        media = otio.schema.ExternalReference(target_url=item.address, available_range=whole)
        made: otio.core.Item = otio.schema.Clip(item.name, media, source_range)
    else:
        made = otio.schema.Gap(name=item.name, source_range=_range(0, event.frames, rate))
    if kind == otio.schema.TrackKind.Video:
        made.metadata[_KEY] = item.facts
        made.markers.append(_marker(item, rate))
    return made


def _marker(item: Item, rate: float) -> otio.schema.Marker:
    """At the item's first frame: its prompt, and in red why somebody should look at it."""
    start = item.event.source_in if item.event.clip else 0
    return otio.schema.Marker(
        name=f"{item.name}: {item.remark}" if item.remark else item.name,
        marked_range=_range(start, 1, rate),
        color=otio.schema.MarkerColor.RED if item.remark else otio.schema.MarkerColor.GREEN,
        comment=item.prompt,
    )


def _transition(name: str, before: int, after: int, rate: float) -> otio.schema.Transition:
    return otio.schema.Transition(
        name=name,
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=otio.opentime.RationalTime(before, rate),
        out_offset=otio.opentime.RationalTime(after, rate),
    )


def _range(start: int, frames: int, rate: float) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(
        otio.opentime.RationalTime(start, rate), otio.opentime.RationalTime(frames, rate)
    )

"""Decide which pieces of a film are copied as they are, and tell the others from each other by content."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cogvid_pipeline.model.edit import Cards, Edit, Event
from cogvid_pipeline.model.stretch import Copied, Encoded, Stretch
from cogvid_pipeline.model.track import Coding, Track


def split(edit: Edit, tracks: Mapping[str, Track], cards: Cards, encoder: str) -> tuple[Stretch, ...]:
    """The stretches of a film, one for each event.

    `tracks` are those of the clips by digest, as far as they fit the film's rate, `cards` what stands for
    missing takes by name; `encoder` is what the look of an encoded stretch depends on besides.
    """
    whole = [
        Copied(event, event.clip.sha256, track)
        for event in edit.events
        if event.clip and (track := tracks.get(event.clip.sha256)) and _is_whole(edit, event, track)
    ]
    coding = _coding_to_copy(edit, whole)
    copied = {each.event: each for each in whole if each.track.coding == coding}
    return tuple(
        copied.get(event) or Encoded(event, before, _key(edit, before, event, cards, encoder))
        for before, event in _events(edit)
    )


def film_key(edit: Edit, cards: Cards, encoder: str, loudness: float | None) -> str:
    """What two films have in common that are the same."""
    stretches = [_key(edit, before, event, cards, encoder) for before, event in _events(edit)]
    return _digest({"stretches": stretches, "audio": edit.audio, "loudness": loudness})


def _events(edit: Edit) -> Iterator[tuple[Event | None, Event]]:
    """The events, each with what dissolves into it."""
    last = None
    for event in edit.events:
        yield last if event.dissolve else None, event
        last = event


def _is_whole(edit: Edit, event: Event, track: Track) -> bool:
    """Whether the film shows all pictures of a clip, and each as it is."""
    frames = len(track.order)
    untouched = not (event.dissolve or event.fade_in or event.fade_out)
    return (
        untouched
        and track.coding.size == edit.size
        and (event.source_in, event.source_out) == (0, frames)
        and event.available == frames
    )


def _coding_to_copy(edit: Edit, whole: Sequence[Copied]) -> Coding | None:
    """The coding that most of the film has, if it has one in which clips can be copied."""
    alike = len(whole) == len(edit.events) and len({each.track.coding for each in whole}) == 1
    lengths: dict[Coding, int] = {}
    for each in whole:
        coding = each.track.coding
        if coding.mixable or alike:
            lengths[coding] = lengths.get(coding, 0) + each.event.frames
    return max(lengths, key=lambda coding: lengths[coding], default=None)


def _key(edit: Edit, before: Event | None, event: Event, cards: Cards, encoder: str) -> str:
    return _digest(
        {
            "encoder": encoder,
            "size": edit.size,
            "rate": str(edit.rate),
            "own": [_source(event, cards), event.source_in, event.source_out],
            "before": [_source(before, cards), before.source_out, event.dissolve] if before else None,
            "fades": [event.fade_in, event.fade_out],
        }
    )


def _source(event: Event, cards: Cards) -> Any:
    return event.clip.sha256 if event.clip else [asdict(cards[event.name]), event.available]


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

"""Lay the cut out as an edit decision list does: strips begin where the mix from the one before begins."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cogvid_pipeline.model.timeline import Item


@dataclass(frozen=True, slots=True)
class Strip:
    """What is recorded from `record_in` to `record_out`; for the first `mix` frames the one before goes on.

    `item` is None for the black that fades come from and go to, which may take no time at all.
    """

    item: Item | None
    source_in: int
    record_in: int
    record_out: int
    mix: int = 0

    @property
    def frames(self) -> int:
        return self.record_out - self.record_in

    @property
    def source_out(self) -> int:
        return self.source_in + self.frames


def strips_of(items: Iterable[Item]) -> Iterator[Strip]:
    """The strips of a timeline, without a gap. Black has its own, so that a fade is a mix like others."""
    dark = False
    for item in items:
        event = item.event
        if event.fade_in and not dark:
            yield Strip(None, 0, event.record_in, event.record_in)
        lit_until = event.record_out - event.fade_out
        source_in = event.source_in if event.clip else 0
        yield Strip(item, source_in, event.record_in, lit_until, event.dissolve or event.fade_in)
        dark = event.fade_out > 0
        if dark:
            yield Strip(None, 0, lit_until, event.record_out, event.fade_out)

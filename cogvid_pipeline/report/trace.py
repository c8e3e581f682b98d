"""The events of a run as a trace, in which each take is a row and each stage a span of time.

The format is the Trace Event Format, which Perfetto and the browsers' tracing pages open
(https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU): `X` is a span that is over,
`i` a moment, `M` the name of a row; `ts` and `dur` are in microseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cogvid_pipeline.model.event import Event
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.report.plan_json import money_document

Record: TypeAlias = dict[str, Any]

# What goes on from an event to the next one of the take; after any other event, nothing does.
_STAGES = {
    "shot_started": "submit",
    "submitted": "wait",
    "running": "wait",
    "waiting": "pause",
    "downloading": "download",
    "decoding": "decode",
    "rendering": "render",
}
_RUN = ""  # the row of the run itself


@dataclass(frozen=True, slots=True)
class _Stage:
    name: str
    since: int
    details: Record


@dataclass(slots=True)
class Trace:
    """Makes records of events, which come in the order in which they happen."""

    _rows: dict[str, int] = field(default_factory=dict)
    _stages: dict[str, _Stage] = field(default_factory=dict)

    def records(self, event: Event, at: int) -> Iterator[Record]:
        """What an event adds to the trace; `at` is its time in microseconds since the epoch."""
        row = event.name if event.shot else _RUN
        if row not in self._rows:
            self._rows[row] = len(self._rows)
            yield self._record("M", "thread_name", row, args={"name": row or "the run"})
        stage = _STAGES.get(event.event)
        details = _details(event)
        standing = self._stages.get(row)
        if standing and (standing.name, standing.details.get("reason")) == (stage, details.get("reason")):
            return
        yield from self._over(row, at)
        if stage:
            self._stages[row] = _Stage(stage, at, details)
            return
        if event.event == "run_finished":
            for name in list(self._stages):
                yield from self._over(name, at)
        yield self._record("i", event.event, row, ts=at, s="t", args=details)

    def _over(self, row: str, at: int) -> Iterator[Record]:
        """The span of what went on in a row until now."""
        if stage := self._stages.pop(row, None):
            yield self._record("X", stage.name, row, ts=stage.since, dur=at - stage.since, args=stage.details)

    def _record(self, phase: str, name: str, row: str, **more: Any) -> Record:
        return {"ph": phase, "name": name, "pid": 1, "tid": self._rows[row], **more}


def _details(event: Event) -> Record:
    return {
        name: money_document(value) if isinstance(value, Money) else value
        for name, value in event.details.items()
    }

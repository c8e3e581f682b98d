"""A run as a trace: rows, spans and marks."""

from decimal import Decimal
from typing import Any

from cogvid_pipeline.model.event import Event, EventName
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.report.trace import Record, Trace

SECOND = 1_000_000


def at(second: int, name: EventName, shot: str = "cat", take: int = 1, **details: Any) -> tuple[int, Event]:
    return second, Event(name, "", shot, take, details)


def records(*events: tuple[int, Event]) -> list[Record]:
    trace = Trace()
    return [record for second, event in events for record in trace.records(event, second * SECOND)]


def spans(*events: tuple[int, Event]) -> list[tuple[str, int, float]]:
    """The name, the row and the seconds of each span, in the order in which they ended."""
    seen = records(*events)
    return [(each["name"], each["tid"], each["dur"] / SECOND) for each in seen if each["ph"] == "X"]


def test_the_stages_of_a_take_are_spans_that_follow_each_other() -> None:
    assert spans(
        at(0, "shot_started"),
        at(1, "submitted", task_id="task-1"),
        at(2, "running", task_id="task-1"),
        at(30, "downloading", bytes=1, total=2),
        at(31, "downloading", bytes=2, total=2),
        at(32, "decoding"),
        at(34, "succeeded", bytes=2),
    ) == [("submit", 0, 1), ("wait", 0, 29), ("download", 0, 2), ("decode", 0, 2)]


def test_a_pause_tells_its_reason_and_ends_with_what_comes_next() -> None:
    seen = records(
        at(0, "shot_started"),
        at(1, "waiting", reason="too many requests"),
        at(4, "waiting", reason="too many requests"),
        at(9, "waiting", reason="no answer"),
        at(10, "submitted", task_id="task-1"),
        at(11, "failed", reason="unsafe", hint=""),
    )

    pauses = [(each["args"]["reason"], each["dur"] / SECOND) for each in seen if each["name"] == "pause"]
    assert pauses == [("too many requests", 8), ("no answer", 1)]
    assert (seen[-1]["ph"], seen[-1]["name"], seen[-1]["args"]["reason"]) == ("i", "failed", "unsafe")


def test_each_take_has_a_row_with_its_name_and_the_run_has_one() -> None:
    seen = records(
        at(0, "run_started", "", provider="geekai", actions={"generate": 2}),
        at(0, "shot_started"),
        at(0, "shot_started", take=2),
        at(1, "succeeded", cost=Money(Decimal("1.5"), "CNY")),
    )

    rows = {each["args"]["name"]: each["tid"] for each in seen if each["ph"] == "M"}
    assert rows == {"the run": 0, "cat": 1, "cat@2": 2}
    assert seen[-1]["args"]["cost"] == {"amount": 1.5, "currency": "CNY"}


def test_what_goes_on_when_the_run_is_stopped_ends_with_it() -> None:
    assert spans(
        at(0, "shot_started"),
        at(1, "submitted", task_id="task-1"),
        at(5, "run_finished", "", interrupted=True),
    ) == [("submit", 0, 1), ("wait", 0, 4)]

"""What happens during a run, in words."""

from decimal import Decimal
from typing import Any

import pytest

from cogvid_pipeline.model.event import Event, EventName
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.report.events import event_json, event_words, size_words


@pytest.mark.parametrize(
    ("name", "details", "words"),
    [
        ("shot_started", {}, "started"),
        ("reused", {}, "reuse: a colleague's; the shared store has it"),
        ("submitted", {"task_id": "task-1\x07"}, "submitted as task task-1\\x07"),
        ("running", {"task_id": "task-1"}, "running"),
        ("waiting", {"reason": "too many\nrequests"}, "waiting: too many\\nrequests"),
        ("downloading", {"bytes": 250_000, "total": 1_000_000}, "downloading 0.2 MB of 1.0 MB"),
        ("downloading", {"bytes": 99_999, "total": None}, "downloading 100 kB"),
        ("decoding", {}, "decoding"),
        ("rendering", {"fraction": 0.257}, "rendering 26%"),
        ("succeeded", {"bytes": 2_000_000, "cost": None, "task_id": "", "warnings": ()}, "done, 2.0 MB"),
        (
            "succeeded",
            {"bytes": 1000, "warnings": ("no sound", "too short")},
            "done, 1 kB; warning: no sound; warning: too short",
        ),
        ("succeeded", {"action": "fetch"}, "done"),
        ("failed", {"reason": "unsafe\x1b", "hint": "reword\x1b it"}, "failed: unsafe\\x1b (reword\\x1b it)"),
        ("failed", {"reason": "no", "hint": ""}, "failed: no"),
        ("held", {"reason": "lost\x1b"}, "held: lost\\x1b"),
        ("blocked", {"on": "walk"}, "blocked: walk has no clip"),
        ("forgotten", {}, "forgotten"),
        ("run_started", {"provider": "geekai", "actions": {}}, ""),
        ("run_finished", {"interrupted": False}, ""),
    ],
)
def test_an_event_in_words(name: EventName, details: dict[str, Any], words: str) -> None:
    assert event_words(Event(name, "now", "walk", 1, details)) == words


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 kB"), (99_999, "100 kB"), (100_000, "0.1 MB"), (12_345_678, "12.3 MB")]
)
def test_sizes_are_counted_in_thousands(count: int, words: str) -> None:
    assert size_words(count) == words


def test_an_event_is_one_line_of_json_whatever_the_vendor_wrote() -> None:
    event = Event("failed", "now", "walk", details={"reason": "不安全\nsorry", "hint": ""})

    assert event_json(event) == (
        '{"event": "failed", "time": "now", "shot": "walk", "take": 1, '
        '"reason": "不安全\\nsorry", "hint": ""}'
    )


def test_money_is_a_number_and_a_currency() -> None:
    event = Event("succeeded", "now", "walk", 2, {"cost": Money(Decimal("0.20"), "USD")})

    assert event_json(event) == (
        '{"event": "succeeded", "time": "now", "shot": "walk", "take": 2, '
        '"cost": {"amount": 0.2, "currency": "USD"}}'
    )


def test_events_of_the_whole_run_have_no_shot() -> None:
    assert event_json(Event("run_started", "now", details={"provider": "geekai"})) == (
        '{"event": "run_started", "time": "now", "format_version": "1.0", "provider": "geekai"}'
    )
    assert event_json(Event("run_finished", "now", details={"interrupted": True})) == (
        '{"event": "run_finished", "time": "now", "interrupted": true}'
    )

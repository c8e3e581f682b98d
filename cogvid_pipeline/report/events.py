"""The events of a run as words and as JSON."""

from collections.abc import Callable, Mapping
from typing import Any

from cogvid_pipeline.model.event import Event
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.report.json_text import FORMAT_VERSION, json_line
from cogvid_pipeline.report.plan_json import money_document
from cogvid_pipeline.report.printable import printable

Details = Mapping[str, Any]


def event_json(event: Event) -> str:
    """One line of `apply --json`, described by schemas/event.schema.json."""
    document: dict[str, Any] = {"event": event.event, "time": event.time}
    if event.event == "run_started":
        document["format_version"] = FORMAT_VERSION
    if event.shot:
        document |= {"shot": event.shot, "take": event.take}
    for name, value in event.details.items():
        document[name] = money_document(value) if isinstance(value, Money) else value
    return json_line(document)


def event_words(event: Event) -> str:
    """What happened, in a few words; empty for events that only the machine needs."""
    words = _WORDS.get(event.event)
    return words(event.details) if words else ""


def size_words(count: int) -> str:
    """A number of bytes for people."""
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{count / 1000:.0f} kB"


def _downloading(details: Details) -> str:
    of = f" of {size_words(details['total'])}" if details["total"] else ""
    return f"downloading {size_words(details['bytes'])}{of}"


def _succeeded(details: Details) -> str:
    size = f", {size_words(details['bytes'])}" if details.get("bytes") else ""
    warnings = "".join(f"; warning: {printable(words)}" for words in details.get("warnings", ()))
    return f"done{size}{warnings}"


def _failed(details: Details) -> str:
    hint = f" ({printable(details['hint'])})" if details.get("hint") else ""
    return f"failed: {printable(details['reason'])}{hint}"


_WORDS: dict[str, Callable[[Details], str]] = {
    "shot_started": lambda details: "started",
    "reused": lambda details: "reuse: a colleague's; the shared store has it",
    "submitted": lambda details: f"submitted as task {printable(details['task_id'])}",
    "running": lambda details: "running",
    "waiting": lambda details: f"waiting: {printable(details['reason'])}",
    "downloading": _downloading,
    "decoding": lambda details: "decoding",
    "rendering": lambda details: f"rendering {details['fraction']:.0%}",
    "succeeded": _succeeded,
    "failed": _failed,
    "held": lambda details: f"held: {printable(details['reason'])}",
    "blocked": lambda details: f"blocked: {printable(details['on'])} has no clip",
    "forgotten": lambda details: "forgotten",
}

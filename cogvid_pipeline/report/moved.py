"""What has moved between a saved plan and the same plan made again, shot by shot, in words."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from cogvid_pipeline.model.plan import Change
from cogvid_pipeline.report.changes import change_text
from cogvid_pipeline.report.printable import printable

Document: TypeAlias = Mapping[str, Any]

_TO_BE = {
    "generate": "to be generated",
    "regenerate": "to be regenerated",
    "resume": "to be resumed",
    "reuse": "to take over a clip",
    "fetch": "up to date",
    "keep": "up to date",
    "hold": "held",
    "forget": "to be forgotten",
}


def what_moved(saved: Document, now: Document) -> list[str]:
    """A line for each difference that matters between two plans as JSON data; none when they are the same.

    A clip whose file is missing counts as one that is there: machines differ in that, and a fetch is free.
    What --replace asks for can be done again and again, so such a plan is for one lock alone.
    """
    lines = []
    if saved["provider"] != now["provider"]:
        lines.append(f"the provider was {printable(saved['provider'])}, and is {now['provider']}")
    before, after = _by_take(saved), _by_take(now)
    for name in [*after, *(name for name in before if name not in after)]:
        lines += [f"{printable(name)}: {words}" for words in _moved(before.get(name), after.get(name))]
    if not lines and now["options"]["replace"] and saved["lock_digest"] != now["lock_digest"]:
        lines.append("the lock is another one now, and --replace pays each time that it is done")
    if lines and saved["project"] != now["project"]:
        lines.insert(
            0, f"it is a plan of project {printable(saved['project'])}, and this is {now['project']}"
        )
    return lines


def _by_take(document: Document) -> dict[str, Document]:
    return {
        action["shot"] if action["take"] == 1 else f"{action['shot']}@{action['take']}": action
        for action in document["actions"]
    }


def _moved(before: Document | None, after: Document | None) -> Iterator[str]:
    if before is None or after is None:
        if before:
            yield f"was {_TO_BE[before['action']]}, and is not in the plan any more"
        if after:
            yield f"is {_now(after)}, and was not in the plan"
    elif _TO_BE[before["action"]] != _TO_BE[after["action"]]:
        yield f"was {_TO_BE[before['action']]}, and is {_now(after)}"
    else:
        yield from _differences(before, after)


def _now(action: Document) -> str:
    words = _TO_BE[action["action"]]
    return (
        f"{words} now"
        if action["action"] in ("fetch", "keep")
        else f"{words} now ({printable(action['reason'])})"
    )


def _differences(before: Document, after: Document) -> Iterator[str]:
    """What differs although the same is done about the take."""
    asked = list(_fields(before["request"] or {}, after["request"] or {}))
    yield from asked
    if not asked and before["action"] == after["action"] and before["changes"] != after["changes"]:
        yield "the clip that it has is another one now"
    elif not asked and before["fingerprint"] != after["fingerprint"]:
        yield "its request is told apart from others by another fingerprint now"
    if before["cost"] != after["cost"]:
        yield f"cost {_money(before['cost'])}, and costs {_money(after['cost'])} now"


def _fields(before: Document, after: Document) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name == "image":
            yield "its images are others now"
        else:
            yield f"what it asks for is not the same: {change_text(Change(name, old, new))}"


def _money(cost: Mapping[str, Any] | None) -> str:
    return f"{cost['amount']:.2f} {printable(cost['currency'])}" if cost else "what nobody knows"

"""Make a timeline: the edit list together with how each of its clips came to be."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cogvid_pipeline.cut.shape import exact_rate
from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.model.edit import Edit, Event
from cogvid_pipeline.model.shot import Shot, Storyboard
from cogvid_pipeline.model.timeline import Item, Timeline
from cogvid_pipeline.timeline.text import writable, writable_data

# What a request says besides its parameters.
_NO_PARAMETERS = frozenset({"model", "prompt", "image", "take"})


def make_timeline(
    storyboard: Storyboard,
    edit: Edit,
    made: Mapping[str, Attempt],
    remarks: Mapping[str, str],
    address: Callable[[str], str],
) -> Timeline:
    """The timeline of a storyboard; `made` has how each take's clip was made, by name.

    `remarks` says of some takes why somebody should look at them, and `address` where a take's clip lies.
    """
    shots = {shot.name: shot for shot in storyboard.shots}
    items = []
    for event in edit.events:
        attempt = made.get(event.name) if event.clip else None
        remark = writable(remarks.get(event.name, "")) if event.clip else "not made yet"
        facts = writable_data(dict(_facts(event, shots[event.shot], attempt, remark)))
        items.append(
            Item(
                event=event,
                rate=(exact_rate(event.clip.fps) if event.clip else None) or edit.rate,
                prompt=facts["prompt"],
                tags=shots[event.shot].tags,
                facts=facts,
                address=address(event.name) if event.clip else "",
                remark=remark,
            )
        )
    return Timeline(writable(storyboard.title or storyboard.project), edit, tuple(items))


def _facts(event: Event, shot: Shot, attempt: Attempt | None, remark: str) -> Iterator[tuple[str, Any]]:
    """How the clip was made, as the lock has it, or what is asked for; without what is not known."""
    request = attempt.request if attempt else {"model": shot.model, "prompt": shot.prompt, **shot.parameters}
    facts = {
        "shot": event.shot,
        "take": event.take,
        "prompt": str(request.get("prompt", "")),
        "tags": list(shot.tags),
        "remark": remark,
        "model": request["model"],
        "parameters": {name: value for name, value in request.items() if name not in _NO_PARAMETERS},
    }
    if attempt:
        facts |= {
            "fingerprint": attempt.fingerprint,
            "provider": attempt.provider,
            "task_id": attempt.task_id,
            "sha256": event.clip.sha256 if event.clip else "",
        }
    return ((name, value) for name, value in facts.items() if name == "prompt" or value not in ("", [], {}))

"""What the vendors answer about a task."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from cogvid_pipeline.emulator.vendors import Api


class Stage(Enum):
    """How far a task is."""

    ACCEPTED = auto()
    RUNNING = auto()
    SUCCEEDED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to say of a task. `url` and `cover` are addresses, there once it has succeeded."""

    task_id: str
    request_id: str
    model: str
    stage: Stage
    url: str = ""
    cover: str = ""
    failure: Mapping[str, Any] | None = None


_GEEKAI_STATUS = {
    Stage.ACCEPTED: "pending",
    Stage.RUNNING: "running",
    Stage.SUCCEEDED: "succeed",
    Stage.FAILED: "failed",
}
_CODED_STATUS = {
    Stage.ACCEPTED: "PROCESSING",
    Stage.RUNNING: "PROCESSING",
    Stage.SUCCEEDED: "SUCCESS",
    Stage.FAILED: "FAIL",
}


def answer(api: Api, told: Told) -> dict[str, Any]:
    """The body of an answer."""
    return _coded(told) if api.coded else _geekai(told)


def _coded(told: Told) -> dict[str, Any]:
    # A task's id is named when it is accepted, and not again when it is asked for.
    named = {"id": told.task_id} if told.stage is Stage.ACCEPTED else {}
    result = {"url": told.url, "cover_image_url": told.cover}
    return {
        **named,
        "model": told.model,
        "request_id": told.request_id,
        "task_status": _CODED_STATUS[told.stage],
        **({"video_result": [result]} if told.stage is Stage.SUCCEEDED else {}),
        **_failure(told),
    }


def _geekai(told: Told) -> dict[str, Any]:
    result = {"id": f"video-{told.task_id}", "url": told.url}
    cover = {"cover_image_url": told.cover} if told.cover else {}
    return {
        "model": told.model,
        "task_id": told.task_id,
        "task_status": _GEEKAI_STATUS[told.stage],
        **({"video_result": [{**result, **cover}]} if told.stage is Stage.SUCCEEDED else {}),
        **_failure(told),
    }


def _failure(told: Told) -> dict[str, Any]:
    return {"error": dict(told.failure)} if told.failure is not None else {}

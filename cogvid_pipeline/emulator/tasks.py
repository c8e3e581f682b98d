"""Keep the accepted tasks, in memory."""

import hashlib
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cogvid_pipeline.emulator.vendors import Api

# What tells one submission from another without being part of what is asked for.
_OF_THE_SENDER = {"request_id", "user_id"}


@dataclass(slots=True)
class Task:
    """A submission that was accepted, which is what a vendor charges for.

    `content` is the digest of what was asked for, `body_sha256` that of the bytes that were sent. `ready_at`
    is in seconds of the monotonic clock; `clip` is there when it is rendered. `address` counts the
    addresses that the clip has had.
    """

    api: Api
    id: str
    request_id: str
    model: str
    body_sha256: str
    content: str
    accepted_at: str
    ready_at: float
    clip: Path | None = None
    failure: Mapping[str, Any] | None = None
    address: int = 1

    @property
    def over(self) -> bool:
        """Whether it has come to its end, good or bad."""
        return time.monotonic() >= self.ready_at and (self.clip is not None or self.failure is not None)


class Tasks:
    """All tasks, in the order in which they were accepted."""

    def __init__(self) -> None:
        self._by_id: dict[str, Task] = {}
        self._by_request: dict[tuple[str, str], Task] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Task]:
        return iter(self._by_id.values())

    def accept(self, api: Api, body: Mapping[str, Any], raw: bytes, *, seconds: float) -> Task:
        """A new task that takes so long. Its id is as good as unique, in other runs too."""
        task = Task(
            api=api,
            id=str(uuid.uuid4()),
            request_id=body.get("request_id") or uuid.uuid4().hex,
            model=str(body["model"]),
            body_sha256=hashlib.sha256(raw).hexdigest(),
            content=content_digest(body),
            accepted_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            ready_at=time.monotonic() + seconds,
        )
        self._by_id[task.id] = task
        self._by_request[api.name, task.request_id] = task
        return task

    def get(self, task_id: str) -> Task | None:
        return self._by_id.get(task_id)

    def of_request(self, api: Api, request_id: str) -> Task | None:
        """The task that was accepted under a request id."""
        return self._by_request.get((api.name, request_id))


def content_digest(body: Mapping[str, Any]) -> str:
    """The digest of what a submission asks for."""
    asked = {name: value for name, value in body.items() if name not in _OF_THE_SENDER}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def audit(tasks: Tasks) -> list[dict[str, Any]]:
    """What there is to check a run's books against."""
    return [
        {
            "provider": task.api.name,
            "task_id": task.id,
            "request_id": task.request_id,
            "body_sha256": task.body_sha256,
            "accepted_at": task.accepted_at,
            "status": _status(task),
        }
        for task in tasks
    ]


def _status(task: Task) -> str:
    if not task.over:
        return "running"
    return "succeeded" if task.failure is None else "failed"

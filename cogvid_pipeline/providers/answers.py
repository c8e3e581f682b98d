"""Read the answers that the vendors have in common: a task's id, its state and the address of its clip."""

from collections.abc import Mapping
from typing import Any

from cogvid_pipeline.model.wire import (
    Accepted,
    PollFailed,
    TaskFailed,
    TaskRunning,
    TaskState,
    TaskSucceeded,
    Verdict,
    is_task_id,
)
from cogvid_pipeline.providers.http import is_plain
from cogvid_pipeline.providers.verdict import Answer, Happened, advice, judge, judge_poll

_LONGEST_URL = 8192

# In lower case. GeekAI's pages disagree about `succeed` and `success`; BigModel and Z.AI write capitals.
_RUNNING = frozenset({"pending", "running", "processing"})
_SUCCEEDED = frozenset({"succeed", "success"})
_FAILED = frozenset({"failed", "fail"})


def read_submission(happened: Happened, id_field: str) -> Verdict:
    """What became of a submission whose answer has the task's id in `id_field`."""
    if isinstance(happened, Answer) and happened.good and (task_id := task_id_in(happened, id_field)):
        state = _task_state(happened)
        done = state if isinstance(state, TaskSucceeded | TaskFailed) else None
        return Accepted(task_id, done, happened.emulated)
    return judge(happened)


def read_poll(happened: Happened) -> TaskState:
    """How the task is doing that was asked for."""
    if isinstance(happened, Answer) and happened.good:
        return _task_state(happened)
    return judge_poll(happened)


def task_id_in(answer: Answer, field: str) -> str:
    """The id of a task; empty where there is none that could be asked for."""
    found = (answer.body or {}).get(field)
    task_id = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
    return task_id if is_task_id(task_id) else ""


def _task_state(answer: Answer) -> TaskState:
    body = answer.body or {}
    url = _clip_url(body)
    status = str(body.get("task_status", "")).lower()
    if status in _RUNNING:
        return TaskRunning()
    if status in _FAILED:
        reason = answer.message or "the vendor gives no reason"
        return TaskFailed(f"{reason} (code {answer.code})" if answer.code else reason, advice(answer))
    if status in _SUCCEEDED and not url:
        return PollFailed("the task has succeeded, but the answer has no address of the clip")
    # Answers may leave fields out, and a clip says enough.
    if url and (status in _SUCCEEDED or not status):
        return TaskSucceeded(url, answer.emulated)
    return judge_poll(answer)


def _clip_url(body: Mapping[str, Any]) -> str:
    """The address of the clip from `video_result`, a list of objects or one object; else empty."""
    found = body.get("video_result")
    for result in found if isinstance(found, list) else [found]:
        url = result.get("url") if isinstance(result, dict) else None
        if isinstance(url, str) and _is_web_address(url):
            return url
    return ""


def _is_web_address(text: str) -> bool:
    return text.startswith(("https://", "http://")) and len(text) <= _LONGEST_URL and is_plain(text)

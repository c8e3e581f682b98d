"""Speak GeekAI's video protocol."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.model.wire import (
    Accepted,
    ImageBytes,
    ImageLink,
    PollFailed,
    Submission,
    TaskFailed,
    TaskRunning,
    TaskState,
    TaskSucceeded,
    TaskUnknown,
    Verdict,
)
from cogvid_pipeline.providers.http import Web, check_base_url, check_key, is_plain
from cogvid_pipeline.providers.verdict import Answer, advice, judge, judge_poll

_LONGEST_TASK_ID = 256
_LONGEST_URL = 8192


class GeekAI:
    """One account at GeekAI. It knows no request ids, so a submission is never repeated."""

    name = "geekai"
    repeatable = False

    def __init__(self, web: Web, *, base_url: str, key: str) -> None:
        """Raises UsageError when the address or the key cannot be one."""
        self.base_url = check_base_url(base_url, name="GEEKAI_BASE_URL")
        self._web = web
        self._key = check_key(key, name="GEEKAI_API_KEY")

    async def submit(self, submission: Submission) -> Verdict:
        """Send one request, once, and say what became of it."""
        url = f"{self.base_url}/videos/generations"
        happened = await self._web.post(url, _document(submission), key=self._key)
        if isinstance(happened, Answer) and happened.good and (task_id := _task_id(happened)):
            state = _task_state(happened)
            done = state if isinstance(state, TaskSucceeded | TaskFailed) else None
            return Accepted(task_id, done, happened.emulated)
        return judge(happened)

    async def poll(self, attempt: Attempt) -> TaskState:
        """Ask once how a task is doing."""
        if not _is_task_id(attempt.task_id):
            return TaskUnknown("this cannot be the id of a task")
        url = f"{self.base_url}/videos/{quote(attempt.task_id, safe='')}"
        happened = await self._web.get(url, key=self._key)
        if isinstance(happened, Answer) and happened.good:
            return _task_state(happened)
        return judge_poll(happened)


# --- what is sent -------------------------------------------------------------------------------------


def _document(submission: Submission) -> dict[str, Any]:
    """What was asked for, and `async` so that the answer comes before the video."""
    images = [_image(image) for image in submission.images]
    return {
        "model": submission.model,
        **({"prompt": submission.prompt} if submission.prompt else {}),
        **({"image": images[0] if len(images) == 1 else images} if images else {}),
        **submission.parameters,
        "async": True,
    }


def _image(image: ImageBytes | ImageLink) -> str:
    match image:
        case ImageLink(url):
            return url
        case ImageBytes(data, media_type):
            return f"data:{media_type};base64,{b64encode(data).decode('ascii')}"


# --- what comes back ----------------------------------------------------------------------------------


def _task_id(answer: Answer) -> str:
    """The id of the accepted task; empty where there is none that could be asked for."""
    found = (answer.body or {}).get("task_id")
    task_id = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
    return task_id if _is_task_id(task_id) else ""


def _is_task_id(text: str) -> bool:
    # A path segment of dots would climb out of the collection of tasks.
    return 0 < len(text) <= _LONGEST_TASK_ID and is_plain(text) and text not in {".", ".."}


def _task_state(answer: Answer) -> TaskState:
    body = answer.body or {}
    url = _clip_url(body)
    match str(body.get("task_status", "")).lower():
        case "pending" | "running":
            return TaskRunning()
        case "failed":
            reason = answer.message or "the vendor gives no reason"
            return TaskFailed(f"{reason} (code {answer.code})" if answer.code else reason, advice(answer))
        case "succeed" | "success" if not url:
            return PollFailed("the task has succeeded, but the answer has no address of the clip")
        # Answers may leave fields out, and a clip says enough.
        case "succeed" | "success" | "" if url:
            return TaskSucceeded(url, answer.emulated)
        case _:
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

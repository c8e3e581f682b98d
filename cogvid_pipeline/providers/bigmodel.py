"""Speak the video protocol of BigModel and Z.AI: the same on two hosts."""

import hmac
from typing import Any
from urllib.parse import quote

from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.model.wire import (
    Accepted,
    PollDenied,
    PollFailed,
    Submission,
    TaskFailed,
    TaskState,
    TaskSucceeded,
    TaskUnknown,
    Verdict,
    is_task_id,
)
from cogvid_pipeline.providers.answers import read_poll, read_submission, task_id_in
from cogvid_pipeline.providers.http import Web, account_of, check_base_url, check_key, encode
from cogvid_pipeline.providers.pictures import pictures
from cogvid_pipeline.providers.verdict import Answer

# What these vendors call otherwise than the manifest does.
_RENAMED = {"watermark": "watermark_enabled"}


class BigModel:
    """Fits engine.ports.RepeatableVendor: one account at BigModel or Z.AI.

    A second submission with the same `request_id` is refused with code 1231, so one whose answer was lost
    can be sent again (docs.bigmodel.cn, 视频生成; docs.z.ai, api-reference/video/generate-video).
    """

    def __init__(self, web: Web, *, name: str, base_url: str, key: str) -> None:
        """`name` is `bigmodel` or `zai`. Raises UsageError when the address or the key cannot be one."""
        self.name = name
        self.base_url = check_base_url(base_url, name=f"{name.upper()}_BASE_URL")
        self._web = web
        self._key = check_key(key, name=f"{name.upper()}_API_KEY")
        self.account = account_of(self.base_url, self._key)

    async def submit(self, submission: Submission) -> Verdict:
        """Send one request, once, and say what became of it."""
        return read_submission(
            await self._web.post(self._submit_url, _document(submission), key=self._key), "id"
        )

    async def poll(self, attempt: Attempt) -> TaskState:
        """Ask once how a task is doing."""
        if not is_task_id(attempt.task_id):
            return TaskUnknown("this cannot be the id of a task")
        return read_poll(await self._web.get(self._result_url(attempt.task_id), key=self._key))

    def seal(self, submission: Submission) -> str:
        """The same for the same bytes to the same host with the same key, and for nothing else."""
        message = f"{self._submit_url}\n".encode() + encode(_document(submission))
        return hmac.digest(self._key.encode(), message, "sha256").hex()

    async def find(self, request_id: str) -> Accepted | TaskUnknown | PollFailed | PollDenied:
        """Ask once for the task that was accepted under this request id."""
        happened = await self._web.get(self._result_url(request_id), key=self._key)
        state = read_poll(happened)
        if isinstance(state, TaskUnknown | PollFailed | PollDenied):
            return state
        assert isinstance(happened, Answer)
        # The answer has no documented field for the task's id; by what was asked for it answers again.
        task_id = task_id_in(happened, "id") or request_id
        done = state if isinstance(state, TaskSucceeded | TaskFailed) else None
        return Accepted(task_id, done, happened.emulated)

    @property
    def _submit_url(self) -> str:
        return f"{self.base_url}/videos/generations"

    def _result_url(self, task_id: str) -> str:
        return f"{self.base_url}/async-result/{quote(task_id, safe='')}"


def _document(submission: Submission) -> dict[str, Any]:
    images = pictures(submission.images)
    return {
        "model": submission.model,
        **({"prompt": submission.prompt} if submission.prompt else {}),
        **({"image_url": images} if images else {}),
        **{_RENAMED.get(name, name): value for name, value in submission.parameters.items()},
        "request_id": submission.request_id,
    }

"""Speak GeekAI's video protocol."""

from typing import Any
from urllib.parse import quote

from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.model.wire import Submission, TaskState, TaskUnknown, Verdict, is_task_id
from cogvid_pipeline.providers.answers import read_poll, read_submission
from cogvid_pipeline.providers.http import Web, account_of, check_base_url, check_key
from cogvid_pipeline.providers.pictures import pictures


class GeekAI:
    """Fits engine.ports.Vendor: one account at GeekAI, which knows no request ids."""

    name = "geekai"

    def __init__(self, web: Web, *, base_url: str, key: str) -> None:
        """Raises UsageError when the address or the key cannot be one."""
        self.base_url = check_base_url(base_url, name="GEEKAI_BASE_URL")
        self._web = web
        self._key = check_key(key, name="GEEKAI_API_KEY")
        self.account = account_of(self.base_url, self._key)

    async def submit(self, submission: Submission) -> Verdict:
        """Send one request, once, and say what became of it."""
        url = f"{self.base_url}/videos/generations"
        return read_submission(await self._web.post(url, _document(submission), key=self._key), "task_id")

    async def poll(self, attempt: Attempt) -> TaskState:
        """Ask once how a task is doing."""
        if not is_task_id(attempt.task_id):
            return TaskUnknown("this cannot be the id of a task")
        url = f"{self.base_url}/videos/{quote(attempt.task_id, safe='')}"
        return read_poll(await self._web.get(url, key=self._key))


def _document(submission: Submission) -> dict[str, Any]:
    """What was asked for, and `async` so that the answer comes before the video."""
    images = pictures(submission.images)
    return {
        "model": submission.model,
        **({"prompt": submission.prompt} if submission.prompt else {}),
        **({"image": images} if images else {}),
        **submission.parameters,
        "async": True,
    }

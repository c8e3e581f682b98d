"""Answer the vendors' calls: the rules first, then chaos, then what becomes of the task."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cogvid_pipeline.emulator.addresses import Addresses
from cogvid_pipeline.emulator.chaos import Chaos
from cogvid_pipeline.emulator.clips import Clips
from cogvid_pipeline.emulator.errors import CODES, Refusal, refuse, usual_error
from cogvid_pipeline.emulator.rules import check_key, check_submission
from cogvid_pipeline.emulator.settings import Settings
from cogvid_pipeline.emulator.shapes import Stage, Told, answer
from cogvid_pipeline.emulator.tasks import Task, Tasks, content_digest
from cogvid_pipeline.emulator.vendors import Api
from cogvid_pipeline.errors import MediaError

# How much longer a task takes when it is slow.
_SLOWER = 10


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in JSON."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class Lost(Exception):
    """The connection is to be closed without an answer."""


@dataclass(slots=True)
class Counts:
    """How submissions ended. An answer can be lost whether the task was accepted or not."""

    accepted: int = 0
    refused: int = 0
    lost: int = 0

    def __str__(self) -> str:
        accepted, refused = _count(self.accepted, "task"), _count(self.refused, "submission")
        return f"{accepted} accepted, {refused} refused, {_count(self.lost, 'answer')} lost"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


class Service:
    """One emulator at work; of HTTP it knows statuses and the names of headers, in lower case."""

    def __init__(self, settings: Settings, counts: Counts, directory: Path) -> None:
        """`directory` is where clips go."""
        self.tasks = Tasks()
        self.clips = Clips(directory, scale=settings.scale, fixed=settings.clip)
        self._settings = settings
        self._counts = counts
        self._chaos = Chaos(settings.knobs, settings.seed)
        self._addresses = Addresses(settings.url_seconds)
        self._making: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop what is being rendered."""
        for making in self._making:
            making.cancel()
        await asyncio.gather(*self._making, return_exceptions=True)
        await self.clips.close()

    def _strikes(self, knob: str, content: str, words: str) -> bool:
        """Whether this goes wrong this time; if so the words are said."""
        strikes = self._chaos.strikes(knob, content)
        if strikes:
            self._settings.say(words)
        return strikes

    # --- submissions ---

    def submit(self, api: Api, headers: Mapping[str, str], raw: bytes) -> Reply:
        """Take a submission, or not; an accepted task is on the books before its answer is. Raises Lost."""
        try:
            check_key(headers, self._settings.key)
            body = check_submission(api, headers, raw)
            content = content_digest(body)
            self._lose("lost-before", content, f"{api.name}: an answer is lost, nothing was accepted")
            if self._chaos.strikes("rate", content):
                raise _coded("1302")
            task = self.tasks.of_request(api, body.get("request_id", ""))
            if task is not None:
                again = Refusal(f"You already have a request: {task.request_id}", code="1231")
                reply = self._refused(api, again)
            else:
                task = self._accept(api, body, raw, content)
                reply = Reply(200, answer(api, _told(task, Stage.ACCEPTED)))
        except Refusal as refusal:
            return self._refused(api, refusal)
        self._lose("lost-after", content, f"{api.name}: the answer about {task.id} is lost")
        if self._strikes("gateway", content, f"{api.name}: a gateway answers 504 about {task.id}"):
            return Reply(504, usual_error(api, 504))
        return reply

    def _accept(self, api: Api, body: Mapping[str, Any], raw: bytes, content: str) -> Task:
        """Put a task on the books and set it going. Raises Refusal."""
        if self._chaos.in_arrears(len(self.tasks)):
            raise _coded("1113", status=402)
        if self._chaos.strikes("refuse", content):
            raise _coded("1301")
        slower = _SLOWER if self._strikes("slow", content, f"{api.name}: the next task is slow") else 1
        task = self.tasks.accept(api, body, raw, seconds=self._settings.seconds * slower)
        self._counts.accepted += 1
        self._settings.say(f"{api.name}: accepted {task.id}")
        making = asyncio.create_task(self._make(task, body))
        self._making.add(making)
        making.add_done_callback(self._making.discard)
        return task

    def _refused(self, api: Api, refusal: Refusal) -> Reply:
        self._counts.refused += 1
        self._settings.say(f"{api.name}: refused: {refusal}")
        status, body = refuse(api, refusal)
        return Reply(status, body, {"Retry-After": "1"} if refusal.code == "1302" else {})

    def _lose(self, knob: str, content: str, words: str) -> None:
        if self._strikes(knob, content, words):
            self._counts.lost += 1
            raise Lost

    async def _make(self, task: Task, body: Mapping[str, Any]) -> None:
        if self._strikes("fail", task.content, f"{task.api.name}: {task.id} is to fail"):
            task.failure = {"code": "1234", "message": "the emulator was told to let tasks fail"}
            return
        try:
            task.clip = await self.clips.make(task, body)
        except (MediaError, OSError) as error:
            self._settings.say(f"{task.api.name}: {task.id} fails: {error}")
            task.failure = {"code": "1210", "message": str(error)}

    # --- results and clips ---

    def result(self, api: Api, headers: Mapping[str, str], asked: str, origin: str) -> Reply:
        """How a task is doing; its clip's address begins with `origin`, where this server is reached."""
        try:
            check_key(headers, self._settings.key)
            task = self._find(api, asked)
        except Refusal as refusal:
            return Reply(*refuse(api, refusal))
        if self._strikes("poll-500", task.content, f"{api.name}: asking for {task.id} is answered with 500"):
            return Reply(500, usual_error(api, 500))
        if not task.over:
            return Reply(200, answer(api, _told(task, Stage.RUNNING)))
        if task.failure is not None:
            return Reply(200, answer(api, _told(task, Stage.FAILED)))
        query = self._addresses.query(task)
        clip = f"{origin}/clips/{task.id}.mp4?{query}"
        cover = f"{origin}/covers/{task.id}.jpg?{query}"
        return Reply(200, answer(api, _told(task, Stage.SUCCEEDED, clip, cover)))

    def _find(self, api: Api, asked: str) -> Task:
        task = self.tasks.get(asked)
        if task is None and self._settings.by_request_id and api.coded:
            task = self.tasks.of_request(api, asked)
        if task is None or task.api is not api:
            raise Refusal("there is no such task", code="1222", status=404)
        return task

    def at_address(self, task_id: str, query: Mapping[str, str]) -> Task | None:
        """The task whose clip is at an address, None where the address is dead."""
        task = self.tasks.get(task_id)
        return task if task is not None and self._addresses.good(task, query) else None

    def expires(self, task: Task) -> bool:
        """Whether its clip's address dies before its time; the next poll gives another one."""
        if not self._strikes("expire", task.content, f"{task.api.name}: the address of {task.id} dies"):
            return False
        task.address += 1
        return True

    def breaks_off(self, task: Task) -> bool:
        """Whether this download of its clip is to stop halfway."""
        return self._strikes("cut", task.content, f"{task.api.name}: the download of {task.id} is cut")


def _coded(code: str, *, status: int | None = None) -> Refusal:
    """A refusal in the documented words; `status` is GeekAI's where it is another than the others' own."""
    own, words = CODES[code]
    return Refusal(words, code=code, status=status or own)


def _told(task: Task, stage: Stage, url: str = "", cover: str = "") -> Told:
    failure = task.failure if stage is Stage.FAILED else None
    return Told(task.id, task.request_id, task.model, stage, url, cover, failure)

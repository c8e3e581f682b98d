"""A strict vendor on 127.0.0.1: the tests' stand-in for GeekAI, BigModel and Z.AI, on real sockets.

    with Vendor() as vendor:
        vendor.on_submit(Reply(429, headers={"Retry-After": "0.5"}), Accept(then=Cut()))
        run_against(vendor.base_url, vendor.key)
        assert len(vendor.accepted) == 1

It checks every submission to the letter (cogvid_pipeline/emulator/rules.py) and answers as documented. What
a test hands to `on_submit`, `on_poll` and `on_download` replaces the next answers, one each.
"""

import hashlib
import json
import re
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qs, unquote

from cogvid_pipeline.emulator.errors import CODES, Refusal, phrase, refuse, usual_error
from cogvid_pipeline.emulator.rules import check_key, check_submission, image_bytes
from cogvid_pipeline.emulator.shapes import Stage, Told, answer
from cogvid_pipeline.emulator.vendors import APIS
from tests.clips import make_clip
from tests.loopback import Answer, Loopback, Seen

KEY = "sk-a-key-for-tests"
LAST_MODIFIED = "Tue, 10 Feb 2026 08:00:00 GMT"


# --- what a test can script ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer so. Without a body it is the usual one, or for an error status the vendor's error object.

    `body` may be made from the task. As an answer to a submission it means that nothing was accepted.
    The usual answer to a repeated `request_id` is 1231, whose status this one has then too.
    """

    status: int = 200
    body: "bytes | Mapping[str, Any] | Callable[[Task], Mapping[str, Any]] | None" = None
    headers: Mapping[str, str] = field(default_factory=dict)
    blank_lines: int = 0
    chunked: bool = False
    delay: float = 0  # seconds


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection without an answer, or after so many bytes of a clip."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Hang:
    """Say nothing more, after so many bytes of a clip, until the client goes away."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Accept:
    """Accept a submission, which is what costs money, and only then answer (or not)."""

    then: Reply | Cut | Hang = field(default_factory=Reply)


Step: TypeAlias = Reply | Cut | Hang


# --- what a test can look at --------------------------------------------------------------------------


@dataclass(slots=True)
class Task:
    """An accepted, paid submission. `address` counts the URLs that its clip has had."""

    id: str
    request_id: str
    body: dict[str, Any]
    clip: bytes
    failure: Mapping[str, Any] | None
    ready_at: float
    polls: int = 0
    address: int = 1

    @property
    def images(self) -> tuple[bytes, ...]:
        """The pictures that came with it, in order; links are left out."""
        image = self.body.get("image", self.body.get("image_url", []))
        sent = map(image_bytes, [image] if isinstance(image, str) else image)
        return tuple(data for data in sent if data is not None)


class Vendor:
    """The server; use it as a context manager. It lives in a thread of its own.

    `protocol` is `geekai`, `bigmodel` or `zai`.
    `clip` is what every task gives, or makes it from the submission's body; without it each task gives a
    small playable MP4 with a digest of its own. A task is done after `running_polls` polls and `seconds`.
    `fails` gives the error of a submission that is accepted but comes to nothing. `reference_shapes`
    answers as GeekAI's reference page has it (`success`, one object), not as the model pages do.
    `result_by_request_id` says that BigModel and Z.AI give results under the request id too, which their
    documentation does not, `result_has_id` that they name the task's id there. `etag` and `ranges` say what
    the clips' host can do, `headers` go with every answer of the API.
    """

    def __init__(
        self,
        clip: bytes | Callable[[dict[str, Any]], bytes] | None = None,
        *,
        protocol: str = "geekai",
        key: str = KEY,
        running_polls: int = 0,
        seconds: float = 0.0,
        fails: Callable[[dict[str, Any]], Mapping[str, Any] | None] = lambda _: None,
        reference_shapes: bool = False,
        result_by_request_id: bool = False,
        result_has_id: bool = False,
        etag: bool = True,
        ranges: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.api = APIS[protocol]
        self._submissions = f"{self.api.path}/videos/generations"
        self._results = self.api.path + self.api.results
        self.key = key
        self.clip = clip
        self.running_polls = running_polls
        self.seconds = seconds
        self.fails = fails
        self.reference_shapes = reference_shapes
        self.result_by_request_id = result_by_request_id
        self.result_has_id = result_has_id
        self.etag = etag
        self.ranges = ranges
        self.headers = dict(headers or {})
        self.requests: list[Seen] = []
        self.accepted: list[Task] = []
        self.complaints: list[str] = []
        self._tasks: dict[str, Task] = {}
        self._submits: deque[Step | Accept] = deque()
        self._polls: deque[Step] = deque()
        self._downloads: deque[Step] = deque()
        self._loopback = Loopback(self._answer)

    def __enter__(self) -> Self:
        self._loopback.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loopback.stop()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._loopback.port}"

    @property
    def base_url(self) -> str:
        return self.origin + self.api.path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make the command use this vendor."""
        name = self.api.name.upper()
        return {f"{name}_BASE_URL": self.base_url, f"{name}_API_KEY": self.key}

    def on_submit(self, *steps: Step | Accept) -> None:
        """What becomes of the next valid submissions; Reply, Cut and Hang accept nothing."""
        self._submits.extend(steps)

    def on_poll(self, *steps: Step) -> None:
        self._polls.extend(steps)

    def on_download(self, *steps: Step) -> None:
        self._downloads.extend(steps)

    def expire_urls(self) -> None:
        """Let all addresses that were given out die; polls give new ones."""
        for task in self.accepted:
            task.address += 1

    def forget(self, task_id: str) -> None:
        """Know nothing of a task any more; it stays in `accepted`, as it was paid for."""
        del self._tasks[task_id]

    def wait_until(self, true: Callable[[], bool], *, seconds: float = 60.0) -> None:
        """Wait until something is true that a request brings about."""
        with self._loopback.changed:
            assert self._loopback.changed.wait_for(true, seconds), "the vendor waited in vain"

    def settle(self) -> None:
        """Wait until everything is answered that clients have sent before they went away."""
        self._loopback.settle()

    @property
    def posts(self) -> list[Seen]:
        return [seen for seen in self.requests if seen.method == "POST"]

    @property
    def polls(self) -> list[Seen]:
        return [seen for seen in self.requests if seen.method == "GET" and self._results in seen.path]

    @property
    def downloads(self) -> list[Seen]:
        return [seen for seen in self.requests if seen.path.startswith("/clips/")]

    # --- how it answers ---

    def _answer(self, seen: Seen) -> Answer:
        self.requests.append(seen)
        try:
            return self._route(seen)
        except Refusal as refusal:
            if refusal.status != 401:
                self.complaints.append(str(refusal))
            return self._out(Reply(*refuse(self.api, refusal)))

    def _route(self, seen: Seen) -> Answer:
        match seen.method, seen.path:
            case "POST", self._submissions:
                return self._submit(seen)
            case "GET", path if path.startswith(self._results):
                return self._poll(seen, unquote(path.removeprefix(self._results)))
            case "GET", path if path.startswith("/clips/"):
                return self._download(seen, path.removeprefix("/clips/"))
            case method, path:
                raise Refusal(f"there is no {method} {path}", code="1222", status=404)

    def _submit(self, seen: Seen) -> Answer:
        check_key(seen.headers, self.key)
        body = check_submission(self.api, seen.headers, seen.raw)
        step = self._submits.popleft() if self._submits else Accept()
        if not isinstance(step, Accept):
            return self._out(step)
        request_id = body.get("request_id")
        if request_id in (task.request_id for task in self.accepted):
            duplicate = Refusal(f"You already have a request: {request_id}", code="1231")
            return self._out(step.then, usual=refuse(self.api, duplicate))
        task = self._accept(body, request_id or uuid.uuid4().hex)
        return self._out(step.then, task, usual=(200, self._about(task, Stage.ACCEPTED)))

    def _accept(self, body: dict[str, Any], request_id: str) -> Task:
        number = len(self.accepted) + 1
        task_id = f"task-{number:05d}-{hashlib.sha256(str(number).encode()).hexdigest()[:12]}"
        match self.clip:
            case None:
                clip = small_clip() + free_box(task_id.encode())
            case bytes():
                clip = self.clip
            case make:
                clip = make(body)
        task = Task(task_id, request_id, body, clip, self.fails(body), time.monotonic() + self.seconds)
        self._tasks[task_id] = task
        self.accepted.append(task)
        return task

    def _poll(self, seen: Seen, asked: str) -> Answer:
        check_key(seen.headers, self.key)
        task = self._find(asked)
        if task is None:
            return self._out(Reply(404, error(404, "there is no such task")))
        if self._polls:
            return self._out(self._polls.popleft(), task, usual=(200, self._about(task, Stage.RUNNING)))
        task.polls += 1
        done = task.polls > self.running_polls and time.monotonic() >= task.ready_at
        usual = self.finished(task) if done else self._about(task, Stage.RUNNING)
        return self._out(Reply(), task, usual=(200, usual))

    def _find(self, asked: str) -> Task | None:
        if task := self._tasks.get(asked):
            return task
        if not self.result_by_request_id:
            return None
        return next((task for task in self._tasks.values() if task.request_id == asked), None)

    def _about(self, task: Task, stage: Stage) -> dict[str, Any]:
        url = self.url(task)
        cover = url.replace(".mp4", ".jpg") if self.api.coded else ""
        told = Told(task.id, task.request_id, task.body["model"], stage, url, cover, task.failure)
        named = {"id": task.id} if self.api.coded and self.result_has_id else {}
        return {**named, **answer(self.api, told)}

    def finished(self, task: Task) -> dict[str, Any]:
        """The answer about a task that has come to its end."""
        if task.failure is not None:
            return self._about(task, Stage.FAILED)
        body = self._about(task, Stage.SUCCEEDED)
        if self.reference_shapes:
            return {**body, "task_status": "success", "video_result": body["video_result"][0]}
        return body

    def url(self, task: Task) -> str:
        """The address that a task's clip has now."""
        return f"{self.origin}/clips/{task.id}.mp4?sign=secret-{task.address}"

    def _download(self, seen: Seen, name: str) -> Answer:
        if "authorization" in seen.headers:
            raise Refusal("a key was sent to the clips' host", code="1210")
        step = self._downloads.popleft() if self._downloads else Reply()
        task = self._tasks.get(name.removesuffix(".mp4"))
        if task is None or parse_qs(seen.query).get("sign") != [f"secret-{task.address}"]:
            return self._out(Reply(403, b"<Error><Code>AccessDenied</Code></Error>"))
        if isinstance(step, Reply) and (step.status, step.body) != (200, None):
            return self._out(step, task)
        status, body, headers = self._part(task, seen.headers)
        return _shaped(step, status, body, headers | {"Content-Type": "video/mp4"})

    def _part(self, task: Task, asked: Mapping[str, str]) -> tuple[int, bytes, dict[str, str]]:
        """The clip, or the part of it that a Range asks for."""
        tag = f'"{hashlib.sha256(task.clip).hexdigest()[:16]}"'
        headers = {"ETag": tag, "Last-Modified": LAST_MODIFIED} if self.etag else {}
        span = re.fullmatch(r"bytes=(\d+)-", asked.get("range", ""))
        same = asked.get("if-range", tag) in (tag, LAST_MODIFIED)
        if not (self.ranges and span and same):
            return 200, task.clip, headers
        start, size = int(span[1]), len(task.clip)
        if start >= size:
            return 416, b"", headers | {"Content-Range": f"bytes */{size}"}
        return 206, task.clip[start:], headers | {"Content-Range": f"bytes {start}-{size - 1}/{size}"}

    def _out(
        self, step: Step, task: Task | None = None, usual: tuple[int, Mapping[str, Any]] | None = None
    ) -> Answer:
        """What a step comes to; `usual` is the status and the body of the answer that it may leave alone."""
        if not isinstance(step, Reply):
            return _shaped(step, 200, b"", {})
        status, body = step.status, step.body(task) if callable(step.body) else step.body
        if body is None and status < 400 and usual is not None:
            status, body = (usual[0] if status == 200 else status), usual[1]
        elif body is None:
            body = usual_error(self.api, status)
        kind = "text/html" if isinstance(body, bytes) else "application/json"
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return _shaped(step, status, raw, {"Content-Type": kind, **self.headers})


def _shaped(step: Step, status: int, body: bytes, headers: Mapping[str, str]) -> Answer:
    match step:
        case Reply():
            blank = b"\r\n" * step.blank_lines
            return Answer(status, blank + body, {**headers, **step.headers}, step.chunked, delay=step.delay)
        case Cut(after):
            return Answer(status, body, headers, limit=after, then="close")
        case Hang(after):
            return Answer(status, body, headers, limit=after, then="hang")


def error(status: int, message: str = "", code: str | int = "") -> dict[str, Any]:
    """The vendor's error object."""
    return {"error": {"code": code or str(status), "message": message or phrase(status)}}


def coded(code: str, **headers: str) -> Reply:
    """BigModel's and Z.AI's answer with an error code: under the status and in the words documented."""
    status, words = CODES[code]
    return Reply(status, error(status, words, code), headers)


@cache
def small_clip() -> bytes:
    """A playable MP4 of a third of a second."""
    with TemporaryDirectory() as directory:
        return make_clip(Path(directory, "clip.mp4"), frames=10).read_bytes()


def free_box(content: bytes) -> bytes:
    """A box that players skip: it changes an MP4's digest and nothing else."""
    return (8 + len(content)).to_bytes(4) + b"free" + content

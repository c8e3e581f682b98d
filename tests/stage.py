"""A run with every port played by a small stand-in, on a clock of its own: an hour passes at once.

    stage = Stage(storyboard(CAT))
    stage.vendor.submits(Uncertain("no answer"))
    report = stage.apply()
    assert stage.effects == ["intend request-1", "post request-1", "record request-1 held", …]

The lock and the ledger stay for the next `apply`. What happens is written down in `effects`, in its order.
"""

import asyncio
import hashlib
import selectors
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from cogvid_pipeline.engine.inputs import FitPicture
from cogvid_pipeline.engine.locking import LockKeeper
from cogvid_pipeline.engine.outcome import RunReport
from cogvid_pipeline.engine.ports import Ports, Progress, Provider
from cogvid_pipeline.engine.run import ApplyOptions, Run
from cogvid_pipeline.engine.runner import Runner
from cogvid_pipeline.engine.take import TakeWorker
from cogvid_pipeline.errors import MediaError, StateError, StoreError
from cogvid_pipeline.model.attempt import Attempt, Clip, Full, Lock, LockEntry, State, Stored
from cogvid_pipeline.model.event import Event
from cogvid_pipeline.model.plan import Plan, PlanOptions
from cogvid_pipeline.model.shot import Fit, ImageFile, Storyboard
from cogvid_pipeline.model.wire import Accepted, Submission, TaskState, TaskSucceeded, Verdict
from cogvid_pipeline.plan.cost import PriceBook
from cogvid_pipeline.plan.diff import make_plan
from cogvid_pipeline.plan.planner import Facts, Planner
from tests.boards import DEFAULTS

T = TypeVar("T")
EPOCH = 1_790_000_000.0
BASE_URL = "https://geekai.example.com/api/v1"
NO_VIDEO = b"no video"

LIVE = (State.INTENT, State.ACCEPTED, State.ADOPTED, State.HELD)


# --- time that passes when nothing else happens -------------------------------------------------------


class _Idle(selectors.SelectSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found:
            assert timeout is not None, "everybody waits, and nothing is going to happen"
            self.now += max(timeout, 0)
        return found


class _Inline(ThreadPoolExecutor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time moves only when all of its tasks wait for it."""

    def __init__(self) -> None:
        self._idle = _Idle()
        super().__init__(self._idle)
        self.set_default_executor(_Inline())

    def time(self) -> float:
        return self._idle.now


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, in no time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def now() -> float:
    return EPOCH + asyncio.get_running_loop().time()


# --- the stand-ins ------------------------------------------------------------------------------------


@dataclass
class Books:
    """A ledger in memory. Each change takes a moment, as a disk does; `broken` names methods that fail."""

    effects: list[str]
    rows: dict[str, Attempt] = field(default_factory=dict)
    alive: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    others: int = 0  # tasks that other runs have in hand
    elsewhere: dict[str, Attempt] = field(default_factory=dict)  # what another run has made of an attempt

    async def intend(
        self, attempt: Attempt, *, again: bool = False, room: int | None = None
    ) -> Attempt | Full | None:
        await self._moment("intend")
        known = self.known(attempt.fingerprint)
        if known and known.paid and known.state is State.SUCCEEDED and not again:
            return known
        if live := self._live(attempt.fingerprint):
            return self._seen(live)
        if room is not None and self.others > room:
            return Full(self.others)
        self.effects.append(f"intend {attempt.request_id}")
        self.alive.add(attempt.request_id)
        self.rows[attempt.request_id] = attempt
        return None

    async def intend_again(self, held: Attempt) -> Attempt | None:
        await self._moment("intend_again")
        standing = self.rows.get(held.request_id, held)
        return None if standing.state is State.HELD else standing

    async def record(self, attempt: Attempt) -> Attempt:
        await self._moment("record")
        self.effects.append(f"record {attempt.request_id} {attempt.state}")
        if standing := self.elsewhere.pop(attempt.request_id, None):
            attempt = standing
        self.rows[attempt.request_id] = attempt
        return attempt

    async def take_in(self, attempt: Attempt) -> Attempt:
        await self._moment("take_in")
        live = attempt.state in LIVE and self._live(attempt.fingerprint)
        if attempt.request_id not in self.rows and not live:
            self.rows[attempt.request_id] = attempt
        return self.rows.get(attempt.request_id, attempt)

    async def take_over(self, attempt: Attempt) -> None:
        await self._moment("take_over")

    async def ask(self, question: Callable[[], T]) -> T:
        return question()

    def hurry(self) -> None:
        """Nothing here ever waits."""

    def known(self, fingerprint: str) -> Attempt | None:
        """The newest attempt that counts, as a real ledger ranks them."""
        mine = [row for row in self.rows.values() if row.fingerprint == fingerprint]
        done = [row for row in mine if row.state is State.SUCCEEDED]
        live = [self._seen(row) for row in mine if row.state in LIVE]
        return next(iter([*reversed(done), *reversed(live)]), None)

    def _live(self, fingerprint: str) -> Attempt | None:
        rows = (row for row in self.rows.values() if row.fingerprint == fingerprint and row.paid)
        return next((row for row in rows if row.state in LIVE), None)

    def _seen(self, row: Attempt) -> Attempt:
        gone = row.state is State.INTENT and row.request_id not in self.alive
        return replace(row, state=State.HELD, error="its run is gone") if gone else row

    async def _moment(self, what: str) -> None:
        await asyncio.sleep(0.001)
        if what in self.broken:
            raise StateError(f"cannot {what}: the disk is full", hint="free some space")


@dataclass
class ScriptedVendor:
    """Accepts and finishes everything, unless it is told what to say next. A POST takes a second."""

    effects: list[str]
    name: str = "geekai"
    base_url: str = BASE_URL
    account: str = "mine"
    on_post: Callable[[Submission], None] = lambda _: None
    seconds_per_poll: float = 0.01
    sent: list[Submission] = field(default_factory=list)
    _verdicts: deque[Verdict | Exception] = field(default_factory=deque)
    _states: deque[TaskState] = field(default_factory=deque)
    always: TaskState | None = None  # what polls say when nothing else is scripted

    def submits(self, *verdicts: Verdict | Exception) -> None:
        self._verdicts.extend(verdicts)

    def polls(self, *states: TaskState) -> None:
        self._states.extend(states)

    async def submit(self, submission: Submission) -> Verdict:
        self.effects.append(f"post {submission.request_id}")
        self.sent.append(submission)
        verdict = self._verdicts.popleft() if self._verdicts else Accepted(f"task-{len(self.sent)}")
        if isinstance(verdict, Exception):
            raise verdict
        self.on_post(submission)
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            self.effects.append(f"lost {submission.request_id}")
            raise
        return verdict

    async def poll(self, attempt: Attempt) -> TaskState:
        self.effects.append(f"poll {attempt.task_id}")
        await asyncio.sleep(self.seconds_per_poll)
        if self._states:
            return self._states.popleft()
        return self.always or TaskSucceeded(url_of(attempt.task_id))


def url_of(task_id: str) -> str:
    return f"https://static.example.com/{task_id}.mp4"


@dataclass
class Shelf:
    """Clips and downloads in memory: what an address gives is the address itself, unless a test says."""

    effects: list[str]
    files: dict[Path, bytes] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)
    broken: bool = False
    _downloads: deque[bytes | Exception] = field(default_factory=deque)

    def gives(self, *contents: bytes | Exception) -> None:
        """What becomes of the next downloads."""
        self._downloads.extend(contents)

    async def download(self, url: str, into: Path, progress: Progress) -> None:
        self.effects.append(f"download {url}")
        progress(1, 2)
        await asyncio.sleep(1)
        progress(2, 2)
        content = self._downloads.popleft() if self._downloads else url.encode()
        if isinstance(content, Exception):
            raise content
        self.files[into] = content

    def find(self, clip: Clip) -> Path | None:
        return Path(clip.sha256) if clip.sha256 in self.kept else None

    def staging(self, key: str) -> Path:
        return Path("partial", key)

    def adopt(self, staged: Path, *, expected: str | None = None) -> Clip:
        content = self.files.pop(staged)
        if content == NO_VIDEO:
            raise MediaError("this is no video")
        clip = clip_of_bytes(content)
        if expected not in (None, clip.sha256):
            raise StateError("the clip that came is another one")
        self.kept[clip.sha256] = content
        return clip

    def place(self, clip: Clip, take: str) -> Path:
        if self.broken:
            raise StateError("cannot place: the disk is full")
        self.placed[take] = clip.sha256
        return Path(take)

    def displaced(self, clip: Clip, take: str) -> bool:
        return self.placed.get(take) != clip.sha256

    def has(self, attempt: Attempt, take: str = "") -> None:
        """Let the clip of an attempt be there, under the name of a take if one is given."""
        assert attempt.clip is not None
        self.kept[attempt.clip.sha256] = b"from before"
        if take:
            self.placed[take] = attempt.clip.sha256


@dataclass
class Colleagues:
    """A shared store in memory. Its clips consist of the address in their records."""

    shelf: Shelf
    records: dict[str, Attempt] = field(default_factory=dict)
    failing: bool = False

    def have(self, attempt: Attempt) -> None:
        self.records[attempt.fingerprint] = replace(attempt, clip=clip_of_bytes(attempt.url.encode()))

    def find(self, fingerprint: str) -> Attempt | None:
        return self.records.get(fingerprint)

    def fetch(self, clip: Stored, into: Path, progress: Progress) -> bool:
        if self.failing:
            raise StoreError("the shared store cannot be used", hint="try later")
        urls = [each.url.encode() for each in self.records.values() if each.clip == clip]
        self.shelf.files.update((into, url) for url in urls)
        return bool(urls)


def clip_of_bytes(content: bytes) -> Clip:
    digest = hashlib.sha256(content).hexdigest()
    return Clip(digest, len(content), 1920, 1080, fps=30.0, duration=5.0, audio=False)


@dataclass
class LockBook:
    """A lock file in memory; what was put counts once it is flushed."""

    effects: list[str]
    entries: dict[str, LockEntry] = field(default_factory=dict)
    waiting: dict[str, LockEntry | None] = field(default_factory=dict)
    flushes: int = 0
    failing: int = 0

    def put(self, name: str, entry: LockEntry | None) -> None:
        self.waiting[name] = entry

    def flush(self) -> None:
        self.flushes += 1
        if self.failing:
            self.failing -= 1
            raise StateError("cannot write the lock")
        for name, entry in self.waiting.items():
            if entry is None:
                del self.entries[name]
            else:
                self.entries[name] = entry
            self.effects.append(f"lock {name} {entry.status if entry else 'gone'}")
        self.waiting.clear()


async def fit_picture(data: bytes, fit: Fit) -> tuple[bytes, str]:
    return f"{data.decode()} to {fit.how} {fit.size}".encode(), "image/png"


class Frames:
    async def extract(self, clip: Path, at: str | float) -> tuple[bytes, str]:
        return f"{at} of {clip}".encode(), "image/png"


@dataclass
class Sketch:
    """A renderer whose clips are made of the words that it is given, and where asked of the shot's name."""

    shelf: Shelf
    name: str = "preview"
    rendered: list[str] = field(default_factory=list)
    shows_names: bool = False

    async def render(self, submission: Submission, into: Path, progress: Callable[[float], None]) -> None:
        self.rendered.append(submission.shot)
        progress(0.5)
        await asyncio.sleep(1)
        slate = submission.shot if self.shows_names else ""
        self.shelf.files[into] = f"{slate}{submission.prompt} {submission.images}".encode()


# --- all of it ----------------------------------------------------------------------------------------


@dataclass
class Stage:
    """A project in memory. `when` says what to do with the run at an event, by its name or `name take`."""

    board: Storyboard
    lock: Lock = field(default_factory=Lock)
    effects: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    when: dict[str, Callable[[Run], object]] = field(default_factory=dict)
    seconds: float = 0.0
    frames: Frames = field(default_factory=Frames)
    fit_picture: FitPicture = fit_picture
    _ids: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.ledger = Books(self.effects)
        self.vendor = ScriptedVendor(self.effects)
        self.shelf = Shelf(self.effects)
        self.sketch = Sketch(self.shelf)
        self.colleagues = Colleagues(self.shelf)
        self.asked_when_planning = False
        self.book = LockBook(self.effects, dict(self.lock.entries))
        self.run: Run | None = None

    def plan(self, *, replace: tuple[str, ...] = ()) -> Plan:
        return make_plan(self.board, self._facts(), self._prices(), PlanOptions(replace=replace))

    def apply(self, *, replace: tuple[str, ...] = (), **options: Any) -> RunReport:
        """Plan, and carry it out to its end."""
        self.effects.clear()
        self.events.clear()
        plan = self.plan(replace=replace)

        async def work() -> RunReport:
            try:
                return await self._runner(plan, ApplyOptions(**options)).apply()
            finally:
                self.seconds = now() - EPOCH
                self.ledger.alive -= {effect.split()[-1] for effect in self.effects if "intend" in effect}

        return run_virtually(work())

    def told(self, name: str) -> list[str]:
        """The takes that an event was about, in order."""
        return [event.name for event in self.events if event.event == name]

    @property
    def posts(self) -> list[str]:
        return [effect for effect in self.effects if effect.startswith("post")]

    def ports(self) -> Ports:
        return Ports(
            provider=self._provider,
            vendor_of=lambda attempt: self.vendor,
            download=self.shelf.download,
            ledger=self.ledger,
            lock=self.book,
            clips=self.shelf,
            frames=self.frames,
            read_image=_no_image,
            fit_picture=self.fit_picture,
            observe=self._observe,
            clock=now,
            jitter=lambda: 1.0,
            new_id=lambda: f"request-{next(self._ids)}",
            shared=self.colleagues,
        )

    def _runner(self, plan: Plan, options: ApplyOptions) -> Runner:
        ports = self.ports()
        run = self.run = Run(ports, options)
        keeper = LockKeeper(Lock(dict(self.book.entries)), ports.lock)
        planner = Planner(self.board, self._facts(), self._prices(), plan.options)
        return Runner(run, plan, planner, keeper, TakeWorker(run, keeper, DEFAULTS))

    def _facts(self) -> Facts:
        lock = Lock(dict(self.book.entries), "digest")
        return Facts(
            lock=lock,
            known=lambda digests: {one: found for one in digests if (found := self.ledger.known(one))},
            recorded=self.ledger.rows.get,
            displaced=self.shelf.displaced,
            shared=self.colleagues.find if self.asked_when_planning else lambda _: None,
        )

    def _prices(self) -> PriceBook:
        return PriceBook(self.board.provider, self.board.prices, {})

    def _provider(self) -> Provider:
        return self.sketch if self.board.provider == "preview" else self.vendor

    def _observe(self, event: Event) -> None:
        self.events.append(event)
        assert self.run is not None
        for key in (event.event, f"{event.event} {event.name}"):
            if act := self.when.get(key):
                act(self.run)


def _no_image(image: ImageFile) -> bytes:
    raise AssertionError(f"nobody asked for {image.path}")


def make_run(stage: Stage, **options: Any) -> Run:
    """A run without a runner, for tests of its parts."""
    stage.run = Run(stage.ports(), ApplyOptions(**options))
    return stage.run


def with_run(stage: Stage, work: Callable[[Run], Awaitable[T]], **options: Any) -> T:
    """Do some work with such a run."""

    async def body() -> T:
        try:
            return await work(make_run(stage, **options))
        finally:
            stage.seconds = now() - EPOCH

    return run_virtually(body())

"""What a project goes through in a test, and the books at its end."""

import hashlib
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.state.lockfile import read_lock
from tests.proof.world import Ran, Violation, World
from tests.vendor import Cut, Task


@dataclass(frozen=True, slots=True)
class Plot:
    """What a story's manifest has; `{tag}` is the word that tells its tasks from those of other stories.

    `goes_on` says whether the project begins as one in which MADE has been made.
    """

    manifest: str
    shots: tuple[str, ...]
    goes_on: bool


FRESH = Plot(
    """\
  dawn: {{prompt: Dawn breaks over {tag}.}}
  walk: {{prompt: The fox walks on to {tag}., image: {{shot: dawn, frame: last}}}}
""",
    ("dawn", "walk"),
    goes_on=False,
)
GOING_ON = Plot(
    """\
  dusk: {{prompt: Dusk falls over {tag}.}}
  after: {{prompt: A lantern sways.}}
  dawn: {{prompt: Dawn breaks over {tag}.}}
  walk: {{prompt: The fox walks on to {tag}., image: {{shot: dawn, frame: last}}}}
  twin: {{prompt: Dawn breaks over {tag}.}}
""",
    ("after", "dawn", "dusk", "twin", "walk"),
    goes_on=True,
)


@dataclass(frozen=True, slots=True)
class Row:
    """An attempt as the ledger has it: its state, whether it is of this story, and its clip's digest."""

    state: str
    ours: bool
    clip: str


@dataclass
class Story:
    """A project of its own, in which a plot takes place. After each command its state is looked at.

    `mutant` is the mistake that all of its commands make, by name.
    """

    world: World
    plot: Plot
    mutant: str = ""
    released: Counter[str] = field(default_factory=Counter)
    _rows: tuple[Row, ...] = ()

    def __post_init__(self) -> None:
        self.tag = next(self.world.tags)
        self.root = self.world.scratch / self.tag
        if self.plot.goes_on:
            shutil.copytree(self.world.made, self.root)
            # A download that breaks off is gone on with.
            self.world.vendor.on_download(Cut(after=3000))
        self.world.write(self.root, self.plot.manifest.format(tag=self.tag))

    @property
    def tasks(self) -> list[Task]:
        """What the vendor has accepted in this story."""
        return [task for task in self.world.vendor.accepted if f" {self.tag}." in task.body["prompt"]]

    @property
    def entries(self) -> dict[str, Any]:
        """The entries of the lock."""
        entries: dict[str, Any] = json.loads((self.root / "cogvid.lock").read_bytes())["shots"]
        return entries

    def apply(self, *, jobs: int = 1, **events: Any) -> Ran:
        """Run `cogvid apply`. With one job it does the same things in the same order each time."""
        ran = self._run("apply", "--yes", "--jobs", str(jobs), **events)
        if "crash" in events and not ran.killed and ran.code not in (0, 5):
            raise Violation(f"apply exits with {ran.code} instead of being killed:\n{ran.err}")
        if jobs == 1:
            self._check_answers(ran)
        return ran

    def recover(self, **events: Any) -> Ran:
        """Settle all that is held, as the vendor's list of tasks says."""
        settled: dict[str, list[str]] = {}
        for name, entry in self.entries.items():
            if entry["status"] == "held" and entry["pending"]["request_id"] not in settled:
                prompt = entry["pending"]["request"]["prompt"]
                tasks = [task.id for task in self.tasks if task.body["prompt"] == prompt]
                if not tasks:
                    self.released[prompt] += 1
                words = ["--adopt", f"{name}={tasks[-1]}"] if tasks else ["--pay-again", name]
                settled[entry["pending"]["request_id"]] = words
        if not settled:
            raise Violation("something is held, and the lock does not show it")
        return self._run("recover", *(word for words in settled.values() for word in words), **events)

    def finish(self, *, jobs: int = 1) -> None:
        """Go on to the end, look at the books, and leave nothing behind but what the vendor has accepted."""
        doubt = self._in_doubt()
        ran = self.apply(jobs=jobs)
        if ran.code == 5 and not doubt:
            raise Violation(f"held without reason:\n{ran.err}")
        while ran.code == 5:
            settled = self.recover()
            if settled.code:
                raise Violation(f"recover exits with {settled.code}:\n{settled.err}")
            ran = self.apply(jobs=jobs)
        if ran.code:
            raise Violation(f"apply exits with {ran.code}:\n{ran.err}")
        self.audit()
        shutil.rmtree(self.root)

    def _run(self, *arguments: str, **events: Any) -> Ran:
        ran = self.world.run(self.root, *arguments, mutant=self.mutant, **events)
        self._rows = self._read_ledger()
        self._check_state()
        return ran

    def _in_doubt(self) -> bool:
        lock = read_lock(self.root / "cogvid.lock")
        return any(row.ours and row.state in ("intent", "held") for row in self._rows) or any(
            entry.status == "held" for entry in lock.entries.values()
        )

    # --- what has to be so at all times ---

    def _check_state(self) -> None:
        try:
            lock = read_lock(self.root / "cogvid.lock")
        except StateError as error:
            raise Violation(f"the lock is not whole: {error}") from error
        results = [entry.result for entry in lock.entries.values() if entry.result]
        if self.plot.goes_on and len(results) < 2:
            raise Violation(f"an old result is gone; there are {sorted(lock.entries)}")
        finished = {result.clip.sha256 for result in results if result.clip}
        finished |= {row.clip for row in self._rows if row.clip}
        for digest in finished:
            cached = self.root / ".cogvid" / "clips" / digest[:2] / f"{digest}.mp4"
            _check_clip(cached, digest, "a finished clip")

    def _check_answers(self, ran: Ran) -> None:
        """See that each answer that came is recorded, if a commit came after it."""
        effects = [point.effect for point in ran.points]
        answers = sum(
            effect == "answered" and "committed" in effects[number:] for number, effect in enumerate(effects)
        )
        if answers > len([row for row in self._rows if row.ours and row.state != "intent"]):
            raise Violation("an answer is not in the ledger")

    def _read_ledger(self) -> tuple[Row, ...]:
        """What the ledger has; one that is shared, of this story."""
        if self.world.database is None:
            return tuple(map(self._row, self._read_file()))
        rows = map(self._row, self.world.database.execute("SELECT state, request, clip FROM cogvid.attempts"))
        return tuple(row for row in rows if row.ours)

    def _row(self, values: Sequence[Any]) -> Row:
        state, request, clip = values
        return Row(state, f" {self.tag}." in request, json.loads(clip)["sha256"] if clip else "")

    def _read_file(self) -> list[Any]:
        """A copy is read, since even a reader tidies up behind a crash."""
        copy = self.world.scratch / "ledger"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for path in self.root.glob(".cogvid/ledger.db*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, copy)
        with closing(sqlite3.connect(copy / "ledger.db")) as ledger:
            ledger.execute("PRAGMA synchronous = OFF")
            if not ledger.execute("SELECT * FROM sqlite_schema").fetchall():
                return []
            return ledger.execute("SELECT state, request, clip FROM attempts").fetchall()

    # --- what has to be so at the end ---

    def audit(self) -> None:
        """See that all is paid once, all is there, and nothing is left to do."""
        paid = Counter(_bought(task) for task in self.tasks)
        for bought, times in paid.items():
            if times > 1 + self.released[json.loads(bought)["prompt"]]:
                raise Violation(f"paid {times} times: {bought[:200]}")
        attempts = [entry[part] for entry in self.entries.values() for part in entry if part != "status"]
        accepted = {task.id for task in self.tasks} | (self.world.made_tasks if self.plot.goes_on else set())
        if forgotten := accepted - {attempt["task_id"] for attempt in attempts}:
            raise Violation(f"forgotten: {', '.join(sorted(forgotten))}")
        if tuple(sorted(self.entries)) != self.plot.shots:
            raise Violation(f"the lock has other shots than the manifest: {sorted(self.entries)}")
        self._check_clips()
        self._check_files()
        self._check_idle()

    def _check_clips(self) -> None:
        made = {task.id: hashlib.sha256(task.clip).hexdigest() for task in self.world.vendor.accepted}
        for name, entry in self.entries.items():
            result = entry["result"]
            if result["clip"]["sha256"] != made[result["task_id"]]:
                raise Violation(f"{name} is not the clip that the vendor made")
            readable = self.root / "renders" / f"{name}.mp4"
            _check_clip(readable, result["clip"]["sha256"], "a readable clip")

    def _check_files(self) -> None:
        """Pieces of what was being written when a crash came may lie about, under their own kind of name."""
        clips = {f"{name}.mp4" for name in (*self.plot.shots, "before")}
        ours = {
            self.root: {"cogvid.yaml", "cogvid.lock", ".cogvid", "renders"},
            self.root / "renders": {".gitignore", *clips},
        }
        for directory, names in ours.items():
            for path in directory.iterdir():
                if path.name not in names and not (path.name.startswith(".") and path.suffix == ".tmp"):
                    raise Violation(f"nobody knows what this is: {path}")

    def _check_idle(self) -> None:
        lock, asked = (self.root / "cogvid.lock").read_bytes(), len(self.world.vendor.requests)
        ran = self.apply()
        if ran.code or f"{len(self.plot.shots)} up to date" not in ran.out:
            raise Violation(f"there is still something to do ({ran.code}):\n{ran.out}{ran.err}")
        if (self.root / "cogvid.lock").read_bytes() != lock or len(self.world.vendor.requests) != asked:
            raise Violation("a run that had nothing to do did something")


def _bought(task: Task) -> str:
    """What a task was asked for, which an id of the submission is no part of."""
    return json.dumps({name: task.body[name] for name in sorted(task.body) if name != "request_id"})


def _check_clip(path: Path, digest: str, what: str) -> None:
    if not path.exists():
        raise Violation(f"{what} is gone: {path.name}")
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise Violation(f"{what} is damaged: {path.name}")

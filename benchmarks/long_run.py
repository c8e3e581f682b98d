"""Run the real engine on 100,000 tasks in simulated time: the vendor is played, lock and ledger are files.

    python benchmarks/long_run.py [--tasks 100000] [--jobs 1000]

The played vendor takes five seconds for each task, which pass at once. Each line is a run in a process of its
own; the processor time includes what is played.
"""

import argparse
import asyncio
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import boards  # noqa: E402

from cogvid_pipeline.cli.project import open_project  # noqa: E402
from cogvid_pipeline.cli.settings import Settings  # noqa: E402
from cogvid_pipeline.cli.wiring import make_runner  # noqa: E402
from cogvid_pipeline.engine.ports import Ports, Progress  # noqa: E402
from cogvid_pipeline.engine.run import ApplyOptions, Run  # noqa: E402
from cogvid_pipeline.model.attempt import Attempt, Clip, Stored  # noqa: E402
from cogvid_pipeline.model.plan import PlanOptions  # noqa: E402
from cogvid_pipeline.model.wire import Accepted, Submission, TaskRunning, TaskState, TaskSucceeded  # noqa: E402
from cogvid_pipeline.state.gathered import GatheredLedger  # noqa: E402
from cogvid_pipeline.state.ledger import Ledger  # noqa: E402
from cogvid_pipeline.state.lockfile import LockFile  # noqa: E402
from tests.stage import now, run_virtually  # noqa: E402

SECONDS = 5.0  # that a task takes


@dataclass
class Vendor:
    """Accepts everything, and is done with it after a while."""

    name: str = "geekai"
    base_url: str = "https://geekai.co/api/v1"
    account: str = "benchmark"
    accepted: int = 0
    most: int = 0  # in hand at once
    ready: dict[str, float] = field(default_factory=dict)

    async def submit(self, submission: Submission) -> Accepted:
        await asyncio.sleep(0.1)
        self.accepted += 1
        task = f"task-{self.accepted:06}"
        self.ready[task] = now() + SECONDS
        self.most = max(self.most, len(self.ready))
        return Accepted(task)

    async def poll(self, attempt: Attempt) -> TaskState:
        await asyncio.sleep(0.05)
        if now() < self.ready[attempt.task_id]:
            return TaskRunning()
        del self.ready[attempt.task_id]
        return TaskSucceeded(f"https://static.example.com/{attempt.task_id}.mp4?signature=abc")


class Shelf:
    """Clips of which there are the digests alone."""

    def __init__(self) -> None:
        self.coming: dict[Path, str] = {}

    async def download(self, url: str, into: Path, progress: Progress) -> None:
        await asyncio.sleep(1)
        self.coming[into] = url

    async def extract(self, clip: Path, at: str | float) -> tuple[bytes, str]:
        return b"a picture", "image/png"

    def find(self, clip: Stored) -> Path:
        return Path(clip.sha256)

    def staging(self, key: str) -> Path:
        return Path(key)

    def adopt(self, staged: Path, *, expected: str | None = None) -> Clip:
        digest = hashlib.sha256(self.coming.pop(staged).encode()).hexdigest()
        return Clip(digest, 20_000_000, 1920, 1080, fps=30.0, duration=5.0, audio=False)

    def place(self, clip: Stored, take: str) -> Path:
        return Path(take)

    def displaced(self, clip: Stored, take: str) -> bool:
        return False


class CountingLock(LockFile):
    """The real file; how often it is written, and how long that takes in all."""

    writes = 0
    seconds = 0.0

    def flush(self) -> None:
        began = time.perf_counter()
        super().flush()
        self.seconds += time.perf_counter() - began
        self.writes += 1


def make_ports(ledger: Ledger, lock: LockFile, vendor: Vendor, told: Counter[str]) -> Ports:
    shelf = Shelf()
    return Ports(
        provider=lambda: vendor,
        vendor_of=lambda _: vendor,
        download=shelf.download,
        ledger=GatheredLedger(ledger),
        lock=lock,
        clips=shelf,
        frames=shelf,
        read_image=unused,
        fit_picture=unused,
        observe=lambda event: told.update([event.event]),
        clock=now,
    )


def unused(*_: object) -> NoReturn:
    raise AssertionError("these shots have no pictures")


def one_run(tasks: int, jobs: int) -> str:
    """The table's line for a run of so many tasks."""
    with tempfile.TemporaryDirectory() as name:
        boards.write_manifest(Path(name), tasks)
        project = open_project(Settings(manifest=Path(name)))
        vendor, told = Vendor(), Counter[str]()
        lock = CountingLock(project.lock_path, project.storyboard.output)
        with project.exclusive_ledger("benchmark") as ledger, project.read_ledger() as reading:
            plan = project.plan(ledger, PlanOptions())
            before, began, used = peak_memory(), time.perf_counter(), time.process_time()

            async def work() -> float:
                run = Run(make_ports(ledger, lock, vendor, told), ApplyOptions(jobs=jobs))
                await make_runner(project, reading, project.lock, plan, run).apply()
                return asyncio.get_running_loop().time()

            simulated = run_virtually(work())
        seconds, processor = time.perf_counter() - began, time.process_time() - used
    assert told["succeeded"] == vendor.accepted == tasks, told
    cells = [
        f"{tasks:,}",
        f"{simulated / 60:.0f} min",
        f"{vendor.most:,}",
        f"{seconds:.0f} s",
        f"{processor / tasks * 1000:.2f} ms",
        f"{before:.0f} MB",
        f"{peak_memory():.0f} MB",
        f"{lock.writes} in {lock.seconds:.1f} s",
    ]
    return f"| {' | '.join(cells)} |"


def peak_memory() -> float:
    """That of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(one_run(options.tasks, options.jobs))
        return
    print("| tasks | simulated | in hand | took | processor a task | memory before | peak | lock written |")
    print("|---" * 8 + "|", flush=True)
    for tasks in (options.tasks // 100, options.tasks // 10, options.tasks):
        command = [sys.executable, __file__, "--one", "--tasks", str(tasks), "--jobs", str(options.jobs)]
        subprocess.run(command, check=True, env={**os.environ, "XDG_CACHE_HOME": os.devnull})


if __name__ == "__main__":
    main()

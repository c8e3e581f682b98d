"""Measure the tool's own time, each figure as a ratio to a floor that is measured in the same run.

    python benchmarks/run.py [--shots 10000] [--tasks 1000] [--rounds 5]

Whole commands are timed from outside, floor and command in turn, and medians are compared, so that a
machine whose speed drifts does not favour either.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import boards  # noqa: E402

from tests.clips import make_clip  # noqa: E402

COGVID = [sys.executable, "-m", "cogvid_pipeline"]
PARSE = (
    "import sys, yaml\np = yaml.cyaml.CParser(open(sys.argv[1], encoding='utf-8'))\nwhile p.get_event(): pass"
)


@dataclass
class Figure:
    """One line of the table; seconds are medians, memory is the largest process's peak in MB."""

    what: str
    seconds: float
    floor: float
    at_most: float
    note: str = ""

    @property
    def line(self) -> str:
        ratio = self.seconds / self.floor
        verdict = "ok" if ratio <= self.at_most else "TOO SLOW"
        return (
            f"| {self.what} | {self.seconds:.2f} s | {self.floor:.2f} s | {ratio:.1f} | "
            f"{self.at_most:g} | {verdict} | {self.note} |"
        )


def timed(command: list[str], **options: object) -> float:
    """Seconds that a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    return time.perf_counter() - began


def compare(one: Callable[[], float], other: Callable[[], float], rounds: int) -> tuple[float, float]:
    """The medians of two measurements that are taken in turn, after one warm-up each."""
    one(), other()
    pairs = [(one(), other()) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def parse_floor(manifest: Path) -> float:
    """Seconds that PyYAML's C parser alone needs for its events, without starting Python."""
    script = f"import time\nbegan = time.perf_counter()\n{PARSE}\nprint(time.perf_counter() - began)"
    done = subprocess.run(
        [sys.executable, "-c", script, str(manifest)], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def peak_memory(command: list[str]) -> float:
    """The peak memory of a command in MB."""
    script = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def start_up(rounds: int) -> Figure:
    seconds, floor = compare(
        lambda: timed([*COGVID, "--version"]),
        lambda: timed([sys.executable, "-c", "import click"]),
        rounds,
    )
    return Figure("`cogvid --version`, against `import click`", seconds, floor, 2)


def reading(shots: int, rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        manifest = boards.write_manifest(Path(name), shots)

        def against_parser(what: str, at_most: float, command: list[str]) -> list[Figure]:
            """The command on a manifest that it has not seen before, and on one that it has."""
            figures = []
            for memory, when in ((os.devnull, "first time"), (f"{name}/memory", "again")):
                environment = {**os.environ, "XDG_CACHE_HOME": memory}
                seconds, floor = compare(
                    partial(timed, command, env=environment), lambda: parse_floor(manifest), rounds
                )
                note = f"{peak_memory(command):.0f} MB"
                figures.append(Figure(f"{what}, {when}", seconds, floor, at_most, note))
            return figures

        validate, plan = [*COGVID, "validate", str(manifest)], [*COGVID, "plan", "-f", str(manifest)]
        figures = [
            *against_parser(f"validate {shots:,} shots, against the YAML C parser", 6, validate),
            *against_parser(f"plan {shots:,} new shots, against the same", 8, plan),
        ]
        boards.write_finished_lock(manifest)
        return [*figures, *against_parser(f"plan {shots:,} finished shots, against the same", 6, plan)]


@contextmanager
def server(clip: Path) -> Iterator[str]:
    """The address of a stand-in for the vendor that serves this clip."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "server.py"), str(clip)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def running(tasks: int) -> Figure:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_clip(root / "clip.mp4", frames=10)
        boards.write_manifest(root, tasks)
        with server(root / "clip.mp4") as base:
            floor = timed([sys.executable, str(HERE / "straight_line.py"), base, str(tasks)])
            before = counts(base)
            environment = {**os.environ, "GEEKAI_BASE_URL": base, "GEEKAI_API_KEY": "benchmark"}
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = timed(
                [*COGVID, "-C", name, "apply", "--yes", "--jobs", "1000"],
                env=environment,
                stderr=subprocess.DEVNULL,
            )
            now = resource.getrusage(resource.RUSAGE_CHILDREN)
            after = counts(base)
    submitted = after["submits"] - before["submits"]
    assert submitted == tasks, f"{submitted} submissions for {tasks} tasks"
    polls = (after["polls"] - before["polls"]) / tasks
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    note = f"{polls:.1f} polls a task, {cpu:.1f} s CPU"
    return Figure(f"{tasks:,} tasks of 0.5 s in chains of ten, against plain httpx", seconds, floor, 2, note)


def counts(base: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{base}/counts") as answer:
        found: dict[str, int] = json.load(answer)
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("| what | took | floor | ratio | at most | | |\n|---|---|---|---|---|---|---|")
    print(start_up(options.rounds).line, flush=True)
    for figure in reading(options.shots, options.rounds):
        print(figure.line, flush=True)
    print(running(options.tasks).line)


if __name__ == "__main__":
    main()

"""Measure how time and memory grow with a project, from 1,000 shots to 100,000.

    python benchmarks/growth.py [--shots 100000]

Each command runs in a process of its own, on a manifest that it has not seen before. Between two columns the
time may grow as n log n does, besides what starting up takes.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

BOARDS = [sys.executable, str(Path(__file__).with_name("boards.py"))]
COGVID = [sys.executable, "-m", "cogvid_pipeline"]
# Machines slow down while they heat up and others use them: so much more is no other law of growth.
TOLERANCE = 1.5


@dataclass
class Cost:
    """What a command took: processor seconds, seconds by the clock, and its peak memory in MB."""

    processor: float
    clock: float
    memory: float

    def __str__(self) -> str:
        return f"{self.clock:.1f} s, {self.memory:.0f} MB"


def cost(command: list[str], root: Path) -> Cost:
    """Run a command in a project. What this process has of memory itself counts, so it has little."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [*COGVID, "-C", str(root), *command],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "XDG_CACHE_HOME": os.devnull},
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss / 1024)


def line(what: str, sizes: list[int], costs: list[Cost], start_up: Cost) -> str:
    """The table's line for a command; `start_up` is what any command takes."""
    verdicts = []
    for (few, before), (many, after) in zip(
        zip(sizes, costs, strict=True), zip(sizes[1:], costs[1:], strict=False), strict=False
    ):
        allowed = many * math.log(many) / (few * math.log(few)) * TOLERANCE
        grown = (after.processor - start_up.processor) / max(before.processor - start_up.processor, 0.01)
        verdicts.append("ok" if grown <= allowed else f"GROWS {grown:.0f} TIMES")
    per_shot = (costs[-1].memory - start_up.memory) / sizes[-1] * 1024
    cells = [*map(str, costs), f"{per_shot:.1f} kB", ", ".join(dict.fromkeys(verdicts))]
    return f"| {what} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=100_000)
    sizes = [parser.parse_args().shots // part for part in (100, 10, 1)]
    print("| | " + " | ".join(f"{size:,} shots" for size in sizes) + " | memory a shot | at most n log n |")
    print("|---" * (len(sizes) + 3) + "|")
    with tempfile.TemporaryDirectory() as name:
        roots = [Path(name, str(size)) for size in sizes]
        for root, size in zip(roots, sizes, strict=True):
            root.mkdir()
            subprocess.run([*BOARDS, str(root), str(size)], check=True)
        start_up = cost(["--version"], roots[0])

        def measure(what: str, *command: str) -> None:
            costs = [cost(list(command), root) for root in roots]
            print(line(what, sizes, costs, start_up), flush=True)

        measure("`validate`", "validate")
        measure("`plan`, all shots new", "plan")
        for root in roots:
            subprocess.run([*BOARDS, str(root), "finished"], check=True)
        measure("`plan`, nothing to do", "plan")
        measure("`apply`, nothing to do", "apply", "--yes")
        measure("`status`", "status")
        measure("`check --lock-only`", "check", "--lock-only")


if __name__ == "__main__":
    main()

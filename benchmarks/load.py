"""Put 2,000 shots through an emulator at which much goes wrong, and audit what came of it.

    python benchmarks/load.py [--shots 2000] [--jobs 200] [--provider bigmodel]

A tenth of the submissions is turned away by the rate limit, a twentieth of the polls fails and a twentieth of
the downloads breaks off. It prints how long that took, how much memory the command had along the way, and
whether each accepted task is in the lock, once. It ends with 1 where that is not so.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import boards  # noqa: E402

from tests.clips import make_clip  # noqa: E402

COGVID = [sys.executable, "-m", "cogvid_pipeline"]
KNOBS = {"rate": 0.1, "poll-500": 0.05, "cut": 0.05}
# Paid for, as far as the command knows: a clip of a marked emulator would not count as that.
SERVER = f"""
import sys
from pathlib import Path
from cogvid_pipeline.emulator.serve import running
from cogvid_pipeline.emulator.settings import Settings
clip = Path(sys.argv[1]).read_bytes()
with running(Settings(seconds=0.5, clip=clip, knobs={KNOBS!r}, seed="load", marked=False)) as origin:
    print(origin, flush=True)
    sys.stdin.read()
"""


@contextmanager
def emulator(clip: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(clip)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def resident(pid: int) -> float:
    """The memory of a process in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def apply(root: Path, environment: dict[str, str], shots: int, jobs: int) -> list[tuple[int, float]]:
    """Run it; the memory in MB after each quarter of the shots."""
    process = subprocess.Popen(
        [*COGVID, "-C", str(root), "apply", "--yes", "--json", "--jobs", str(jobs)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    listener = threading.Thread(target=lambda: said.extend(process.stderr))
    listener.start()
    samples, done = [], 0
    for line in process.stdout:
        done += json.loads(line)["event"] == "succeeded"
        if done * 4 // shots > len(samples):
            samples.append((done, resident(process.pid)))
    listener.join()
    if process.wait():
        sys.exit("".join(said[-20:]))
    return samples


def audit(root: Path, tasks: list[dict[str, Any]]) -> list[str]:
    """What is wrong: tasks that are missing or there twice, clips that are not what the lock says."""
    entries = json.loads((root / "cogvid.lock").read_text())["shots"]
    locked = [entry["result"]["task_id"] for entry in entries.values()]
    accepted = [task["task_id"] for task in tasks]
    wrong = [f"{len(accepted)} tasks accepted, {len(set(locked))} in the lock"] * (
        sorted(locked) != sorted(accepted)
    )
    for name, entry in entries.items():
        clip = root / "renders" / f"{name}.mp4"
        if hashlib.sha256(clip.read_bytes()).hexdigest() != entry["result"]["clip"]["sha256"]:
            wrong.append(f"{clip.name} is not the clip in the lock")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=2_000)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--provider", choices=["geekai", "bigmodel", "zai"], default="geekai")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_clip(root / "clip.mp4", frames=10)
        manifest = boards.write_manifest(root, options.shots, chain=1)
        manifest.write_text(manifest.read_text().replace("provider: geekai", f"provider: {options.provider}"))
        with emulator(root / "clip.mp4") as origin:
            path = "api/v1" if options.provider == "geekai" else "api/paas/v4"
            upper = options.provider.upper()
            environment = {
                f"{upper}_BASE_URL": f"{origin}/{options.provider}/{path}",
                f"{upper}_API_KEY": "load",
            }
            began = time.perf_counter()
            samples = apply(root, environment, options.shots, options.jobs)
            seconds = time.perf_counter() - began
            with urllib.request.urlopen(f"{origin}/emulator/tasks") as answer:
                wrong = audit(root, json.load(answer))
    memory = ", ".join(f"{megabytes:.0f} MB after {done}" for done, megabytes in samples)
    rate = f"{options.shots / seconds:.0f} a second"
    print(f"{options.shots} shots at {options.provider} in {seconds:.0f} s ({rate})")
    print(f"memory: {memory}")
    print("; ".join(wrong) if wrong else "each accepted task is in the lock, once, with its clip")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

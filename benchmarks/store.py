"""Measure a shared store with 1,000 clips: push, again, plan and pull, in a folder and on an S3 server.

    python benchmarks/store.py [--clips 1000]

Each clip has 1 MB. The server is rclone's, on this machine, and takes its share of the processors.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import boards  # noqa: E402

from tests.clips import make_clip  # noqa: E402
from tests.s3 import S3  # noqa: E402
from tests.vendor import free_box  # noqa: E402

COGVID = [sys.executable, "-m", "cogvid_pipeline"]
BYTES = 1_000_000


def make_project(root: Path, clips: int) -> None:
    """A project whose clips are there, all different."""
    root.mkdir()
    boards.write_finished_lock(boards.write_manifest(root, clips, chain=1))
    video = make_clip(root.parent / "clip.mp4", frames=10).read_bytes()
    path = root / "cogvid.lock"
    lock = json.loads(path.read_text())
    for number, (name, entry) in enumerate(lock["shots"].items()):
        data = video + free_box(number.to_bytes(4).ljust(BYTES - len(video), b"."))
        (root / f"renders/{name}.mp4").write_bytes(data)
        entry["result"]["clip"] |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    path.write_text(json.dumps(lock))


def seconds(root: Path, environment: Mapping[str, str], *command: str) -> str:
    """How long a command takes in a project."""
    began = time.perf_counter()
    subprocess.run(
        [*COGVID, "-C", str(root), *command],
        check=True,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return f"{time.perf_counter() - began:.1f} s"


def line(where: str, folder: Path, ours: Path, environment: Mapping[str, str]) -> str:
    """The table's line for a store: what we push, and two colleagues with and without our lock get."""
    planning, pulling = folder / f"{where} planning", folder / f"{where} pulling"
    for colleague, files in ((planning, ["cogvid.yaml"]), (pulling, ["cogvid.yaml", "cogvid.lock"])):
        colleague.mkdir()
        for file in files:
            shutil.copy(ours / file, colleague)
    cells = [
        seconds(ours, environment, "push"),
        seconds(ours, environment, "push"),
        seconds(planning, environment, "plan", "--remote"),
        seconds(pulling, environment, "pull"),
    ]
    return f"| {where} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=1_000)
    clips = parser.parse_args().clips
    print(f"| {clips:,} clips of 1 MB | push | push again | plan --remote | pull |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_project(folder / "ours", clips)
        shelf = folder / "shelf"
        shelf.mkdir()
        print(line("a folder", folder, folder / "ours", {"COGVID_REMOTE": str(shelf)}), flush=True)
        with S3(folder / "s3") as server:
            print(line("S3", folder, folder / "ours", server.environment))


if __name__ == "__main__":
    main()

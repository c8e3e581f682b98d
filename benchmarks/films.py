"""Measure previews and the cut on one processor and on two.

    python benchmarks/films.py [--shots 4]

The shots are those of benchmarks/preview.py. The cut joins their previews with dissolves, which are encoded.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from preview import write_manifest, write_picture  # noqa: E402

COGVID = [sys.executable, "-m", "cogvid_pipeline"]


def make_project(root: Path, shots: int) -> None:
    write_picture(root / "still.png")
    write_manifest(root, shots)
    dissolve = "{type: dissolve, duration: 0.5}"
    pieces = [f"  - {{shot: shot-{number}, transition: {dissolve}}}\n" for number in range(1, shots)]
    with (root / "cogvid.yaml").open("a", encoding="utf-8") as file:
        file.write("sequence:\n  - {shot: shot-0}\n" + "".join(pieces))


def seconds(processors: int, root: Path, *command: str) -> float:
    """How long a command takes that may use so many processors."""
    mine = sorted(os.sched_getaffinity(0))[:processors]
    began = time.perf_counter()
    subprocess.run(
        [*COGVID, "-C", str(root), *command],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=partial(os.sched_setaffinity, 0, mine),
    )
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=4)
    shots = parser.parse_args().shots
    print(f"| {shots} shots of 5 s | 1 processor | 2 processors | faster |\n|---|---|---|---|")
    took: dict[str, list[float]] = {"preview, half size": [], "the cut": []}
    for processors in (1, 2):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            make_project(root, shots)
            preview = ["preview", "--scale", "0.5", "--jobs", str(processors)]
            took["preview, half size"].append(seconds(processors, root, *preview))
            seconds(2, root, "apply", "--yes")  # the clips that are cut
            took["the cut"].append(
                seconds(processors, root, "assemble", "-o", "film.mp4", "--size", "960x540")
            )
    for what, (one, two) in took.items():
        print(f"| {what} | {one:.1f} s | {two:.1f} s | {one / two:.1f} times |")


if __name__ == "__main__":
    main()

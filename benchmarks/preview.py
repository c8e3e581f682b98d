"""Measure the previews of a storyboard: all of it, with nothing changed, and with one shot changed.

    python benchmarks/preview.py [--shots 60] [--scale 0.5] [--jobs 2]

Of the shots of 5 s at 1920x1080 and 30 fps, a third is from words alone, a third from a picture and a third
goes on where the one before ended. The whole of 60 shots at half size has a minute on two processors; on a
machine that others use too, the processor time tells more than the clock.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from PIL import Image  # noqa: E402

AT_MOST = 60
HEADER = """\
version: 1
project: benchmark
provider: preview
defaults: {model: cogvideox-3, size: 1920x1080, fps: 30, duration: 5}
shots:
"""
LOOK = "35mm, shallow depth of field, neon light on wet pavement, the camera follows slowly."


def write_picture(path: Path) -> None:
    """Something like a photograph: soft shapes, and grain."""
    shapes = Image.frombytes("RGB", (16, 9), random.Random(1).randbytes(16 * 9 * 3))
    picture = shapes.resize((1920, 1080), Image.Resampling.BICUBIC)
    grain = Image.frombytes("RGB", picture.size, random.Random(2).randbytes(1920 * 1080 * 3))
    Image.blend(picture, grain, 0.05).save(path)


def write_manifest(root: Path, shots: int, *, changed: int = -1) -> None:
    """The manifest; the shot with the number `changed` has another prompt than usual."""
    lines = [HEADER]
    for number in range(shots):
        image = ("", "still.png", f"{{shot: shot-{number - 1}, frame: last}}")[number % 3]
        verb = "runs" if number == changed else "walks"
        lines.append(f"  shot-{number}:\n    prompt: A red fox {verb} down street {number}. {LOOK}\n")
        lines.append(f"    image: {image}\n" if image else "")
    (root / "cogvid.yaml").write_text("".join(lines), encoding="utf-8")


def line(what: str, command: list[str], at_most: float) -> str:
    """Run the command, and say how long it took."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    verdict = "ok" if took <= at_most else "TOO SLOW"
    return f"| {what} | {took:.1f} s | {spent:.1f} s CPU | {at_most:g} s | {verdict} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=60)
    parser.add_argument("--scale", type=float, default=0.5)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write_picture(root / "still.png")
        command = [sys.executable, "-m", "cogvid_pipeline", "-C", name, "preview"]
        command += ["--scale", str(options.scale), "--jobs", str(options.jobs)]
        write_manifest(root, options.shots)
        print("| what | took | processors | at most | |\n|---|---|---|---|---|")
        whole = f"preview {options.shots} shots at scale {options.scale:g}"
        print(line(whole, command, AT_MOST), flush=True)
        print(line("again, with nothing changed", command, 2), flush=True)
        write_manifest(root, options.shots, changed=1)
        print(line("again, with a shot changed that another one goes on from", command, 10))


if __name__ == "__main__":
    main()

"""Make large projects to measure with: manifests, and locks in which everything is done.

python benchmarks/boards.py DIRECTORY SHOTS|finished
"""

import sys
from decimal import Decimal
from pathlib import Path

from cogvid_pipeline.manifest.load import LoadOptions, load
from cogvid_pipeline.model.attempt import Attempt, Clip, LockEntry, State
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.packaged import schemas_directory
from cogvid_pipeline.plan.fingerprint import fingerprint, make_request
from cogvid_pipeline.plan.graph import upstream_first
from cogvid_pipeline.state.lockfile import LockFile

LOOK = "35mm, shallow depth of field, neon light on wet pavement, the camera follows slowly."
HEADER = """\
version: 1
project: large
provider: geekai
prices: {cogvideox-3: {amount: 1, currency: CNY}}
vars: {hero: a red fox in a yellow raincoat}
defaults: {model: cogvideox-3, quality: speed, size: 1920x1080}
shots:
"""


def write_manifest(root: Path, shots: int, *, chain: int = 10) -> Path:
    """A manifest with chains of so many shots; a quarter of the prompts are templates, all are distinct."""
    lines = [HEADER]
    for number in range(shots):
        lines.append(f"  shot-{number:06}:\n")
        hero = "{{ hero }}" if number % 4 == 0 else "A red fox in a yellow raincoat"
        lines.append(f'    prompt: "{hero} walks down street {number} at night, in the rain. {LOOK}"\n')
        lines.append(f"    duration: {10 if number % 2 else 5}\n")
        lines.append(f"    quality: {'quality' if number % 3 else 'speed'}\n")
        lines.append("    with_audio: true\n")
        lines.append("    tags: [hero, street]\n")
        if number % chain:
            lines.append(f"    image: {{shot: shot-{number - 1:06}, frame: last}}\n")
    path = root / "cogvid.yaml"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def write_finished_lock(manifest: Path) -> None:
    """A lock, and files under the readable names, as if every shot of the manifest had been generated."""
    storyboard = load(manifest, schemas=schemas_directory(), options=LoadOptions()).storyboard
    assert storyboard is not None
    lock = LockFile(manifest.with_suffix(".lock"), storyboard.output)
    renders = manifest.parent / storyboard.output
    renders.mkdir()
    clips: dict[str, str] = {}
    for number, shot in enumerate(upstream_first(storyboard.shots)):
        request = make_request(shot, clips.__getitem__)
        clips[shot.name] = f"{number:064x}"
        lock.put(shot.name, LockEntry(result=_finished(shot.name, request, clips[shot.name], storyboard)))
        (renders / f"{shot.name}.mp4").write_bytes(b"clip")
    lock.flush()


def _finished(name: str, request, digest: str, storyboard) -> Attempt:  # noqa: ANN001
    return Attempt(
        state=State.SUCCEEDED,
        fingerprint=fingerprint(request, storyboard.documented_defaults) or "",
        request=request,
        provider="geekai",
        base_url="https://geekai.co/api/v1",
        request_id=f"00000000-0000-4000-8000-{digest[-12:]}",
        task_id=f"00000000-0000-4000-9000-{digest[-12:]}",
        url=f"https://static.example.com/video/{name}.mp4",
        clip=Clip(digest, bytes=4, width=1920, height=1080, fps=30.0, duration=5.0, audio=False),
        cost=Money(Decimal(1), "CNY"),
        created_at="2026-11-22T08:00:00.000+00:00",
        completed_at="2026-11-22T08:03:00.000+00:00",
    )


if __name__ == "__main__":
    directory, what = Path(sys.argv[1]), sys.argv[2]
    if what == "finished":
        write_finished_lock(directory / "cogvid.yaml")
    else:
        write_manifest(directory, int(what))

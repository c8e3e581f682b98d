"""A film of any length to make pages of: a manifest, a lock with all sorts of things in it, real clips."""

import hashlib
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from PIL import Image, ImageDraw

from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.media.probe import describe
from cogvid_pipeline.model.attempt import Attempt, Clip, LockEntry, State
from cogvid_pipeline.model.shot import Money, Shot, Take, takes_of
from cogvid_pipeline.plan.fingerprint import fingerprint, make_request
from cogvid_pipeline.state.lockfile import LockFile
from tests.clips import YUV, Paint, make_clip

HEADER = """\
version: 1
project: high-valley
title: The high valley
provider: geekai
prices: {cogvideox-3: {amount: 1.20, currency: CNY}}
defaults: {model: cogvideox-3, quality: speed, size: 1280x720, fps: 30, duration: 5}
shots:
"""
SENTENCES = (
    "Dawn over the high valley. Mist lies in the fields, and first light touches the ridge. 35mm, slow pan",
    "一位老妇人推开木门，晨光落在石阶上，远处传来钟声。手持镜头，浅景深",
    "A red fox in a yellow raincoat steps off the last train and shakes the rain from its ears",
    "The ferry crosses the reservoir; its wake is the only line in the picture. Aerial, long lens",
    "Close on hands that mend a net. Rope, salt, the sound of gulls that we do not see",
)
FAILURE = "the content policy does not allow this prompt (1301)"
LOST = "no answer: the connection was reset while the answer was awaited"


@dataclass(frozen=True)
class Rushes:
    """How much is really filmed: that many scenes, which the shots share."""

    scenes: int = 11
    size: tuple[int, int] = (320, 180)
    frames: int = 30


def make_film(root: Path, shots: int, rushes: Rushes = Rushes()) -> Project:
    """Write the project. Of each dozen shots one is changed, one failed, one in doubt and so on."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "cogvid.yaml").write_text(HEADER + "".join(map(_manifest, range(shots))), encoding="utf-8")
    project = open_project(Settings(manifest=root / "cogvid.yaml"))
    clips = [(path, _described(path)) for path in _make_clips(root / "rushes", rushes)]
    lock = LockFile(project.lock_path, project.storyboard.output)
    made: dict[str, Clip] = {}
    takes = [take for shot in project.storyboard.shots for take in takes_of(shot)]
    for number, take in enumerate(takes):
        path = root / "renders" / f"{take.name}.mp4"
        made[take.name] = _copy(clips[number % len(clips)], path, number, _place(take.shot))
        entry = _entry(project, take, made)
        if entry is None or entry.result is None:
            path.unlink()
        if entry and entry.previous:
            before, was = clips[(number + 5) % len(clips)]
            entry = replace(entry, previous=replace(entry.previous, clip=was))
            cached = root / ".cogvid" / "clips" / was.sha256[:2] / f"{was.sha256}.mp4"
            cached.parent.mkdir(parents=True, exist_ok=True)
            cached.write_bytes(before.read_bytes())
        if entry:
            lock.put(take.name, entry)
    lock.flush()
    return project


def _copy(shared: tuple[Path, Clip], path: Path, number: int, place: int) -> Clip:
    """A copy of a clip whose bytes no other has: players skip a box of this kind."""
    path.parent.mkdir(exist_ok=True)
    data = shared[0].read_bytes() + struct.pack(">I4sI", 12, b"free", number)
    path.write_bytes(data)
    clip = replace(shared[1], sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
    # One of a dozen is smaller and shorter than what was asked for; the lock does not tell of the others.
    return clip if place % 12 == 2 else replace(clip, width=1280, height=720, duration=5.0)


def _described(path: Path) -> Clip:
    return describe(path, hashlib.sha256(path.read_bytes()).hexdigest())


def name_of(place: int) -> str:
    """The shot with this number, counted from 0."""
    return f"{act_of(place)}-{place:03}"


def act_of(place: int) -> str:
    return ("opening", "crossing", "return")[place // 4 % 3]


def _place(shot: Shot) -> int:
    return int(shot.name.partition("-")[2])


def _manifest(place: int) -> str:
    lines = [f"  {name_of(place)}:", f"    prompt: {SENTENCES[place % len(SENTENCES)]}, {place}."]
    lines.append(f"    tags: [{act_of(place)}{', hero' if place % 5 == 2 else ''}]")
    if place % 12 in (3, 4):
        lines.append(f"    image: {{shot: {name_of(place - 1)}, frame: last}}")
    if place % 12 == 5:
        lines += ["    takes: 3", "    pick: 2"]
    if place % 12 == 7:
        lines.append("    with_audio: true")
    return "\n".join(lines) + "\n"


def _entry(project: Project, take: Take, made: Mapping[str, Clip]) -> LockEntry | None:
    result = _attempt(project, take, made)
    place = _place(take.shot)
    pending = replace(result, state=State.ACCEPTED, clip=None, request_id=f"{result.request_id}-again")
    match place % 12:
        case 1:  # regenerated: there is a clip from before
            request = {
                **result.request,
                "prompt": f"At dusk, {place}. {take.shot.prompt}",
                "quality": "quality",
            }
            return LockEntry(result, None, replace(result, request=request, request_id="former"))
        case 6:  # the prompt was changed since
            prompt = take.shot.prompt.replace(" and ", " while ").replace("，", "。")
            return LockEntry(_asking(project, result, prompt=f"{prompt} Night"))
        case 8:
            return LockEntry(None, replace(pending, state=State.FAILED, error=FAILURE))
        case 9:
            return LockEntry(None, replace(pending, state=State.HELD, task_id="", error=LOST))
        case 10:
            return LockEntry(None, pending)
        case 11:
            return None
        case _:
            return LockEntry(result)


def _asking(project: Project, attempt: Attempt, **fields: str) -> Attempt:
    request = {**attempt.request, **fields}
    digest = fingerprint(request, project.storyboard.documented_defaults) or ""
    return replace(attempt, request=request, fingerprint=digest)


def _attempt(project: Project, take: Take, made: Mapping[str, Clip]) -> Attempt:
    request = make_request(take.shot, lambda source: made[source].sha256, take.number)
    return Attempt(
        state=State.SUCCEEDED,
        fingerprint=fingerprint(request, project.storyboard.documented_defaults) or "",
        request=request,
        provider="geekai",
        base_url="https://vendor.example.com/api/v1",
        request_id=f"request-{take.name}",
        task_id=f"036f6493-{hashlib.sha256(take.name.encode()).hexdigest()[:12]}",
        url="https://static.example.com/clip.mp4",
        clip=made[take.name],
        cost=Money(Decimal("1.20"), "CNY"),
        created_at="2026-11-20T10:00:00.000+00:00",
        completed_at="2026-11-20T10:01:30.000+00:00",
    )


def _make_clips(folder: Path, rushes: Rushes) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return [
        make_clip(
            folder / f"{scene}.mp4",
            size=rushes.size,
            frames=rushes.frames,
            paint=_scene(scene, rushes),
            tags="bt601",
        )
        for scene in range(rushes.scenes)
    ]


def _scene(number: int, rushes: Rushes) -> Paint:
    """Hills, and a sun that rises over them."""
    hue = number * 37 % 360
    sky = _sky(hue, rushes.size)

    def paint(frame: int, width: int, height: int) -> YUV:
        picture = sky.copy()
        draw = ImageDraw.Draw(picture)
        x, y = width * (0.2 + 0.05 * (number * 5 % 11)), height * (0.55 - 0.35 * frame / rushes.frames)
        sun = height / 14
        draw.ellipse((x - sun, y - sun, x + sun, y + sun), fill=f"hsl({(hue + 20) % 360},80%,88%)")
        for depth in range(4):
            colour = f"hsl({(hue + 200) % 360},{26 + 6 * depth}%,{46 - 11 * depth}%)"
            draw.polygon([*_ridge(number, depth, width, height), (width, height), (0, height)], fill=colour)
        luma, *chroma = picture.convert("YCbCr").split()
        half = (width // 2, height // 2)
        return (
            luma.point(lambda level: 16 + level * 219 / 255).tobytes(),
            chroma[0].resize(half).point(lambda level: 16 + level * 224 / 255).tobytes(),
            chroma[1].resize(half).point(lambda level: 16 + level * 224 / 255).tobytes(),
        )

    return paint


def _sky(hue: int, size: tuple[int, int]) -> Image.Image:
    sky = Image.new("RGB", size)
    draw = ImageDraw.Draw(sky)
    for y in range(size[1]):
        draw.line((0, y, size[0], y), fill=f"hsl({hue},55%,{22 + 50 * y / size[1]:.0f}%)")
    return sky


def _ridge(number: int, depth: int, width: int, height: int) -> Iterator[tuple[float, float]]:
    for step in range(41):
        x = step / 40
        wave = math.sin(x * (7 + depth) + number * 1.7 + depth) + 0.5 * math.sin(x * 20 + depth * 2)
        yield x * width, height * (0.5 + 0.13 * depth - wave * (0.06 - 0.008 * depth))

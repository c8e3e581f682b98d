"""Write the storyboard page of a project."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from cogvid_pipeline.cli.crews import Hire, threads
from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.durable import replace_durably
from cogvid_pipeline.engine.inspect import differences
from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.jobs import Files, Job
from cogvid_pipeline.media.contact_sheet import Strip, contact_sheet
from cogvid_pipeline.media.picture import read_planned
from cogvid_pipeline.media.poster import write_poster, write_thumbnail
from cogvid_pipeline.model.attempt import Clip, Labelled
from cogvid_pipeline.model.plan import Plan
from cogvid_pipeline.model.shot import ImageData, ImageFile, take_name
from cogvid_pipeline.page.site import Draw, Footage, Site
from cogvid_pipeline.report.page import storyboard_page
from cogvid_pipeline.report.page_cards import Reel, image_digest
from cogvid_pipeline.store.reflink import copy_file

_PNG = b"\x89PNG\r\n\x1a\n"


def build_page(
    project: Project,
    plan: Plan,
    folder: Path,
    hire: Hire = threads,
    *,
    of_plan: bool = False,
    footage: Mapping[str, Footage] | None = None,
    live: bool = False,
) -> Path:
    """Write the page into a folder and say where it is.

    It shows the clips of the lock, or `footage` by take where that is given, such as previews. With `live`
    the page runs `live.js`, which whoever serves the folder provides.
    """
    site = Site(folder, copy=copy_file, poster=write_poster)
    now = _current(project) if footage is None else footage
    before = _former(project) if footage is None and not of_plan else {}
    with hire() as crew:
        films = site.bring(
            {("now", name): one for name, one in now.items()}
            | {("before", name): one for name, one in before.items()},
            crew,
            _count_clips,
        )
        pictures = site.bring_pictures(dict(_pictures(project)), crew)
    reel = Reel(
        {name: film for (when, name), film in films.items() if when == "now"},
        {name: film for (when, name), film in films.items() if when == "before"},
        dict(_warnings(project)) if footage is None else {},
        pictures,
    )
    page = storyboard_page(project.storyboard, project.settled_lock, plan, reel, of_plan=of_plan)
    return site.write(page, live=live)


def _count_clips(done: int, of: int) -> None:
    """Show on a terminal how far it is; the line is gone in the end."""
    if sys.stderr.isatty():
        click.echo(f"\rclips: {done} of {of}" if done < of else "\r\x1b[K", err=True, nl=False)


def write_contact_sheet(project: Project, path: Path) -> Path:
    """Write a picture with frames of every shot, of its picked take where it has several.

    Raises UsageError where something else than a picture would be replaced.
    """
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path} does not end in .png, and a contact sheet is a PNG")
    if path.exists() and not _is_png(path):
        raise UsageError(f"{path} is there and is no PNG", hint="choose another name for --contact-sheet")
    board = project.storyboard
    clips = {name: one.find() for name, one in _current(project).items()}
    strips = [
        Strip(f"{number:02}", shot.name, clips.get(take_name(shot.name, shot.pick or 1)))
        for number, shot in enumerate(board.shots, 1)
    ]
    replace_durably(path, contact_sheet(board.title or board.project, strips))
    return path


def _is_png(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_PNG)) == _PNG


def _current(project: Project) -> dict[str, Footage]:
    """Where the clips that count are, by take: their labelled copies, which are for others, if there."""
    found = {}
    for name, entry in project.settled_lock.entries.items():
        if entry.result and entry.result.clip:
            found[name] = _shown(project, entry.result.clip, entry.labelled, name)
    return found


def _former(project: Project) -> dict[str, Footage]:
    """Where the clips are that others took the place of, by take: likewise."""
    return {
        name: _shown(project, previous.clip, entry.previous_labelled, name)
        for name, entry in project.settled_lock.entries.items()
        if (previous := entry.previous) and previous.clip
    }


def _shown(project: Project, clip: Clip, labelled: Labelled | None, name: str) -> Footage:
    """A clip as others see it: the labelled copy where that is here."""
    if labelled and project.clips.look(labelled, name):
        clip = replace(clip, sha256=labelled.sha256, bytes=labelled.bytes)
    return Footage(clip, partial(project.clips.look, clip, name))


def _pictures(project: Project) -> Iterator[tuple[str, Draw]]:
    """How to have small copies made of the pictures that shots start or end on, by digest."""
    for shot in project.storyboard.shots:
        for image in shot.images:
            if isinstance(image, ImageFile | ImageData):
                yield image_digest(image), partial(_thumbnail, project.root, image)


def _thumbnail(root: Path, image: ImageFile | ImageData, into: Path) -> Job[None]:
    files = {image.sha256: root / image.path} if isinstance(image, ImageFile) else {}
    return Job(partial(_write_thumbnail, image), files, into)


def _write_thumbnail(image: ImageFile | ImageData, files: Files, into: Path) -> None:
    data = read_planned(files[image.sha256], image) if isinstance(image, ImageFile) else image.data
    write_thumbnail(data, into)


def _warnings(project: Project) -> Iterator[tuple[str, list[str]]]:
    """Where a clip is not what was asked for; an emulator's are smaller, and everybody knows."""
    defaults = project.storyboard.documented_defaults
    for name, entry in project.settled_lock.entries.items():
        result = entry.result
        if result and result.clip and result.provider != "emulator":
            wished = defaults.get(result.request["model"], {})
            if found := differences(result.request, result.clip, wished):
                yield name, found

"""`cogvid export`: the cut as a timeline for an editing program."""

import os
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import click

from cogvid_pipeline.cli.extras import needing_extra
from cogvid_pipeline.cli.film_file import film_file
from cogvid_pipeline.cli.film_options import gathers_film_options
from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cut.edit_list import EditOptions, make_edit
from cogvid_pipeline.durable import replace_durably
from cogvid_pipeline.listing import listed
from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.model.plan import Keep, PlanOptions, outdated
from cogvid_pipeline.model.timeline import Item, Timeline
from cogvid_pipeline.report.printable import printable
from cogvid_pipeline.timeline.addresses import absolute, address_of, elsewhere, relative_to
from cogvid_pipeline.timeline.make import make_timeline

_LAYOUTS = ("otio", "edl", "fcpxml")


@click.command()
@click.option("--to", "layout", type=click.Choice(_LAYOUTS), required=True, help="The format to write.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Where the timeline goes; - for stdout. When it is left out film.otio, film.edl or film.fcpxml "
    "beside the manifest, or film.ENV.otio and so on.",
)
@click.option(
    "--media-root",
    metavar="FOLDER",
    help="Where the clips lie on the editor's machine: a path or a URL. Without it they are looked for "
    "where they are now: from the timeline's folder, or absolutely in FCPXML.",
)
@gathers_film_options
@reads_manifest
def command(
    layout: str, output: str | None, media_root: str | None, shape: EditOptions, settings: Settings
) -> None:
    """Write the cut as a timeline for DaVinci Resolve, Premiere Pro, Final Cut Pro and others.

    Clips, trims, transitions and a marker for each shot. Reads the lock, and needs no network. Shots that
    are not made yet are gaps. What the format cannot carry is said on stderr.

    \b
    Examples:
      cogvid export --to otio
      cogvid export --to fcpxml -o cut.fcpxml
      cogvid export --to edl -o - --media-root /Volumes/Film/renders
    """
    write = _writer(layout)
    project = open_project(settings)
    path = film_file(project, Path(output) if output and output != "-" else None, layout)
    folder = _clips_folder(project, path.parent, layout, media_root)
    timeline = _timeline(project, folder, shape)
    text = write(timeline)
    if output == "-":
        click.echo(text, nl=False)
    else:
        replace_durably(path, text.encode())
    written = "" if output == "-" else f": {os.path.relpath(path)}"
    for line in _summary(project, timeline, layout, written):
        click.echo(printable(line), err=True)


def _writer(layout: str) -> Callable[[Timeline], str]:
    """The writer of a format, whose library is loaded only when it is asked for."""
    with needing_extra("timeline", "a timeline for OpenTimelineIO"):
        module = import_module(f"cogvid_pipeline.timeline.{layout}")
    writer: Callable[[Timeline], str] = getattr(module, f"write_{layout}")
    return writer


def _clips_folder(project: Project, beside: Path, layout: str, media_root: str | None) -> str:
    """The address of the folder of clips. Final Cut Pro takes no relative ones."""
    clips = project.root / project.storyboard.output
    if media_root is not None:
        return elsewhere(media_root)
    return absolute(clips) if layout == "fcpxml" else relative_to(beside, clips)


def _timeline(project: Project, folder: str, options: EditOptions) -> Timeline:
    made = dict(_made(project))
    clips = {name: attempt.clip for name, attempt in made.items() if attempt.clip}
    edit = make_edit(project.storyboard, clips, options)
    return make_timeline(
        project.storyboard, edit, made, dict(_remarks(project)), lambda take: address_of(take, folder)
    )


def _made(project: Project) -> Iterator[tuple[str, Attempt]]:
    for name, entry in project.settled_lock.entries.items():
        if entry.result:
            yield name, entry.result


def _remarks(project: Project) -> Iterator[tuple[str, str]]:
    """What a plan says of clips that are there but not what the manifest asks for."""
    with project.read_ledger() as ledger:
        plan = project.plan(ledger, PlanOptions())
    for action in plan.actions:
        if isinstance(action, Keep) and action.stale:
            yield action.name, "frozen, although what it is made from has changed"
    for action in outdated(plan.actions):
        yield action.name, f"stale: {action.reason}"


def _summary(project: Project, timeline: Timeline, layout: str, written: str) -> Iterator[str]:
    """How long the film is, what is to be looked at in it, and what the format cannot carry."""
    from cogvid_pipeline.timeline.losses import losses_of

    edit = timeline.edit
    pieces = len(timeline.items)
    shots = f"{pieces} shot{'s'[: pieces - 1]}"
    yield f"{shots}, {edit.frames} frames at {float(edit.rate):.6g} a second{written}"
    remarks: dict[str, list[str]] = {}
    for item in timeline.items:
        if remark := item.remark or _missing(project, item):
            remarks.setdefault(remark, []).append(item.name)
    for remark, names in remarks.items():
        yield f"{listed(list(dict.fromkeys(names)))}: {remark}"
    for loss in losses_of(timeline, layout):
        yield f"note: {loss}"


def _missing(project: Project, item: Item) -> str:
    clip = item.event.clip
    gone = clip and project.is_displaced(project.settled_lock, clip, item.name)
    return "file missing; `cogvid apply` brings it back free of charge" if gone else ""

"""`cogvid report`: the storyboard as a web page."""

import os
from functools import partial
from pathlib import Path

import click
from click.core import ParameterSource

from cogvid_pipeline.cli.crews import ENGINE_OPTION, hired
from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.plan_file import load_plan
from cogvid_pipeline.cli.project import open_project
from cogvid_pipeline.cli.saved import asked_again, asked_for, refuse_stale
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cli.sharing import find_store, plan_with
from cogvid_pipeline.model.plan import PlanOptions
from cogvid_pipeline.report.printable import printable


@click.command()
@click.option(
    "--out",
    metavar="DIR",
    default="site",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The folder to write; it opens from the disk and can be uploaded as it is.",
)
@click.option(
    "--plan",
    "saved",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Show what a plan that `cogvid plan --out` saved would change instead.",
)
@click.option(
    "--contact-sheet",
    "sheet",
    metavar="FILE.png",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one picture with three frames of every shot; without --out nothing else is written.",
)
@ENGINE_OPTION
@reads_manifest
@click.pass_context
def command(
    context: click.Context,
    out: Path,
    saved: Path | None,
    sheet: Path | None,
    engine: str,
    settings: Settings,
) -> None:
    """Write the storyboard as a web page that needs no server and no network.

    It shows each shot with its clip, prompt, parameters, cost and state, and changes nothing else. Clips that
    are not on this machine are left out: `apply` brings them, free of charge.

    \b
    Examples:
      cogvid report --out site
      cogvid report --plan plan.json --out review
      cogvid report --contact-sheet sheet.png
    """
    from cogvid_pipeline.cli.storyboard_page import build_page, write_contact_sheet  # it loads FFmpeg

    document = load_plan(saved) if saved else None
    settings, options = asked_for(document, PlanOptions(), settings, context)
    with asked_again(document):
        project = open_project(settings)
    with project.read_ledger() as ledger, asked_again(document):
        plan = plan_with(find_store(project) if options.remote else None, project, ledger, options)
    if document:
        refuse_stale(document, plan)
    written = []
    hire = partial(hired, engine, project)
    if sheet is None or context.get_parameter_source("out") is not ParameterSource.DEFAULT:
        written.append(build_page(project, plan, out, hire, of_plan=document is not None))
    if sheet:
        written.append(write_contact_sheet(project, sheet))
    for path in written:
        click.echo(printable(os.path.relpath(path)))

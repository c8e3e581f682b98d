"""`cogvid plan`: what `apply` would do, why, and the cost."""

import dataclasses
import shlex
import sys
from pathlib import Path

import click

from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.plan_file import save_plan
from cogvid_pipeline.cli.planning import gathers_plan_options, note_unlabelled, warn
from cogvid_pipeline.cli.project import open_project
from cogvid_pipeline.cli.saved import check_repeatable, inputs_from
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cli.sharing import need_store, plan_with
from cogvid_pipeline.cli.streams import paint_for
from cogvid_pipeline.errors import OverBudget
from cogvid_pipeline.model.plan import Plan, PlanOptions
from cogvid_pipeline.plan.cost import check_limits
from cogvid_pipeline.report.plan_json import plan_json
from cogvid_pipeline.report.plan_markdown import plan_markdown
from cogvid_pipeline.report.plan_text import plan_text
from cogvid_pipeline.report.printable import printable

_CHANGES_PENDING = 2


@click.command()
@gathers_plan_options
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Save the plan, for `cogvid apply FILE` to do exactly this or nothing.",
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print the plan; markdown makes a comment for a pull request.",
)
@click.option("--remote", is_flag=True, help="Ask the shared store for clips that colleagues have paid for.")
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 2 when there is something to do, 0 when there is not.",
)
@reads_manifest
@click.pass_context
def command(
    context: click.Context,
    options: PlanOptions,
    out: Path | None,
    layout: str,
    remote: bool,
    detailed_exitcode: bool,
    settings: Settings,
) -> None:
    """Show what `apply` would do about each shot, why, and what it costs.

    Needs no API key and no clips, and changes nothing. Uses the network only for a ledger in PostgreSQL
    (COGVID_LEDGER), and with --remote for the shared store.

    \b
    Examples:
      cogvid plan
      cogvid plan --select 'tag:hero' --exclude 'skyline.*'
      cogvid plan --out plan.json
      cogvid plan --format json | jq '.cost'
    """
    project = open_project(settings)
    warn(project)
    inputs = inputs_from(settings)
    store = need_store(project) if remote else None
    options = dataclasses.replace(options, remote=remote)
    with project.read_ledger() as ledger:
        plan = _with_limits(plan_with(store, project, ledger, options))
    if out:
        check_repeatable(inputs)
        save_plan(out, plan_json(plan, inputs))
    match layout:
        case "json":
            click.echo(plan_json(plan, inputs), nl=False)
        case "markdown":
            click.echo(plan_markdown(plan), nl=False)
        case _:
            click.echo(plan_text(plan, paint_for(sys.stdout)), nl=False)
            note_unlabelled(project)
    if out:
        click.echo(
            f"saved; this or nothing is done by: cogvid apply {printable(shlex.quote(str(out)))}", err=True
        )
    if detailed_exitcode and plan.pending:
        context.exit(_CHANGES_PENDING)


def _with_limits(plan: Plan) -> Plan:
    """The plan, with a warning where `apply` would refuse it for its cost."""
    try:
        check_limits(plan, None)
    except OverBudget as over:
        return dataclasses.replace(plan, warnings=(*plan.warnings, str(over)))
    return plan

"""`cogvid plan`: what `apply` would do, why, and the cost."""

import dataclasses

import click

from cogvid_pipeline.cli.options import reads_manifest, with_options
from cogvid_pipeline.cli.planning import PLAN_OPTIONS, plan_options, warn
from cogvid_pipeline.cli.project import open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.errors import OverBudget
from cogvid_pipeline.plan.cost import check_limits
from cogvid_pipeline.report.plan_json import plan_json
from cogvid_pipeline.report.plan_text import plan_text

_CHANGES_PENDING = 2


@click.command()
@with_options(PLAN_OPTIONS)
@click.option("--format", "layout", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 2 when there is something to do, 0 when there is not.",
)
@reads_manifest
@click.pass_context
def command(
    context: click.Context, replace: tuple[str, ...], layout: str, detailed_exitcode: bool, settings: Settings
) -> None:
    """Show what `apply` would do about each shot, why, and what it costs.

    Needs no network, no API key and no clips, and changes nothing.

    \b
    Examples:
      cogvid plan
      cogvid plan --replace arrival
      cogvid plan --format json | jq '.cost'
    """
    project = open_project(settings)
    warn(project)
    with project.read_ledger() as ledger:
        plan = project.plan(ledger, plan_options(project, replace))
    try:
        check_limits(plan, None)
    except OverBudget as over:
        plan = dataclasses.replace(plan, warnings=(*plan.warnings, str(over)))
    click.echo(plan_json(plan) if layout == "json" else plan_text(plan), nl=False)
    if detailed_exitcode and plan.pending:
        context.exit(_CHANGES_PENDING)

"""What `plan` and `apply` take and do alike."""

import click

from cogvid_pipeline.cli.options import Option
from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.model.plan import PlanOptions
from cogvid_pipeline.report.problems import as_text

PLAN_OPTIONS: tuple[Option, ...] = (
    click.option(
        "--replace",
        multiple=True,
        metavar="SHOT",
        help="Generate this shot again although nothing changed: all of its takes, or one as in walk@2. "
        "May be given several times.",
    ),
)


def plan_options(project: Project, replace: tuple[str, ...]) -> PlanOptions:
    """The options with their names checked. Raises UsageError."""
    project.check_takes(replace)
    return PlanOptions(replace=replace)


def warn(project: Project) -> None:
    """Print what validation warns of, on stderr."""
    if project.warnings:
        click.echo(as_text(project.warnings), err=True, nl=False)

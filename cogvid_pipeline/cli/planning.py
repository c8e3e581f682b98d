"""What `plan` and `apply` take and do alike."""

from difflib import get_close_matches

import click

from cogvid_pipeline.cli.options import Option
from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.model.plan import PlanOptions
from cogvid_pipeline.report.problems import as_text

PLAN_OPTIONS: tuple[Option, ...] = (
    click.option(
        "--replace",
        multiple=True,
        metavar="SHOT",
        help="Generate this shot again although nothing changed. May be given several times.",
    ),
)


def plan_options(project: Project, replace: tuple[str, ...]) -> PlanOptions:
    """The options with their names checked. Raises UsageError."""
    known = [shot.name for shot in project.storyboard.shots]
    for name in replace:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise UsageError(
                f"--replace {name!r}: there is no such shot",
                hint=f"did you mean {near[0]!r}?" if near else f"the shots are {', '.join(known[:20])}",
            )
    return PlanOptions(replace=replace)


def warn(project: Project) -> None:
    """Print what validation warns of, on stderr."""
    if project.warnings:
        click.echo(as_text(project.warnings), err=True, nl=False)

"""What `plan` and `apply` take and do alike."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from cogvid_pipeline.cli.options import Option, with_options
from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.model.plan import PlanOptions
from cogvid_pipeline.report.problems import as_text

_SELECTION: tuple[Option, ...] = (
    click.option(
        "--select",
        multiple=True,
        metavar="SELECTOR",
        help="Only these shots: a name, a glob, tag:NAME or state:new (or changed, failed, held); "
        "+x and x+ take in what x is made from and what is made from it. May be given several times.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="SELECTOR",
        help="Not these shots, in the same form. May be given several times.",
    ),
)
_PLAN_OPTIONS: tuple[Option, ...] = (
    *_SELECTION,
    click.option(
        "--replace",
        multiple=True,
        metavar="SHOT",
        help="Generate this shot again although nothing changed: all of its takes, or one as in walk@2. "
        "May be given several times.",
    ),
)


def gathers_plan_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what narrows a plan down or forces it; it arrives as the argument `options`."""

    @wraps(function)
    def gather(
        *args: Any, select: tuple[str, ...], exclude: tuple[str, ...], replace: tuple[str, ...], **rest: Any
    ) -> Any:
        return function(*args, options=PlanOptions(select, exclude, replace), **rest)

    return with_options(_PLAN_OPTIONS)(gather)


def gathers_selection(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what chooses shots; it arrives as the argument `options`."""

    @wraps(function)
    def gather(*args: Any, select: tuple[str, ...], exclude: tuple[str, ...], **rest: Any) -> Any:
        return function(*args, options=PlanOptions(select, exclude), **rest)

    return with_options(_SELECTION)(gather)


def warn(project: Project) -> None:
    """Print what validation warns of, on stderr."""
    if project.warnings:
        click.echo(as_text(project.warnings), err=True, nl=False)


def note_unlabelled(project: Project) -> None:
    """Say, on stderr, how many clips lack the label that the manifest asks for.

    It reads the lock, which has to be read no earlier than for the plan.
    """
    entries = map(project.lock.entries.get, project.takes if project.storyboard.provenance else ())
    if count := sum(1 for entry in entries if entry and entry.result and not entry.labelled):
        click.echo(f"note: clips without a label: {count}; `cogvid credentials sign` adds it", err=True)

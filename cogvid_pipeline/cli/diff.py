"""`cogvid diff`: how the storyboard differs between revisions."""

import sys
from dataclasses import replace

import click

from cogvid_pipeline.cli.at_revision import load_at, load_now
from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.project import refuse_useless
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cli.streams import paint_for
from cogvid_pipeline.errors import InvalidManifest, UsageError
from cogvid_pipeline.manifest.load import Loaded
from cogvid_pipeline.model.shot import Storyboard
from cogvid_pipeline.plan.storydiff import compare
from cogvid_pipeline.report.storydiff import difference_json, difference_text

_DIFFERENT = 2


@click.command()
@click.argument("revision", default="HEAD", metavar="[REV]")
@click.argument("other", required=False, metavar="[REV]")
@click.option("--format", "layout", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--exit-code", is_flag=True, help="Exit with 2 when there is a difference, 0 when there is none."
)
@reads_manifest
@click.pass_context
def command(
    context: click.Context,
    revision: str,
    other: str | None,
    layout: str,
    exit_code: bool,
    settings: Settings,
) -> None:
    """Show how the storyboard differs from a git revision (HEAD), or between two of them.

    Compares what the shots ask for, templates rendered and defaults applied, with pictures by their content.
    What the clips of it cost is what `plan` says. The work tree is not touched. Where there is no such
    manifest, or no such environment in it, there are no shots; files given with --var-file are read as they
    are now.

    \b
    Examples:
      cogvid diff
      cogvid diff origin/main
      cogvid diff v1.0 v1.1 --format json
    """
    before = load_at(revision, settings)
    after = load_now(settings) if other is None else load_at(other, settings)
    found = [each for each in (before, after) if each]
    if not found:
        raise UsageError(
            f"neither {revision} nor {other or 'the work tree'} has {_wanted(settings)}",
            hint="`-f` names another manifest, `--env` another environment",
        )
    refuse_useless(found)
    if broken := [problem for each in found if each.storyboard is None for problem in each.problems]:
        raise InvalidManifest(broken)
    old, new = _storyboards(before, after)
    difference = compare(old, new)
    if layout == "json":
        click.echo(difference_json(difference, revision, other), nl=False)
    else:
        click.echo(difference_text(difference, paint_for(sys.stdout)), nl=False)
    if exit_code and not difference.empty:
        context.exit(_DIFFERENT)


def _wanted(settings: Settings) -> str:
    environment = f" with an environment {settings.environment!r}" if settings.environment else ""
    return f"{settings.manifest}{environment}"


def _storyboards(before: Loaded | None, after: Loaded | None) -> tuple[Storyboard, Storyboard]:
    """Both; one that is not there is like the other without its shots and its cut."""
    old = before.storyboard if before else None
    new = after.storyboard if after else None
    there = old or new
    assert there is not None, "one of them is valid"
    nothing = replace(there, shots=(), sequence=())
    return old or nothing, new or nothing

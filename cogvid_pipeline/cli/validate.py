"""`cogvid validate`: all problems, with places."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from cogvid_pipeline.cli.options import VARIABLE_OPTIONS, with_options
from cogvid_pipeline.cli.project import load_manifest, refuse_useless
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cli.streams import unguarded
from cogvid_pipeline.errors import InvalidManifest
from cogvid_pipeline.listing import counted
from cogvid_pipeline.report import problems as report

_FORMATS = {
    "text": report.as_text,
    "json": report.as_json,
    "github": report.as_github,
    "sarif": report.as_sarif,
}


@click.command()
@click.argument("manifests", nargs=-1, metavar="[MANIFEST]...", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "layout",
    type=click.Choice(list(_FORMATS)),
    default="text",
    show_default=True,
    help="How to print the problems; github makes annotations in a pull request.",
)
@with_options(VARIABLE_OPTIONS)
@click.pass_context
def command(
    context: click.Context,
    manifests: tuple[Path, ...],
    layout: str,
    variables: dict[str, str],
    variable_files: tuple[Path, ...],
    environment: str | None,
    provider: str | None,
) -> None:
    """Check manifests and list every mistake with its line.

    Needs no network and no API key. Exits with 3 when there is a mistake.

    \b
    Examples:
      cogvid validate
      cogvid validate film/cogvid.yaml trailer/cogvid.yaml --format github
      cogvid validate --env final
    """
    settings = Settings(
        manifest=Path("cogvid.yaml"),
        variables=variables,
        variable_files=variable_files,
        environment=environment,
        provider=provider,
    )
    loaded = [load_manifest(replace(settings, manifest=each)) for each in manifests or (settings.manifest,)]
    refuse_useless(loaded)
    found = [problem for result in loaded for problem in result.problems]
    stdout = unguarded(sys.stdout) if layout == "github" else None
    click.echo(_FORMATS[layout](found), nl=False, file=stdout)
    if layout == "text" and not found:
        shots = sum(len(result.storyboard.shots) for result in loaded if result.storyboard)
        click.echo(f"valid: {counted(shots, 'shot')}")
    if any(result.storyboard is None for result in loaded):
        context.exit(InvalidManifest.exit_code)

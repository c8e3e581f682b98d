"""`cogvid graph`: what depends on what."""

import click

from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.project import open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.model.plan import PlanOptions
from cogvid_pipeline.report.graph import graph_dot, graph_mermaid, graph_of, graph_text

_FORMATS = {"text": graph_text, "dot": graph_dot, "mermaid": graph_mermaid}


@click.command()
@click.option("--format", "layout", type=click.Choice(list(_FORMATS)), default="text", show_default=True)
@reads_manifest
def command(layout: str, settings: Settings) -> None:
    """Show which shots are made from frames of which, and what `apply` would do about each.

    \b
    Examples:
      cogvid graph
      cogvid graph --format dot | dot -Tsvg > graph.svg
    """
    project = open_project(settings)
    with project.read_ledger() as ledger:
        plan = project.plan(ledger, PlanOptions())
    click.echo(_FORMATS[layout](graph_of(plan)), nl=False)

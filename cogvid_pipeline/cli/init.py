"""`cogvid init`: a starter manifest."""

from pathlib import Path

import click

from cogvid_pipeline.durable import replace_durably, write_failures_named
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.manifest.bundle import bundled
from cogvid_pipeline.packaged import schemas_directory
from cogvid_pipeline.report.printable import printable

_STARTER = Path(__file__).with_name("starter.yaml")


@click.command()
@click.argument("directory", default=".", type=click.Path(file_okay=False, path_type=Path))
def command(directory: Path) -> None:
    """Write a manifest that runs at once, into DIRECTORY or here.

    It uses the preview provider, which needs no account and costs nothing. Beside it goes the schema from
    which editors complete and check it.

    \b
    Example:
      cogvid init film && cd film && cogvid apply
    """
    with write_failures_named(directory):
        directory.mkdir(parents=True, exist_ok=True)
    manifest = directory / "cogvid.yaml"
    if manifest.exists():
        raise CogvidError(f"{manifest} exists already", hint="edit it, or choose another directory")
    schema = bundled(schemas_directory() / "manifest.schema.json")
    replace_durably(directory / "cogvid.schema.json", schema.encode())
    replace_durably(manifest, _STARTER.read_bytes())
    there = "" if directory == Path() else printable(f" -C {directory}")
    click.echo(f"wrote {printable(str(manifest))}\nNow try:\n  cogvid{there} plan\n  cogvid{there} apply")

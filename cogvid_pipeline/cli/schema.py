"""`cogvid schema`: print a JSON Schema."""

import click

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.manifest.bundle import bundled
from cogvid_pipeline.packaged import schemas_directory


@click.command()
@click.argument("name", default="manifest")
def command(name: str) -> None:
    """Print a JSON Schema; without NAME, the manifest's, for your editor.

    \b
    Examples:
      cogvid schema > cogvid.schema.json
      cogvid schema models/cogvideox-3
      cogvid schema plan
    """
    directory = schemas_directory()
    known = sorted(
        path.relative_to(directory).as_posix().removesuffix(".schema.json")
        for path in directory.rglob("*.schema.json")
    )
    if name not in known:
        raise UsageError(f"there is no schema {name!r}", hint=f"the schemas are {', '.join(known)}")
    click.echo(bundled(directory / f"{name}.schema.json"), nl=False)

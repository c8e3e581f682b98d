"""Decide where a film goes, or its timeline."""

from pathlib import Path

from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.errors import UsageError


def film_file(project: Project, output: Path | None, ending: str) -> Path:
    """The file that is asked for; film.mp4 beside the manifest, or film.ENV.mp4, where none is.

    Raises UsageError for a name with another `ending`, which may be that of the manifest or of a clip, and
    where there is no directory for it.
    """
    if output is None:
        environment = project.storyboard.environment
        return project.root / (f"film.{environment}.{ending}" if environment else f"film.{ending}")
    if output.suffix.lower() != f".{ending}":
        raise UsageError(
            f"{output} does not end in .{ending}", hint=f"give it that ending, as in -o film.{ending}"
        )
    if not output.parent.is_dir():
        raise UsageError(f"there is no directory {output.parent}", hint="make it, or choose another place")
    return output

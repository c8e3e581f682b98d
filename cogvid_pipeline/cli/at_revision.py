"""The storyboard as a git revision has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cogvid_pipeline.cli.project import load_manifest
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.manifest.load import DEFAULT_NAME, Loaded
from cogvid_pipeline.model.problem import Problem
from cogvid_pipeline.state.export import export
from cogvid_pipeline.state.places import find_repository
from cogvid_pipeline.state.revisions import Revisions


def load_at(revision: str, settings: Settings) -> Loaded | None:
    """The manifest at a revision; None where that has no such file. Nothing in the repository is touched.

    Files of variables are read as they are now. The places of problems begin with the revision. Raises
    UsageError when there is no such revision, or no repository.
    """
    manifest = settings.manifest / DEFAULT_NAME if settings.manifest.is_dir() else settings.manifest
    with _exported(revision, manifest.parent) as root:
        there = root / manifest.name
        if not there.is_file():
            return None
        try:
            loaded = load_manifest(replace(settings, manifest=there))
        except UsageError as error:
            raise UsageError(f"at {revision}: {error}", hint=error.hint) from error
    problems = (_placed(problem, root, f"{revision}:{manifest.parent}") for problem in loaded.problems)
    return replace(loaded, problems=tuple(problems))


@contextmanager
def _exported(revision: str, directory: Path) -> Iterator[Path]:
    """A temporary directory with what there is below the directory at the revision."""
    repository = find_repository(directory) if directory.is_dir() else None
    if repository is None:
        raise UsageError(
            f"{directory.absolute()} is not in a git repository, so there is no revision to compare with",
            hint="`git init` makes one",
        )
    revisions = Revisions(directory, repository)
    commit = revisions.commit(revision)
    with TemporaryDirectory(prefix="cogvid-") as temporary:
        # Of the same name, for links that leave the directory and come back.
        root = Path(temporary).resolve() / (directory.resolve().name or "root")
        export(revisions, commit, root, repository=repository)
        yield root


def _placed(problem: Problem, root: Path, where: str) -> Problem:
    file = Path(problem.location.file)
    if not file.is_relative_to(root):
        return problem
    name = (
        f"{where.removesuffix(':.') + ':' if where.endswith(':.') else where + '/'}{file.relative_to(root)}"
    )
    return replace(problem, location=replace(problem.location, file=name))

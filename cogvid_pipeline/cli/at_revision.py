"""The storyboard as a git revision has it, or as it is now."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cogvid_pipeline.cli.project import load_manifest
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.errors import UnknownEnvironment, UsageError
from cogvid_pipeline.manifest.load import DEFAULT_NAME, Loaded
from cogvid_pipeline.model.problem import Problem
from cogvid_pipeline.state.export import export
from cogvid_pipeline.state.places import find_repository
from cogvid_pipeline.state.revisions import Revisions


def load_at(revision: str, settings: Settings) -> Loaded | None:
    """The manifest at a revision; None where that has no such file, or no such environment.

    Nothing in the repository is touched. Files of variables are read as they are now. The places of problems
    begin with the revision. Raises UsageError when there is no such revision, or no repository.
    """
    manifest = _file(settings)
    with _exported(revision, manifest.parent) as root:
        try:
            loaded = load_now(replace(settings, manifest=root / manifest.name))
        except UsageError as error:
            raise UsageError(f"at {revision}: {error}", hint=error.hint) from error
    if loaded is None:
        return None
    problems = (_placed(problem, root, revision, manifest.parent) for problem in loaded.problems)
    return replace(loaded, problems=tuple(problems))


def load_now(settings: Settings) -> Loaded | None:
    """The manifest as it is; None where there is no such file, or no such environment."""
    if not _file(settings).exists():
        return None
    try:
        return load_manifest(settings)
    except UnknownEnvironment:
        return None


def _file(settings: Settings) -> Path:
    """The manifest's file; a name without an ending that is not there is a directory that is gone."""
    manifest = settings.manifest
    is_directory = manifest.is_dir() or (not manifest.exists() and not manifest.suffix)
    return manifest / DEFAULT_NAME if is_directory else manifest


@contextmanager
def _exported(revision: str, directory: Path) -> Iterator[Path]:
    """A temporary directory with what there is below the directory at the revision."""
    there = directory.resolve()
    around = next(each for each in (there, *there.parents) if each.is_dir())
    repository = find_repository(around)
    if repository is None:
        raise UsageError(
            f"{there} is not in a git repository, so there is no revision to compare with",
            hint="`git init` makes one; of a bare repository, make a clone first",
        )
    revisions = Revisions(around, repository)
    files = revisions.files(revisions.commit(revision), there.relative_to(around))
    with TemporaryDirectory(prefix="cogvid-") as temporary:
        # Of the same name, for links that leave the directory and come back.
        root = Path(temporary).resolve() / (there.name or "root")
        export(files, revisions, root, repository=repository)
        yield root


def _placed(problem: Problem, root: Path, revision: str, directory: Path) -> Problem:
    """The problem with the place of its file at the revision, as `git show` takes it."""
    file = Path(problem.location.file)
    if not file.is_relative_to(root):
        return problem
    name = f"{revision}:./{os.path.relpath(directory / file.relative_to(root))}"
    return replace(problem, location=replace(problem.location, file=name))

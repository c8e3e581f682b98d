"""From files to a storyboard, or to everything that is wrong with them."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cogvid_pipeline.manifest.draft import prune
from cogvid_pipeline.manifest.explain import explain
from cogvid_pipeline.manifest.files import read_file
from cogvid_pipeline.manifest.resolve import Setting, resolve
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.model.problem import Problem
from cogvid_pipeline.model.shot import Storyboard

DEFAULT_NAME = "cogvid.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What the command line adds: variables as text, files of variables, the provider, and a `memory`.

    That is a directory of the user's in which large manifests are remembered, see memory.py.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[Path, ...] = ()
    provider: str | None = None
    memory: Path | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A storyboard, None when a problem is an error, and the problems by file and place."""

    storyboard: Storyboard | None
    problems: tuple[Problem, ...]


def load(manifest: Path, *, schemas: Path, options: LoadOptions) -> Loaded:
    """Read, check and resolve a manifest, given as a file or as the directory of a `cogvid.yaml`.

    Raises UsageError when a file cannot be read at all.
    """
    with _collection_paused():
        return _load(manifest / DEFAULT_NAME if manifest.is_dir() else manifest, Schemas(schemas), options)


def _load(path: Path, schemas: Schemas, options: LoadOptions) -> Loaded:
    hint = "`cogvid init` writes one to start from; `-f` names another file"
    document, problems = read_file(path, hint=hint, memory=options.memory)
    variables, variable_problems = _variables(options, schemas)
    if document is None:
        return Loaded(None, (*problems, *variable_problems))
    mistakes = explain(document.data, schemas.violations(document.data), schemas)
    draft = prune(document.data, mistakes)
    setting = Setting(directory=path.parent, schemas=schemas, variables=variables, provider=options.provider)
    storyboard, more = resolve(draft, setting)
    problems = _in_order(problems, [document.problem(mistake) for mistake in (*mistakes, *more)])
    problems += variable_problems
    valid = all(problem.severity == "warning" for problem in problems)
    return Loaded(storyboard if valid else None, tuple(problems))


def _variables(options: LoadOptions, schemas: Schemas) -> tuple[dict[str, Any], list[Problem]]:
    """Variables from outside the manifest, later files and then the command line winning."""
    variables: dict[str, Any] = {}
    problems: list[Problem] = []
    for path in options.variable_files:
        document, found = read_file(path, hint="check the path after --var-file", pipe=True)
        if document is not None and document.data is not None:
            mistakes = explain(document.data, schemas.variable_violations(document.data), schemas)
            found = _in_order(found, [document.problem(mistake) for mistake in mistakes])
            variables.update(document.data if isinstance(document.data, dict) else {})
        problems += found
    return {**variables, **options.variables}, problems


def _in_order(first: list[Problem], then: list[Problem]) -> list[Problem]:
    """Sorted by place; where the text itself is at fault, what follows from that is left out."""
    places = {problem.location for problem in first}
    # A control character of the text shows up wherever a template takes it in.
    codes = {problem.code for problem in first}
    # What several shots take in from one place counts once.
    by_pointer = sorted(then, key=lambda problem: problem.pointer, reverse=True)
    once = {(problem.code, problem.location, problem.message): problem for problem in by_pointer}
    new = (each for each in once.values() if each.location not in places and each.code not in codes)
    problems = [*first, *new]
    return sorted(problems, key=lambda problem: (problem.location.line, problem.location.column))


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Loading makes many objects and no garbage, so looking for some only takes time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

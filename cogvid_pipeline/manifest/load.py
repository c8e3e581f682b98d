"""From files to a storyboard, or to everything that is wrong with them."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from cogvid_pipeline.errors import UnknownEnvironment, UsageError
from cogvid_pipeline.manifest.draft import Draft, prune
from cogvid_pipeline.manifest.explain import explain
from cogvid_pipeline.manifest.files import read_file
from cogvid_pipeline.manifest.resolve import Setting, resolve
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.manifest.suggest import Suggestions
from cogvid_pipeline.manifest.variables import read_variables, useless
from cogvid_pipeline.model.problem import Problem
from cogvid_pipeline.model.shot import Storyboard

DEFAULT_NAME = "cogvid.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What the command line adds: variables as text, files of variables, environment, provider and `memory`.

    That is a directory of the user's in which large manifests are remembered, see memory.py.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    variable_files: tuple[Path, ...] = ()
    environment: str | None = None
    provider: str | None = None
    memory: Path | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A storyboard, None when a problem is an error, and the problems by file and place.

    `useless` has the variables of the command line that the manifest knows nothing of, each with the one
    that was most likely meant, or "".
    """

    storyboard: Storyboard | None
    problems: tuple[Problem, ...]
    useless: Mapping[str, str] = field(default_factory=dict)


def load(manifest: Path, *, schemas: Path, options: LoadOptions) -> Loaded:
    """Read, check and resolve a manifest, given as a file or as the directory of a `cogvid.yaml`.

    Raises UsageError when a file cannot be read at all, or when there is no such environment.
    """
    with _collection_paused():
        return _load(manifest / DEFAULT_NAME if manifest.is_dir() else manifest, Schemas(schemas), options)


def _load(path: Path, schemas: Schemas, options: LoadOptions) -> Loaded:
    _refuse_link_outwards(path)
    hint = "`cogvid init` writes one to start from; `-f` names another file"
    document, broken = read_file(path, hint=hint, memory=options.memory)
    variables, variable_problems = read_variables(options.variable_files, schemas)
    if document is None:
        return Loaded(None, (*broken, *variable_problems))
    mistakes = explain(document.data, schemas.violations(document.data), schemas)
    draft = prune(document.data, mistakes)
    problem, found, files = document.problem, list[Problem](), tuple[str, ...]()
    if "include" in draft.data:
        from cogvid_pipeline.manifest.include import include  # most manifests are one file

        whole = include(document, draft, path, schemas, options.memory)
        draft, problem, files = whole.draft, whole.problem, tuple(whole.files)
        broken, found = [*broken, *whole.broken], list(whole.problems)
    draft = _in_environment(draft, options.environment)
    setting = Setting(
        directory=path.parent,
        schemas=schemas,
        variables={**variables, **options.variables},
        provider=options.provider,
    )
    storyboard, more = resolve(draft, setting)
    problems = _in_order(broken, [*found, *map(problem, (*mistakes, *more))], files) + variable_problems
    valid = all(problem.severity == "warning" for problem in problems)
    unknown = useless(options.variables, draft) if draft.intact else {}
    return Loaded(storyboard if valid else None, tuple(problems), unknown)


def _refuse_link_outwards(path: Path) -> None:
    """Problems quote what they are about, and a pull request may bring a link to any file of a CI runner."""
    with suppress(RuntimeError):  # a link to itself, which cannot be read either
        if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
            raise UsageError(
                f"{path} is a link that leads out of its directory",
                hint="put the file itself there; `-f` names one that lies elsewhere",
            )


def _in_environment(draft: Draft, environment: str | None) -> Draft:
    if environment is None:
        return draft
    known = draft.data.get("environments", {})
    broken = {(), ("environments",), ("environments", environment)}
    if environment not in known and draft.removed.isdisjoint(broken):
        near = Suggestions().nearest(environment, known)
        names = f"the environments are {', '.join(known)}" if known else "the manifest has no `environments`"
        raise UnknownEnvironment(
            f"there is no environment {environment!r}", hint=f"did you mean {near!r}?" if near else names
        )
    return replace(draft, environment=environment)


def _in_order(first: list[Problem], then: list[Problem], files: Sequence[str]) -> list[Problem]:
    """Sorted by place, those of the included files last.

    Where the text itself is at fault, what follows from that is left out.
    """
    places = {problem.location for problem in first}
    # A control character of the text shows up wherever a template takes it in.
    codes = {problem.code for problem in first}
    # What several shots take in from one place counts once.
    by_pointer = sorted(then, key=lambda problem: problem.pointer, reverse=True)
    once = {(problem.code, problem.location, problem.message): problem for problem in by_pointer}
    new = (each for each in once.values() if each.location not in places and each.code not in codes)
    rank = {file: number for number, file in enumerate(files, 1)}

    def place(problem: Problem) -> tuple[int, int, int]:
        return rank.get(problem.location.file, 0), problem.location.line, problem.location.column

    return sorted([*first, *new], key=place)


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

"""A saved plan made again: with its options, and compared with what would be done now."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cogvid_pipeline.cli.options import PROVIDERS
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.errors import CogvidError, StalePlan, UsageError
from cogvid_pipeline.model.plan import Plan, PlanInputs, PlanOptions
from cogvid_pipeline.report.moved import what_moved
from cogvid_pipeline.report.plan_json import inputs_of, options_of, plan_document


@contextmanager
def asked_again(saved: Mapping[str, Any] | None) -> Iterator[None]:
    """Where a saved plan asks for what is not there any more, such as a shot or a variable, it is stale."""
    try:
        yield
    except UsageError as error:
        if saved is None:
            raise
        raise StalePlan([str(error)]) from error


def asked_for(
    saved: Mapping[str, Any] | None, options: PlanOptions, settings: Settings, context: click.Context
) -> tuple[Settings, PlanOptions]:
    """What the command line asks for, or where there is one the saved plan. Raises CogvidError for both."""
    if saved is None:
        return settings, options
    refuse_further_options(options, settings)
    named = context.get_parameter_source("manifest") is not ParameterSource.DEFAULT
    return settings_of(saved, settings, named=named), options_of(saved)


def refuse_stale(saved: Mapping[str, Any], plan: Plan) -> None:
    """Raise StalePlan unless the plan that was made again is the one that was saved."""
    if moved := what_moved(saved, plan_document(plan)):
        raise StalePlan(moved)


def refuse_further_options(options: PlanOptions, settings: Settings) -> None:
    """Raise UsageError where the command line asks for another plan than the saved one."""
    given = {
        "--select": options.select,
        "--exclude": options.exclude,
        "--replace": options.replace,
        "--var": settings.variables,
        "--var-file": settings.variable_files,
        "--env": settings.environment,
        "--provider": settings.provider,
    }
    if extra := [name for name, value in given.items() if value]:
        raise UsageError(
            f"{', '.join(extra)}: a saved plan has its own options",
            hint="leave that out, or plan again with it",
        )


def inputs_from(settings: Settings) -> PlanInputs:
    """What a plan says of where its storyboard came from."""
    return PlanInputs(
        manifest=_relative(settings.manifest, Path.cwd()),
        environment=settings.environment,
        provider=settings.provider,
        variables=settings.variables,
        variable_files=tuple(_relative(file, _root(settings.manifest)) for file in settings.variable_files),
    )


def settings_of(document: Mapping[str, Any], given: Settings, *, named: bool) -> Settings:
    """The settings that a saved plan was made with; `named` says that the manifest was given with -f.

    Raises CogvidError when they cannot be had here.
    """
    inputs = inputs_of(document)
    if inputs.provider not in (None, *PROVIDERS):
        raise CogvidError(f"the plan is for {inputs.provider!r}, which this cogvid does not know")
    manifest = given.manifest if named else _manifest(inputs)
    files = tuple(_variable_file(file, _root(manifest)) for file in inputs.variable_files)
    return replace(
        given,
        manifest=manifest,
        environment=inputs.environment,
        provider=inputs.provider,
        variables=inputs.variables,
        variable_files=files,
    )


def check_repeatable(inputs: PlanInputs) -> None:
    """Raise UsageError where a plan could not be made again from what its file says."""
    if None in inputs.variable_files:
        raise UsageError(
            "a saved plan takes variables from files of its project alone",
            hint="put the file given with --var-file beside the manifest, or use --var",
        )


def _manifest(inputs: PlanInputs) -> Path:
    if inputs.manifest is None:
        raise UsageError("the plan does not say where its manifest is", hint="name it with -f")
    manifest = _inside(inputs.manifest, Path())
    if not manifest.exists():
        raise UsageError(
            f"the plan is of {manifest}, which is not here",
            hint="run the command where the plan was made, or name the manifest with -f",
        )
    return manifest


def _variable_file(name: str | None, root: Path) -> Path:
    if name is None:
        raise UsageError(
            "the plan was made with variables from a file outside of its project, which it does not name"
        )
    file = _inside(name, root)
    if not file.is_file():
        raise StalePlan([f"{file}, which it took variables from, is not there any more"])
    return file


def _inside(name: str, base: Path) -> Path:
    """A path that a plan names, which comes from whoever wrote the file. Raises CogvidError."""
    path = base / name
    try:
        path.exists()  # which tells of names that no file can have, too
        inside = path.resolve().is_relative_to(_project(base.resolve()))
    except (OSError, ValueError):
        inside = False
    if not inside:
        raise CogvidError(f"the plan names a file outside of the project: {name}")
    return path


def _relative(path: Path, base: Path) -> str | None:
    """The path as seen from a directory, None where it leads out of its project."""
    base = base.resolve()
    if not path.resolve().is_relative_to(_project(base)):
        return None
    # A file that is a link is known by its own name.
    return Path(os.path.relpath(path.parent.resolve() / path.name, base)).as_posix()


def _project(directory: Path) -> Path:
    """The git work tree around a directory, else the directory."""
    return next((each for each in (directory, *directory.parents) if (each / ".git").exists()), directory)


def _root(manifest: Path) -> Path:
    return manifest if manifest.is_dir() else manifest.parent

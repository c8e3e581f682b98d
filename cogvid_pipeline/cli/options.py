"""The options that commands share."""

from collections.abc import Callable, Iterable
from functools import wraps
from math import isfinite
from pathlib import Path
from typing import Any, TypeAlias

import click

from cogvid_pipeline.cli.settings import Settings

Option: TypeAlias = Callable[[Any], Any]

PROVIDERS = ("geekai", "bigmodel", "zai", "preview")


def pairs(form: str) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], dict[str, str]]:
    """A callback that makes a dictionary of texts that have a `form` such as NAME=VALUE."""

    def split(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
        found = {}
        for text in texts:
            name, equals, value = text.partition("=")
            if not equals or not name:
                raise click.BadParameter(f"{text!r} is not {form}")
            if not value.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in value):
                raise click.BadParameter(f"the value of {name} is not UTF-8")
            found[name] = value
        return found

    return split


def finite(_: click.Context, __: click.Parameter, value: float) -> float:
    """A callback that refuses what no range excludes: `nan` is neither below nor above anything."""
    if not isfinite(value):
        raise click.BadParameter(f"{value} is not a number to count with")
    return value


VARIABLE_OPTIONS: tuple[Option, ...] = (
    click.option(
        "--var",
        "variables",
        multiple=True,
        metavar="NAME=VALUE",
        callback=pairs("NAME=VALUE, as in --var hero='a red fox'"),
        help="Set a variable, over the manifest's own. May be given several times.",
    ),
    click.option(
        "--var-file",
        "variable_files",
        multiple=True,
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Read variables from a YAML file, over the manifest's own. May be given several times.",
    ),
    click.option(
        "--env",
        "environment",
        metavar="NAME",
        help="The environment of the manifest to work in; it has a lock and clips of its own.",
    ),
    click.option(
        "--provider",
        type=click.Choice(PROVIDERS),
        help="Who generates, instead of the manifest's `provider`.",
    ),
)

MANIFEST_OPTION = click.option(
    "-f",
    "--file",
    "manifest",
    default="cogvid.yaml",
    show_default=True,
    metavar="MANIFEST",
    type=click.Path(path_type=Path),
    help="The manifest, or the directory with a cogvid.yaml.",
)


def with_options(options: Iterable[Option]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add several options to a command, listed in its help in the order given."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(tuple(options)):
            function = option(function)
        return function

    return add


def reads_manifest(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every command that reads one manifest takes; it arrives as the argument `settings`."""

    @wraps(function)
    def gather(
        *args: Any,
        manifest: Path,
        variables: dict[str, str],
        variable_files: tuple[Path, ...],
        environment: str | None,
        provider: str | None,
        **rest: Any,
    ) -> Any:
        settings = Settings(
            manifest=manifest,
            variables=variables,
            variable_files=variable_files,
            environment=environment,
            provider=provider,
        )
        return function(*args, settings=settings, **rest)

    return with_options((MANIFEST_OPTION, *VARIABLE_OPTIONS))(gather)

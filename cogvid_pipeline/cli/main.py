"""The `cogvid` command: finds the subcommand, prints errors, sets the exit code."""

import errno
import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import click

from cogvid_pipeline import __version__

# Where each command lives; a module is imported only when its command is used.
COMMANDS = {
    "init": "init",
    "validate": "validate",
    "show": "show",
    "graph": "graph",
    "diff": "diff",
    "plan": "plan",
    "apply": "apply",
    "preview": "preview",
    "assemble": "assemble",
    "status": "status",
    "check": "check",
    "report": "report",
    "export": "export",
    "recover": "recover",
    "credentials": "credentials",
    "push": "push",
    "pull": "pull",
    "gc": "gc",
    "schema": "schema",
    "emulator": "emulator",
    "completion": "completion",
}

# What a full disk or a terminal that has gone says; anything else that escapes is a bug.
_OUTPUT_FAILS = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT})

# Commands that work for minutes, and so have garbage worth collecting.
LONG = frozenset({"apply", "preview", "assemble", "report", "push", "pull", "emulator"})


@contextmanager
def _interrupted_at_once() -> Iterator[None]:
    """Let a Ctrl-C end the process: inside of an import, KeyboardInterrupt may come out as another error."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # somebody ignores it (`nohup`), or has their own way
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class LazyGroup(click.Group):
    """A group whose commands are imported on use, and the one place that prints errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in LONG:
            gc.set_threshold(5_000, 10, 10)
            gc.enable()
        with _interrupted_at_once():
            module = import_module(f"cogvid_pipeline.cli.{COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        from cogvid_pipeline.errors import CogvidError  # `--version` does without

        try:
            return super().invoke(ctx)
        except CogvidError as error:
            from cogvid_pipeline.cli.complain import complain

            with suppress(OSError):  # nobody listens; the exit code still tells
                complain(error)
            ctx.exit(error.exit_code)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `cogvid init film`, or read a manifest's plan with `cogvid plan`.",
)
@click.version_option(__version__, prog_name="cogvid", message="%(prog)s %(version)s")
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="Run as if started in DIR.",
)
def cli(directory: str | None) -> None:
    """Generated video as code: shots in YAML, a plan to review, each clip paid for once.

    A manifest says which shots there are. `plan` shows what a run would generate and what it would cost,
    `apply` does it, and the lockfile records what exists.
    """
    if directory:
        os.chdir(directory)


def main() -> None:
    """Run the command line; never returns."""
    # A storyboard is many small objects that live to the end: looking for garbage among them is in vain.
    gc.disable()
    if os.environ.get("GITHUB_ACTIONS"):
        from cogvid_pipeline.cli.streams import guard_log

        guard_log()
    try:
        status = cli.main(prog_name="cogvid", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        status = 64 if isinstance(error, click.UsageError) else 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        status = 130
    except BrokenPipeError:
        # The reader (`| head`) has seen enough.
        _discard_output()
        status = 0
    except OSError as error:
        if error.errno not in _OUTPUT_FAILS:
            raise
        _discard_output()
        click.echo(f"error: cannot write the output: {error.strerror}", err=True)
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


def _discard_output() -> None:
    """Keep what is left in the buffer from complaining at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()

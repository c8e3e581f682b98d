"""Print docs/reference/cli.md: every command with its options, from the commands themselves."""

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator

import click

from cogvid_pipeline.cli.main import cli

HEAD = """\
# Commands

<!-- `make reference` makes this page from cogvid_pipeline/cli/; changes belong there. -->

What `--help` says, of every command. Data goes to stdout, talk and progress to stderr.
[Exit codes and variables of the environment](environment.md) have a page of their own.
"""

COMMON = 3  # commands that have an option make it a common one


def page() -> str:
    """The page, in the order in which `cogvid --help` lists the commands."""
    top = click.Context(cli, info_name="cogvid")
    commands = list(contexts(top))
    counted = Counter(row for context in commands for row in rows(context))
    common = [row for row, count in counted.items() if count >= COMMON]
    shared = f"## Common options\n\nSeveral commands have these; each says which.\n\n{table(common)}"
    return "\n".join([HEAD, section(top, ()), shared, *(section(context, common) for context in commands)])


def contexts(above: click.Context) -> Iterator[click.Context]:
    """The commands of a group, each followed by its own."""
    group = above.command
    if isinstance(group, click.Group):
        for name in group.list_commands(above):
            found = group.get_command(above, name)
            assert found
            yield (context := click.Context(found, info_name=name, parent=above))
            yield from contexts(context)


def section(context: click.Context, common: Iterable[str]) -> str:
    """What one command does, its examples, and the options of its own."""
    usage = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    prose, examples = described(context.command.help or "", "sh")
    parts = [f"## {context.command_path}\n", prose, f"```text\n{usage}\n```\n", examples]
    mine = rows(context)
    if own := [row for row in mine if row not in common]:
        parts.append(table(own))
    if shared := [row.split()[1].rstrip(",`") + "`" for row in mine if row in common]:
        parts.append(f"[Common options](#common-options): {', '.join(shared)}.\n")
    parts += described(context.command.epilog or "", "text")
    return "\n".join(filter(None, parts))


def described(text: str, language: str) -> tuple[str, str]:
    """Prose, and what follows a \\b, of which click keeps the lines: a heading and a block."""
    prose, _, block = inspect.cleandoc(text).partition("\b\n")
    heading, _, lines = block.partition("\n")
    return (
        f"{prose.strip()}\n" if prose else "",
        f"{heading}\n\n```{language}\n{inspect.cleandoc(lines)}\n```\n" if block else "",
    )


def rows(context: click.Context) -> list[str]:
    """The lines of the table of options."""
    options = (option for option in context.command.params if isinstance(option, click.Option))
    return [row(option, context) for option in options if not option.hidden]


def row(option: click.Option, context: click.Context) -> str:
    """A line of the table. Choices go into the words: within code, a bar in a table is shown in two ways."""
    names, words = ", ".join(option.opts), [option.help or ""]
    if isinstance(option.type, click.Choice):
        words.append(f"One of {', '.join(f'`{choice}`' for choice in option.type.choices)}.")
    elif not option.is_flag:
        names += " " + option.make_metavar(context).removesuffix(" RANGE")
    if option.show_default:
        words.append(f"Default: `{option.get_default(context)}`.")
    return f"| `{names}` | {' '.join(filter(None, words))} |\n"


def table(lines: Iterable[str]) -> str:
    return "| option | |\n| --- | --- |\n" + "".join(lines)


if __name__ == "__main__":
    print(page(), end="")

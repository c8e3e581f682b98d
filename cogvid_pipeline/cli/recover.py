"""`cogvid recover`: settle attempts whose outcome is not known."""

import sys
from collections.abc import Iterator, Mapping, Sequence

import click

from cogvid_pipeline.cli.options import pairs, reads_manifest
from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cli.settling import Settlement, find_doubts
from cogvid_pipeline.model.plan import PlanOptions
from cogvid_pipeline.report.held import Doubt, doubt_text, doubts_text
from cogvid_pipeline.report.printable import printable


@click.command()
@click.option(
    "--adopt",
    multiple=True,
    metavar="SHOT=TASK",
    callback=pairs("SHOT=TASK, as in --adopt walk=036f6493"),
    help="The vendor made it as this task, or you did elsewhere: the next apply waits for that one.",
)
@click.option(
    "--pay-again",
    multiple=True,
    metavar="SHOT",
    help="The vendor never got it, or has lost it, or you accept to pay twice: the next apply submits it.",
)
@reads_manifest
def command(adopt: Mapping[str, str], pay_again: tuple[str, ...], settings: Settings) -> None:
    """List held shots, or settle them.

    A shot is held when the answer to its submission was lost: the vendor may have accepted it, and then
    submitting it again would pay twice. Look at the vendor's records, and say what became of it. On a
    terminal it asks, shot by shot. What no shot asks for any more goes by its request id.

    \b
    Examples:
      cogvid recover
      cogvid recover --adopt walk=036f6493-ee8f-49aa
      cogvid recover --pay-again walk
    """
    project = open_project(settings)
    if not adopt and not pay_again:
        with project.read_ledger() as ledger:
            doubts = find_doubts(project.plan(ledger, PlanOptions()), ledger)
        if not (doubts and sys.stdin.isatty() and sys.stdout.isatty()):
            click.echo(doubts_text(doubts), nl=False)
            return
        for adopted, released in _ask(doubts):  # each answer is recorded before the next question
            _settle(open_project(settings), adopted, released)
        return
    _settle(project, adopt, pay_again)


def _settle(project: Project, adopt: Mapping[str, str], pay_again: Sequence[str]) -> None:
    with project.exclusive_ledger("cogvid recover") as ledger:
        for line in Settlement(project, ledger).settle(adopt, pay_again):
            click.echo(printable(line))


def _ask(doubts: Mapping[str, Doubt]) -> Iterator[tuple[dict[str, str], tuple[str, ...]]]:
    """What became of each, as the user says: the task that it was accepted as, or that it is paid again."""
    for doubt in {doubt.attempt.request_id: doubt for doubt in doubts.values()}.values():
        click.echo(doubt_text(doubt), nl=False)
        answer = click.prompt(
            "Was it accepted? [t]ask id is known, [n]o: pay again, [s]kip",
            type=click.Choice(["t", "n", "s"]),
            default="s",
            show_choices=False,
        )
        if answer == "t":
            yield {doubt.name: click.prompt("Task id").strip()}, ()
        elif answer == "n":
            yield {}, (doubt.name,)
        click.echo()

"""`cogvid recover`: settle attempts whose outcome is not known."""

from collections.abc import Mapping
from dataclasses import replace

import click

from cogvid_pipeline.cli.options import pairs, reads_manifest
from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.model.attempt import Attempt, State
from cogvid_pipeline.model.plan import Hold, PlanOptions
from cogvid_pipeline.report.held import held_text
from cogvid_pipeline.state.ledger import SqliteLedger
from cogvid_pipeline.state.lockfile import LockFile


@click.command()
@click.option(
    "--adopt",
    multiple=True,
    metavar="SHOT=TASK",
    callback=pairs("SHOT=TASK, as in --adopt walk=036f6493"),
    help="The vendor accepted it as this task: the next apply waits for that one.",
)
@click.option(
    "--pay-again",
    multiple=True,
    metavar="SHOT",
    help="The vendor never got it, or you accept to pay twice: the next apply submits it again.",
)
@reads_manifest
def command(adopt: Mapping[str, str], pay_again: tuple[str, ...], settings: Settings) -> None:
    """List held shots, or settle them.

    A shot is held when the answer to its submission was lost: the vendor may have accepted it, and then
    submitting it again would pay twice. Look at the vendor's records, and say what became of it.

    \b
    Examples:
      cogvid recover
      cogvid recover --adopt walk=036f6493-ee8f-49aa
      cogvid recover --pay-again walk
    """
    project = open_project(settings)
    if not adopt and not pay_again:
        with project.read_ledger() as ledger:
            click.echo(held_text(_held(project, ledger)), nl=False)
        return
    with project.exclusive_ledger("cogvid recover") as ledger:
        held = _held(project, ledger)
        for name in (*adopt, *pay_again):
            if name not in held:
                known = f"held are {', '.join(held)}" if held else "nothing is held"
                raise UsageError(f"{name!r} is not held", hint=known)
        lock = LockFile(project.lock_path, project.storyboard.output)
        for name, attempt in held.items():
            if name in adopt:
                adopted = replace(attempt, state=State.ADOPTED, task_id=adopt[name], error="")
                _settle(project, ledger, lock, adopted, pending=adopted)
                click.echo(f"{name}: the next apply waits for task {adopt[name]}")
            elif name in pay_again:
                _settle(project, ledger, lock, replace(attempt, state=State.RELEASED), pending=None)
                click.echo(f"{name}: the next apply submits it again")
        lock.flush()


def _held(project: Project, ledger: SqliteLedger) -> dict[str, Attempt]:
    plan = project.plan(ledger, PlanOptions())
    return {action.shot.name: action.attempt for action in plan.actions if isinstance(action, Hold)}


def _settle(
    project: Project, ledger: SqliteLedger, lock: LockFile, settled: Attempt, *, pending: Attempt | None
) -> None:
    """Record it, and show it in every entry of the lock that waits for this attempt."""
    ledger.record(settled)
    for name, entry in project.lock.entries.items():
        if entry.pending and entry.pending.request_id == settled.request_id:
            after = replace(entry, pending=pending)
            lock.put(name, after if after.pending or after.result else None)

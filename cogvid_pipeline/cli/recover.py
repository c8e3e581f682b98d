"""`cogvid recover`: settle attempts whose outcome is not known."""

from collections.abc import Mapping
from dataclasses import replace

import click

from cogvid_pipeline.cli.conflict import say_settled, settle
from cogvid_pipeline.cli.options import pairs, reads_manifest
from cogvid_pipeline.cli.project import open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.model.attempt import Attempt, Lock, State
from cogvid_pipeline.model.plan import Hold, Plan, PlanOptions
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
            click.echo(held_text(_held(project.plan(ledger, PlanOptions()))), nl=False)
        return
    with project.exclusive_ledger("cogvid recover") as ledger:
        plan = project.plan(ledger, PlanOptions())
        held = _held(plan)
        for name in (*adopt, *pay_again):
            if name not in held:
                known = f"held are {', '.join(held)}" if held else "nothing is held"
                raise UsageError(f"{name!r} is not held", hint=known)
        lock, file = settle(project, ledger, plan)
        for name, attempt in held.items():
            if name in adopt:
                adopted = replace(attempt, state=State.ADOPTED, task_id=adopt[name], error="")
                _record(ledger, lock, file, adopted, pending=adopted)
                click.echo(f"{name}: the next apply waits for task {adopt[name]}")
            elif name in pay_again:
                _record(ledger, lock, file, replace(attempt, state=State.RELEASED), pending=None)
                click.echo(f"{name}: the next apply submits it again")
        file.flush()
    say_settled(plan, project)


def _held(plan: Plan) -> dict[str, Attempt]:
    return {action.shot.name: action.attempt for action in plan.actions if isinstance(action, Hold)}


def _record(
    ledger: SqliteLedger, lock: Lock, file: LockFile, settled: Attempt, *, pending: Attempt | None
) -> None:
    """Record it, and show it in every entry of the lock that waits for this attempt."""
    ledger.record(settled)
    for name, entry in lock.entries.items():
        if entry.pending and entry.pending.request_id == settled.request_id:
            after = replace(entry, pending=pending)
            file.put(name, after if after.pending or after.result else None)

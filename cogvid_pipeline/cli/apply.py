"""`cogvid apply`: generate what the plan says."""

import asyncio
import os
import signal
import sys
import uuid
from decimal import Decimal

import click

from cogvid_pipeline.cli.options import reads_manifest, with_options
from cogvid_pipeline.cli.planning import PLAN_OPTIONS, plan_options, warn
from cogvid_pipeline.cli.progress import watching
from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.engine.outcome import Blocked, Failed, Held, RunReport, Stopped
from cogvid_pipeline.engine.run import ApplyOptions, Run
from cogvid_pipeline.errors import CogvidError, HeldAttempts, Interrupted, UsageError
from cogvid_pipeline.model.plan import Generate, Keep, Plan, PlanOptions, Regenerate, Resume
from cogvid_pipeline.plan.cost import check_limits
from cogvid_pipeline.report.plan_text import plan_text
from cogvid_pipeline.state.exclusive import exclusively
from cogvid_pipeline.state.ledger import SqliteLedger, open_ledger


@click.command()
@click.option("--yes", "-y", is_flag=True, help="Do not ask; needed where there is no terminal.")
@with_options(PLAN_OPTIONS)
@click.option(
    "--max-cost",
    type=float,
    metavar="N",
    help="Submit nothing when the run would cost more than N (exit 6).",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="How many shots are under way at once.",
)
@click.option("--fail-fast", is_flag=True, help="Submit nothing more once a shot has failed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON event a line on stdout.")
@reads_manifest
def command(
    yes: bool,
    replace: tuple[str, ...],
    max_cost: float | None,
    jobs: int,
    fail_fast: bool,
    as_json: bool,
    settings: Settings,
) -> None:
    """Generate what the plan says, download the clips, and record them in the lock.

    Shows the plan and asks first. Whatever ends the run, nothing is paid for twice: run it again and it
    goes on where it was.

    \b
    Examples:
      cogvid apply
      cogvid apply --yes --jobs 8 --max-cost 20
    """
    project = open_project(settings)
    warn(project)
    limit = None if max_cost is None else Decimal(str(max_cost))
    options = ApplyOptions(jobs=jobs, fail_fast=fail_fast)
    with (
        exclusively(project.lock_path, project.state, "cogvid apply"),
        open_ledger(project.state, str(uuid.uuid4())) as ledger,
    ):
        chosen = plan_options(project, replace)
        plan = project.plan(ledger, chosen)
        if not as_json:
            click.echo(plan_text(plan), nl=False)
        check_limits(plan, project.storyboard, project.prices, limit)
        if all(isinstance(action, Keep) for action in plan.actions):
            return
        if plan.pending and not yes:
            _ask()
        report = asyncio.run(_run(project, ledger, plan, chosen, options, as_json=as_json))
    _conclude(report, quiet=as_json)


def _ask() -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "there is no terminal to ask on", hint="read the plan, then run the command again with --yes"
        )
    if not click.confirm("Do this?", err=True):
        raise CogvidError("nothing was done")


async def _run(
    project: Project,
    ledger: SqliteLedger,
    plan: Plan,
    chosen: PlanOptions,
    options: ApplyOptions,
    *,
    as_json: bool,
) -> RunReport:
    from cogvid_pipeline.cli.wiring import make_runner, open_ports

    busy = sum(1 for action in plan.actions if not isinstance(action, Keep))
    with watching(as_json=as_json, total=busy) as observe:
        async with open_ports(project, ledger, observe) as ports:
            if any(isinstance(action, Generate | Regenerate | Resume) for action in plan.actions):
                ports.provider()  # a missing key is said before anything begins
            run = Run(ports, options)
            _heed_signals(run)
            with project.read_ledger() as reading:
                return await make_runner(project, reading, plan, chosen, run).apply()


def _heed_signals(run: Run) -> None:
    """The first Ctrl-C or SIGTERM ends the run in order, the second at once."""

    def on_signal() -> None:
        if run.stopping:
            os._exit(Interrupted.exit_code)
        click.echo(
            "stopping: requests that are out are finished and recorded; again to stop at once", err=True
        )
        run.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)


def _conclude(report: RunReport, *, quiet: bool) -> None:
    """Say how the run ended; raises for everything but success."""
    failed, blocked = report.names(Failed), report.names(Blocked)
    done = len(report.outcomes) - sum(len(report.names(kind)) for kind in (Failed, Blocked, Held, Stopped))
    if report.interrupted:
        raise Interrupted(
            f"stopped; {len(report.names(Stopped))} shots are not finished",
            hint="run the same command again: it goes on where it was",
        )
    if held := report.names(Held):
        raise HeldAttempts(
            f"held: {', '.join(held)}; whether the vendor accepted them is not known, so they were not "
            "submitted again",
            hint="run `cogvid recover` to settle them",
        )
    if failed or blocked:
        because = f", and {len(blocked)} that need their frames" if blocked else ""
        raise CogvidError(f"{len(failed)} shots failed{because}: {', '.join([*failed, *blocked])}")
    if not quiet:
        click.echo(f"Done: {done} shot{'' if done == 1 else 's'} in place.")

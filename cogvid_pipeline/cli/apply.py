"""`cogvid apply`: generate what the plan says."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import wraps
from math import isfinite
from pathlib import Path
from typing import Any

import click

from cogvid_pipeline.cli.conflict import settle_conflict, whole_again
from cogvid_pipeline.cli.crews import ENGINE_OPTION, helped
from cogvid_pipeline.cli.options import Option, reads_manifest, with_options
from cogvid_pipeline.cli.plan_file import load_plan
from cogvid_pipeline.cli.planning import gathers_plan_options, note_unlabelled, warn
from cogvid_pipeline.cli.progress import leave_terminal, watching
from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.saved import asked_again, asked_for, refuse_stale
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cli.sharing import find_store, plan_with
from cogvid_pipeline.cli.streams import paint_for, say
from cogvid_pipeline.cli.tracing import tracing
from cogvid_pipeline.durable import check_writable
from cogvid_pipeline.engine.outcome import Blocked, Failed, Held, RunReport, Stopped
from cogvid_pipeline.engine.run import ApplyOptions, Run
from cogvid_pipeline.engine.take import without_store
from cogvid_pipeline.errors import CogvidError, HeldAttempts, Interrupted, UsageError
from cogvid_pipeline.jobs import Crew
from cogvid_pipeline.listing import counted
from cogvid_pipeline.model.plan import Generate, Keep, Plan, PlanOptions, Regenerate, Repeat, Resume
from cogvid_pipeline.plan.cost import check_limits
from cogvid_pipeline.plan.protect import check_protected
from cogvid_pipeline.provenance.variables import SIGNING_KEY
from cogvid_pipeline.remote.shared import SharedStore
from cogvid_pipeline.report.plan_text import plan_text
from cogvid_pipeline.state.ledger import Ledger

_UNSIGNED = f"note: {SIGNING_KEY} is not set, so that clips are not signed here, and lie as they came"


def _limit(_: click.Context, __: click.Parameter, value: float | None) -> Decimal | None:
    if value is not None and not (isfinite(value) and value >= 0):
        raise click.BadParameter(f"{value} is no amount of money")
    return None if value is None else Decimal(str(value))


@dataclass(frozen=True, slots=True)
class _How:
    """How a run goes about it; the cluster that helps and the file for a trace, if there are any."""

    options: ApplyOptions
    engine: str
    trace: Path | None


def _gathers_run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add how the run goes about it; it arrives as the argument `how`, and in `options`."""

    @wraps(function)
    def gather(
        *args: Any,
        options: PlanOptions,
        jobs: int,
        fail_fast: bool,
        task_timeout: float,
        no_remote: bool,
        engine: str,
        trace: Path | None,
        **rest: Any,
    ) -> Any:
        run = ApplyOptions(jobs=jobs, fail_fast=fail_fast, task_timeout=60 * task_timeout)
        how = _How(run, engine, trace)
        return function(*args, options=replace(options, remote=not no_remote), how=how, **rest)

    return with_options(_RUN_OPTIONS)(gather)


_RUN_OPTIONS: tuple[Option, ...] = (
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        default=4,
        show_default=True,
        help="How many shots are under way at once, in all runs that share the ledger and the key.",
    ),
    click.option(
        "--task-timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=ApplyOptions().task_timeout / 60,
        show_default=True,
        metavar="MINUTES",
        help="How long to wait for a task; one that takes longer is gone on with by the next apply.",
    ),
    click.option(
        "--no-remote",
        is_flag=True,
        help="Do not look into the shared store for clips that colleagues have paid for.",
    ),
    click.option("--fail-fast", is_flag=True, help="Submit nothing more once a shot has failed."),
    click.option(
        "--trace",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write what happens when into a file that Perfetto opens: a row for each shot.",
    ),
    ENGINE_OPTION,
)


@click.command()
@click.argument("saved", required=False, metavar="[PLAN]", type=click.Path(path_type=Path))
@click.option("--yes", "-y", is_flag=True, help="Do not ask; needed where there is no terminal.")
@gathers_plan_options
@click.option(
    "--max-cost",
    type=float,
    callback=_limit,
    metavar="N",
    help="Submit nothing when the run would cost more than N (exit 6).",
)
@_gathers_run_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON event a line on stdout.")
@reads_manifest
@click.pass_context
def command(
    context: click.Context,
    saved: Path | None,
    yes: bool,
    options: PlanOptions,
    max_cost: Decimal | None,
    how: _How,
    as_json: bool,
    settings: Settings,
) -> None:
    """Generate what the plan says, download the clips, and record them in the lock.

    Shows the plan and asks first. Whatever ends the run, nothing is paid for twice: run it again and it
    goes on where it was. With PLAN, a file that `cogvid plan --out` saved, it plans again and does exactly
    what was saved, without asking; where anything has moved since, it says what, and exits with 4.
    Where there is a shared store, it is asked for each clip before that is bought.

    \b
    Examples:
      cogvid apply
      cogvid apply --yes --jobs 8 --max-cost 20
      cogvid apply plan.json
    """
    document = load_plan(saved) if saved else None
    looks = options.remote
    settings, options = asked_for(document, options, settings, context)
    with asked_again(document):
        project = open_project(settings)
    warn(project)
    store = find_store(project) if looks and project.storyboard.provider != "preview" else None
    with project.exclusive_ledger("cogvid apply") as ledger:
        with asked_again(document):
            plan = plan_with(store, project, ledger, options, without_store)
        if document:
            refuse_stale(document, plan)
        if not as_json:
            click.echo(plan_text(plan, paint_for(sys.stdout)), nl=False)
        check_protected(plan)
        check_limits(plan, max_cost)
        if _is_idle(plan) and not as_json:
            note_unlabelled(project)
            return
        if plan.pending and not yes and not document:
            if as_json:  # what is agreed to has to be seen, and stdout is for the events
                click.echo(plan_text(plan, paint_for(sys.stderr)), nl=False, err=True)
            _ask()
        if plan.pending:
            check_writable(project.lock_path)  # before anything is bought, not after
        gc.freeze()  # the storyboard and the plan live to the end; only what the run makes is looked through
        with helped(how.engine, project) as crew:
            report = asyncio.run(_run(project, ledger, plan, how, store, crew, as_json=as_json))
    if plan.conflicted:
        click.echo(whole_again(project), err=True)
    _conclude(report, quiet=as_json, again="plan again" if document else "run the same command again")


def _is_idle(plan: Plan) -> bool:
    return not plan.conflicted and all(isinstance(action, Keep) for action in plan.actions)


def _ask() -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "there is no terminal to ask on", hint="read the plan, then run the command again with --yes"
        )
    if not click.confirm("Do this?", err=True):
        raise CogvidError("nothing was done")


async def _run(
    project: Project,
    ledger: Ledger,
    plan: Plan,
    how: _How,
    store: SharedStore | None,
    crew: Crew | None,
    *,
    as_json: bool,
) -> RunReport:
    from cogvid_pipeline.cli.wiring import make_labeller, make_runner, open_ports

    labeller = make_labeller(project)
    if project.storyboard.provenance and labeller is None:
        click.echo(_UNSIGNED, err=True)
    lock, lock_file = settle_conflict(project, ledger, plan)
    with watching(plan, as_json=as_json) as watch, tracing(how.trace, watch) as observe:
        async with open_ports(project, ledger, lock_file, observe, labeller, store, crew) as ports:
            if any(isinstance(action, Generate | Regenerate | Resume | Repeat) for action in plan.actions):
                ports.provider()  # a missing key is said before anything begins
            run = Run(ports, how.options)
            _heed_signals(run)
            # An earlier Ctrl-C is a cancellation at the next wait by now: here, while nothing is out.
            await asyncio.sleep(0)
            with project.read_ledger() as reading:
                return await make_runner(project, reading, lock, plan, run).apply()


def _heed_signals(run: Run) -> None:
    """The first Ctrl-C, SIGTERM or closed terminal ends the run in order, the second at once."""

    def on_signal() -> None:
        if run.stopping:
            leave_terminal()
            os._exit(Interrupted.exit_code)
        run.stop()
        say("stopping: what is out is finished and recorded; again to stop at once")

    heeded = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        heeded.append(signal.SIGHUP)
    for number in heeded:
        asyncio.get_running_loop().add_signal_handler(number, on_signal)


def _conclude(report: RunReport, *, quiet: bool, again: str) -> None:
    """Say how the run ended, and how it goes on (`again`); raises for everything but success."""
    failed, blocked = report.names(Failed), report.names(Blocked)
    done = len(report.outcomes) - sum(len(report.names(kind)) for kind in (Failed, Blocked, Held, Stopped))
    if report.interrupted:
        raise Interrupted(
            f"stopped; {counted(len(report.names(Stopped)), 'shot')} not finished",
            hint=f"{again}: it goes on where it was",
        )
    failures = "; ".join(
        [
            *([f"{counted(len(failed), 'shot')} failed: {', '.join(failed)}"] if failed else []),
            *([f"{counted(len(blocked), 'shot')} blocked by that: {', '.join(blocked)}"] if blocked else []),
        ]
    )
    if held := report.names(Held):
        more = f"; {failures}" if failed or blocked else ""
        raise HeldAttempts(
            f"held: {', '.join(held)}; whether the vendor accepted them is not known, so they were not "
            f"submitted again{more}",
            hint="run `cogvid recover` to settle them",
        )
    if failed or blocked:
        raise CogvidError(failures)
    if not quiet:
        click.echo(f"Done: {counted(done, 'shot')} in place.")

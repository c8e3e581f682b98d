"""`cogvid pull`: get the clips of the lock from the shared store."""

from dataclasses import dataclass

import click

from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.planning import gathers_selection
from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cli.sharing import need_store
from cogvid_pipeline.cli.transfers import move
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.attempt import Attempt, Clip, LockEntry, Stored
from cogvid_pipeline.model.plan import PlanOptions
from cogvid_pipeline.remote.shared import SharedStore
from cogvid_pipeline.report.events import size_words


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A take whose clip is wanted here."""

    name: str
    result: Attempt
    clip: Clip
    entry: LockEntry


@click.command()
@gathers_selection
@reads_manifest
def command(options: PlanOptions, settings: Settings) -> None:
    """Get the clips that the lock names from the shared store.

    Needs no API key and asks no vendor; `apply` does both, and looks here first. What is on this machine
    already is not fetched again, and what was cut off goes on where it was.

    \b
    Examples:
      cogvid pull
      cogvid pull --select 'act-1.*'
    """
    project = open_project(settings)
    store = need_store(project)
    wanted = [
        _Wanted(name, entry.result, entry.result.clip, entry)
        for name, entry in project.chosen_entries(options)
        if entry.result and entry.result.clip and entry.result.paid
    ]
    fetched: list[str] = []

    def get(each: _Wanted) -> str:
        words = _get(project, store, each)
        if words:
            fetched.append(each.name)
        return words

    with project.exclusive_ledger("cogvid pull") as ledger:
        failed = move(wanted, get, "fetching")
        for each in wanted:
            if each.name not in failed:
                ledger.take_in(each.result)
    there = len(wanted) - len(fetched) - len(failed)
    click.echo(f"{store.address}: {len(fetched)} fetched, {there} here already")
    if failed:
        raise CogvidError(f"not fetched: {', '.join(failed)}")


def _get(project: Project, store: SharedStore, wanted: _Wanted) -> str:
    """Have a take's clip in the cache and under its name. What was done comes back in words."""
    fetched = _bring(project, store, wanted.clip)
    if fetched is None:
        raise CogvidError(
            "the shared store does not have it", hint="`cogvid apply` asks the vendor, free of charge"
        )
    labelled = wanted.entry.labelled
    shown: Stored = labelled if labelled and _bring(project, store, labelled) is not None else wanted.clip
    if project.is_displaced(project.lock, wanted.clip, wanted.name):
        project.clips.place(shown, wanted.name)
    return f"fetched, {size_words(wanted.clip.bytes)}" if fetched else ""


def _bring(project: Project, store: SharedStore, stored: Stored) -> bool | None:
    """Whether a clip had to be fetched to be in the cache; None where it cannot be had."""
    if project.clips.find(stored):
        return False
    staged = project.clips.staging(f"shared {stored.sha256}")
    if not store.fetch(stored, staged):
        return None
    project.clips.adopt(staged, expected=stored.sha256)
    return True

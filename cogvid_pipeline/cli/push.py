"""`cogvid push`: put the clips of the lock into the shared store."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import click

from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.planning import gathers_selection
from cogvid_pipeline.cli.project import Project, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cli.sharing import need_store
from cogvid_pipeline.cli.transfers import move
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.listing import counted
from cogvid_pipeline.model.attempt import Attempt, LockEntry, Stored
from cogvid_pipeline.model.plan import PlanOptions
from cogvid_pipeline.remote.shared import SharedStore
from cogvid_pipeline.report.events import size_words


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A clip, and the attempts of which the store is to say that this is what came of them.

    What is `spare` need not be on this machine.
    """

    name: str
    clip: Stored
    attempts: tuple[Attempt, ...]
    spare: bool


@click.command()
@gathers_selection
@reads_manifest
def command(options: PlanOptions, settings: Settings) -> None:
    """Put the clips of the lock into the shared store, where colleagues find them.

    What is there already is not sent again, so that a push which was cut off goes on where it was. Clips that
    cost nothing are left out. The first push makes the place a store.

    \b
    Examples:
      cogvid push
      cogvid push --select 'tag:hero'
    """
    project = open_project(settings)
    store = need_store(project)
    store.mark(project.storyboard.project)
    parcels = _parcels(project.chosen_entries(options))
    sent: list[str] = []

    def put(parcel: _Parcel) -> str:
        words = _put(project, store, parcel)
        if words:
            sent.append(parcel.clip.sha256)
        return words

    failed = move(parcels, put, "sending")
    there = len(parcels) - len(sent) - len(failed)
    click.echo(f"{store.address}: {counted(len(sent), 'clip')} sent, {there} there already")
    if failed:
        raise CogvidError(f"not sent: {', '.join(dict.fromkeys(failed))}")


def _put(project: Project, store: SharedStore, parcel: _Parcel) -> str:
    """See to it that a parcel is in the store. What was done comes back in words, empty when nothing was."""
    path = project.clips.look(parcel.clip, parcel.name)
    sent = path is not None and store.put_clip(parcel.clip, path)
    if path is None and not store.has(parcel.clip):
        if parcel.spare:
            return ""
        raise CogvidError(
            "its clip is neither on this machine nor in the store",
            hint="`cogvid apply` fetches it, free of charge",
        )
    for attempt in parcel.attempts:
        store.put_record(attempt)
    if path and not sent and not store.has(parcel.clip):  # a gc was faster than the record that keeps it
        sent = store.put_clip(parcel.clip, path)
    return f"sent, {size_words(parcel.clip.bytes)}" if sent else ""


def _parcels(entries: Iterable[tuple[str, LockEntry]]) -> list[_Parcel]:
    """What entries of the lock have, each clip once; of one request the newest result is the one recorded."""
    found: dict[str, _Parcel] = {}
    recorded: set[str] = set()
    for name, stored, attempt, spare in sorted(_contents(entries), key=lambda each: each[3]):
        known = found.get(stored.sha256, _Parcel(name, stored, (), spare))
        new = (attempt,) if attempt and attempt.fingerprint not in recorded else ()
        recorded.update(each.fingerprint for each in new)
        found[stored.sha256] = _Parcel(known.name, stored, (*known.attempts, *new), known.spare)
    return list(found.values())


def _contents(
    entries: Iterable[tuple[str, LockEntry]],
) -> Iterator[tuple[str, Stored, Attempt | None, bool]]:
    for name, entry in entries:
        for attempt in (entry.result, entry.previous):
            if attempt and attempt.clip and attempt.paid:
                yield name, attempt.clip, attempt, attempt is entry.previous
        if entry.labelled and entry.result and entry.result.paid:
            yield name, entry.labelled, None, True

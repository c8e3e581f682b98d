"""What the lock says of each shot, as a table of text."""

from collections.abc import Collection, Sequence

from cogvid_pipeline.model.attempt import Attempt, Clip, Lock, LockEntry
from cogvid_pipeline.report.events import size_words
from cogvid_pipeline.report.printable import display_width, printable


def status_text(names: Sequence[str], lock: Lock, missing: Collection[str], output: str) -> str:
    """A line for each shot in the story's order, then for entries that no shot stands for.

    `missing` names the takes whose file is not there.
    """
    gone = sorted(lock.entries.keys() - set(names))
    rows = [
        *(_row(name, lock.entries.get(name), name in missing, output) for name in names),
        *((name, "not in the manifest", "") for name in gone),
    ]
    widths = [max((display_width(row[column]) for row in rows), default=0) for column in range(2)]
    return "".join(
        f"{name}{' ' * (widths[0] - display_width(name))}  {state:<{widths[1]}}  {rest}".rstrip() + "\n"
        for name, state, rest in rows
    )


def _row(name: str, entry: LockEntry | None, missing: bool, output: str) -> tuple[str, str, str]:
    if entry is None:
        return name, "not generated", ""
    parts = []
    if entry.result and entry.result.clip:
        where = f"{output}/{name}.mp4" if not missing else "file missing; apply brings it back"
        parts.append(f"{where}  {_clip(entry.result.clip)}")
        parts.append(printable(entry.result.provider))
    if entry.pending:
        parts.append(_pending(entry.pending))
    return name, entry.status, "  ".join(parts)


def _clip(clip: Clip) -> str:
    sound = ", sound" if clip.audio else ""
    return (
        f"{clip.width}x{clip.height}, {clip.fps:g} fps, {clip.duration:g} s{sound}, {size_words(clip.bytes)}"
    )


def _pending(attempt: Attempt) -> str:
    provider = printable(attempt.provider)
    task = f"task {printable(attempt.task_id)} at {provider}" if attempt.task_id else provider
    return f"{task}: {printable(attempt.error)}" if attempt.error else task

"""What `gc` removes from the clip cache and what stays, as text and as JSON."""

from collections.abc import Sequence

from cogvid_pipeline.listing import counted
from cogvid_pipeline.model.cache import CacheFile, Reason
from cogvid_pipeline.report.events import size_words
from cogvid_pipeline.report.json_text import FORMAT_VERSION, json_text
from cogvid_pipeline.report.printable import printable

_DAY = 24 * 60 * 60


def cache_text(
    files: Sequence[CacheFile], *, removed: bool, grace_days: int, command: str = "cogvid gc"
) -> str:
    """The files that nobody needs, then how many they are, and what keeps the others.

    `command` is the one that removes them, with `--yes`.
    """
    unused = [file for file in files if file.reason is None]
    lines = [_row(file) for file in unused]
    if lines:
        lines.append("")
    lines.append(_outcome(unused, command, removed=removed))
    if kept := _kept(files, grace_days):
        lines.append(f"Kept: {', '.join(kept)}.")
    return "\n".join(lines) + "\n"


def cache_json(files: Sequence[CacheFile], *, removed: bool, grace_days: int, state: str) -> str:
    """The document that `schemas/gc.schema.json` describes."""
    unused = [file for file in files if file.reason is None]
    document = {
        "format_version": FORMAT_VERSION,
        "removed": removed,
        "grace_days": grace_days,
        "directory": state,
        "unused": [
            {"path": file.path, "bytes": file.bytes, "age_days": round(file.age / _DAY, 2)} for file in unused
        ],
        "bytes": _bytes(unused),
        "kept": {reason.value: _total(files, reason) for reason in Reason},
    }
    return json_text(document)


def _row(file: CacheFile) -> str:
    days = int(file.age // _DAY)
    age = f"{counted(days, 'day')} old" if days else "less than a day old"
    return f"  - {printable(file.path)}  {size_words(file.bytes)}  {age}"


def _outcome(unused: Sequence[CacheFile], command: str, *, removed: bool) -> str:
    if not unused:
        return "Nothing to remove."
    sum_of_all = f"{counted(len(unused), 'file')}, {size_words(_bytes(unused))}"
    if removed:
        return f"Removed: {sum_of_all}."
    return f"Not needed: {sum_of_all}. Nothing was removed; `{command} --yes` does it."


def _kept(files: Sequence[CacheFile], grace_days: int) -> list[str]:
    words = {
        Reason.LOCK: "that a lock names",
        Reason.UNFINISHED: "of unfinished attempts",
        Reason.LEDGER: "that the ledger names",
        Reason.YOUNG: f"younger than {counted(grace_days, 'day')}",
    }
    counts = {reason: sum(file.reason is reason for file in files) for reason in words}
    return [f"{counted(count, 'file')} {words[reason]}" for reason, count in counts.items() if count]


def _total(files: Sequence[CacheFile], reason: Reason) -> dict[str, int]:
    kept = [file for file in files if file.reason is reason]
    return {"files": len(kept), "bytes": _bytes(kept)}


def _bytes(files: Sequence[CacheFile]) -> int:
    return sum(file.bytes for file in files)

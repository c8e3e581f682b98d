"""Keep the lock's entries in step with the run."""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from cogvid_pipeline.engine.ports import LockWriter
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.attempt import Attempt, Clip, Labelled, Lock, LockEntry

# The ledger is the durable record of a run, so the lock may lag behind it by this much.
_SECONDS_BETWEEN_WRITES = 0.5


class LockKeeper:
    """Knows how an attempt changes an entry; writes are gathered, since each one rewrites the file.

    A file in which a merge left conflicts is written even when nothing changes.
    """

    def __init__(self, lock: Lock, writer: LockWriter) -> None:
        self._entries = dict(lock.entries)
        self._writer = writer
        self._labelled = {
            entry.result.clip.sha256: entry.labelled
            for entry in self._entries.values()
            if entry.labelled and entry.result and entry.result.clip
        }
        self._dirty = lock.conflicted

    def pending(self, name: str, attempt: Attempt) -> None:
        """Show an unfinished or failed attempt beside the result."""
        self._put(name, replace(self._entries.get(name, LockEntry()), pending=attempt))

    def result(self, name: str, attempt: Attempt, labelled: Labelled | None = None) -> None:
        """Make a finished attempt the result; the old result becomes the previous one."""
        old = self._entries.get(name, LockEntry())
        anew = old.result is not None and old.result.request_id != attempt.request_id
        previous, its_copy = (old.result, old.labelled) if anew else (old.previous, old.previous_labelled)
        # A preview settles nothing about a paid task that is still out.
        out = old.pending if old.pending and old.pending.paid and not attempt.paid else None
        self._put(name, LockEntry(attempt, out, previous, labelled, its_copy))

    def label(self, name: str, labelled: Labelled | None) -> None:
        """Record what was made of the result's clip."""
        self._put(name, replace(self._entries[name], labelled=labelled))

    def labelled(self, clip: Clip) -> Labelled | None:
        """What was made of a clip before, whichever takes have it."""
        return self._labelled.get(clip.sha256)

    def forget(self, name: str) -> None:
        """Drop an entry."""
        self._entries.pop(name, None)
        self._writer.put(name, None)
        self._dirty = True

    def entry(self, name: str) -> LockEntry:
        """The entry as it is now."""
        return self._entries.get(name, LockEntry())

    async def flush_now_and_then(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Write the lock while the run goes on, never spending more than a twentieth of the time on it."""
        pause = _SECONDS_BETWEEN_WRITES
        while True:
            await sleep(pause)
            started = time.perf_counter()
            # Nothing is lost when it fails: the last flush of the run tries again, and says what is wrong.
            with suppress(CogvidError):
                self.flush()
            pause = max(_SECONDS_BETWEEN_WRITES, 20 * (time.perf_counter() - started))

    def flush(self) -> None:
        """Write what has changed, durably."""
        if self._dirty:
            self._writer.flush()
            self._dirty = False

    def _put(self, name: str, entry: LockEntry) -> None:
        if self._entries.get(name) != entry:
            self._entries[name] = entry
            self._writer.put(name, entry)
            self._dirty = True

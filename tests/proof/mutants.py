"""Mistakes that the proofs must notice, by name. They are made in a process that a test has started."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cogvid_pipeline import durable
from cogvid_pipeline.effects import reached
from cogvid_pipeline.model.attempt import Attempt, Attempts, State
from cogvid_pipeline.model.wire import Submission, Verdict
from cogvid_pipeline.providers.bigmodel import BigModel
from cogvid_pipeline.state import lockfile
from cogvid_pipeline.state.ledger import Ledger

_newest, _intend, _record = Ledger.newest, Ledger.intend, Ledger.record
_submit, _sync = BigModel.submit, durable.sync


def record_the_intent_after_the_post() -> None:
    """The row is written when the answer is there."""

    def look_only(self: Ledger, attempt: Attempt, *, again: bool = False, room: int | None = None) -> Any:
        known = self.newest([attempt.fingerprint]).get(attempt.fingerprint)
        return known if known and known.clip is None else None

    Ledger.intend = look_only  # type: ignore[method-assign]


def post_again_what_is_in_doubt() -> None:
    """A held attempt counts for nothing, and makes way for the next."""

    def certain(self: Ledger, fingerprints: Iterable[str]) -> Attempts:
        found = _newest(self, fingerprints)
        return {key: attempt for key, attempt in found.items() if attempt.state is not State.HELD}

    def intend(self: Ledger, attempt: Attempt, *, again: bool = False, room: int | None = None) -> Any:
        live = _intend(self, attempt, again=again)
        if not isinstance(live, Attempt) or live.state is not State.HELD:
            return live
        _record(self, replace(live, state=State.RELEASED))
        return _intend(self, attempt, again=again)

    Ledger.newest = certain  # type: ignore[method-assign]
    Ledger.intend = intend  # type: ignore[method-assign]


def leave_the_task_id_to_the_lock() -> None:
    """What was accepted is not recorded in the ledger."""

    def record(self: Ledger, attempt: Attempt) -> Attempt:
        return attempt if attempt.state is State.ACCEPTED else _record(self, attempt)

    Ledger.record = record  # type: ignore[method-assign]


def send_a_new_request_id_each_time() -> None:
    """A vendor that would know a request again is not told that it is the same one."""

    async def submit(self: BigModel, submission: Submission) -> Verdict:
        return await _submit(self, replace(submission, request_id=str(uuid.uuid4())))

    BigModel.submit = submit  # type: ignore[method-assign]


def write_the_lock_in_place() -> None:
    """No temporary file."""

    def write(path: Path, data: bytes) -> None:
        path.write_bytes(data)
        reached("written", path)

    lockfile.replace_durably = write  # type: ignore[attr-defined]


def sync_no_file() -> None:
    durable.sync = lambda path: _sync(path) if path.is_dir() else None


def sync_no_directory() -> None:
    durable.sync = lambda path: None if path.is_dir() else _sync(path)


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (
        record_the_intent_after_the_post,
        post_again_what_is_in_doubt,
        leave_the_task_id_to_the_lock,
        send_a_new_request_id_each_time,
        write_the_lock_in_place,
        sync_no_file,
        sync_no_directory,
    )
}

"""The record of one request in the shared store: a lock with a single entry, and as hostile as any."""

import json
from collections.abc import Callable

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, LockEntry
from cogvid_pipeline.state.lockformat import Malformed, entry_data, read_entry
from cogvid_pipeline.state.locktext import VERSION, Source, decode, take_apart

# Far above what a prompt of 512 characters and its parameters need.
LARGEST = 64 * 1024

_NAME = "clip"
_HINT = "whoever may write there can remove it, and push the clip again"


def write_record(attempt: Attempt) -> bytes:
    """The record of an attempt that has its clip; addresses in it lose what may be secret."""
    entry = entry_data(_NAME, LockEntry(attempt), "")
    del entry["result"]["clip"]["path"]
    document = {"version": VERSION, "shots": {_NAME: entry}}
    return (json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def read_record(name: str, data: bytes, fingerprint: str, genuine: Callable[[Attempt], bool]) -> Attempt:
    """The attempt that a record under this fingerprint is about.

    Raises StateError unless it is well-formed and of a paid clip, and its request is the one of its
    fingerprint, as `genuine` tells.
    """
    source = Source(name, hint=_HINT)
    document = take_apart(source, decode(source, data))
    ((_, member),) = document.entries if len(document.entries) == 1 else ((None, None),)
    if member is None:
        raise source.broken(1, "it has not exactly one entry")
    try:
        attempt = read_entry(_NAME, member.data).result
    except Malformed as error:
        raise document.broken(member, f"{'.'.join(error.path)} {error.message}") from None
    if attempt is None or not attempt.paid:
        raise StateError(f"{name} has no clip that was paid for", hint=_HINT)
    if attempt.fingerprint != fingerprint or not genuine(attempt):
        raise StateError(f"{name} is about another request than its name says", hint=_HINT)
    return attempt

"""Locks of the operating system, which end with the process that holds them."""

import fcntl
import hashlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from cogvid_pipeline.durable import make_ignored_directory, write_failures_named
from cogvid_pipeline.errors import StateError

# Descriptors of lock files that this process has open; those of its parent are not among them.
_held: set[int] = set()


def _let_go() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


# A forked child shares its parent's locks, and would keep them when the parent is killed.
os.register_at_fork(after_in_child=_let_go)


@contextmanager
def exclusively(lock_path: Path, state: Path, what: str) -> Iterator[None]:
    """Be the only one who works on this lock file.

    `what` is the command that is run, for the message that others get. Raises StateError, which names the
    holder, when another process is working on it.
    """
    digest = hashlib.sha256(os.fsencode(lock_path.resolve())).hexdigest()
    path = make_ignored_directory(state, "applies") / f"{digest[:32]}.lock"
    with _lock_file(path) as descriptor:
        if not _locked(descriptor):
            raise StateError(
                f"{_holder(path)} is working on {lock_path}",
                hint="wait until it has finished, or stop it; what it has submitted is recorded",
            )
        with write_failures_named(path):
            _introduce(descriptor, what)
        yield


@contextmanager
def running(state: Path, run: str, what: str = "cogvid") -> Iterator[None]:
    """Show others that this run is alive, for as long as the process lives and the block lasts.

    `what` is the command that is run.
    """
    make_ignored_directory(state, "runs")
    path = _run_file(state, run)
    with ExitStack() as stack:
        # In turn, so that nobody who looks for runs can take a lock that is about to be taken here.
        with in_turn(state):
            descriptor = stack.enter_context(_lock_file(path))
            if not _locked(descriptor):
                raise StateError(f"the run {run} is going on already")
            with write_failures_named(path):
                _introduce(descriptor, what)
        try:
            yield
        finally:
            if descriptor in _held:
                path.unlink(missing_ok=True)


@contextmanager
def in_turn(state: Path) -> Iterator[None]:
    """Wait until no other process is in such a block; meant for what takes a moment."""
    with _lock_file(state, os.O_RDONLY) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def between_runs(state: Path) -> Iterator[None]:
    """Be where no run is alive; one that wants to begin waits until the block has ended.

    Raises StateError, which names the holder, when a run is alive.
    """
    with in_turn(state):
        for path in (state / "runs").glob("*.lock"):
            with write_failures_named(path):
                alive = is_running(state, path.stem)
            if alive:
                raise StateError(
                    f"{_holder(path)} is using {state}", hint="run the command again when that has finished"
                )
        yield


def holder(state: Path, run: str) -> str | None:
    """Who that run is, in words; None when its process is not alive."""
    return _holder(_run_file(state, run)) if is_running(state, run) else None


def is_running(state: Path, run: str) -> bool:
    """Whether the process of that run is alive; writes nothing."""
    try:
        descriptor = os.open(_run_file(state, run), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _locked(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _lock_file(path: Path, mode: int = os.O_RDWR | os.O_CREAT) -> Iterator[int]:
    with write_failures_named(path):
        descriptor = os.open(path, mode, 0o666)
    _held.add(descriptor)
    try:
        yield descriptor
    finally:
        if descriptor in _held:
            _held.discard(descriptor)
            os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _introduce(descriptor: int, what: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(introduction(what)).encode(), 0)


def _run_file(state: Path, run: str) -> Path:
    return state / "runs" / f"{run}.lock"


def _holder(path: Path) -> str:
    """Who holds the lock; it may not have said so yet, or have ended just now."""
    try:
        holder = json.loads(path.read_bytes())
    except (ValueError, FileNotFoundError):
        return "another cogvid"
    return in_words(holder)


def introduction(what: str) -> dict[str, Any]:
    """Who this process is, for others to read."""
    since = datetime.now().astimezone().strftime("%H:%M")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since, "what": what}


def in_words(holder: Mapping[str, Any]) -> str:
    """An introduction as others are shown it."""
    elsewhere = "" if holder["host"] == socket.gethostname() else f" on {holder['host']}"
    return f"another cogvid (pid {holder['pid']}{elsewhere}, since {holder['since']}, `{holder['what']}`)"

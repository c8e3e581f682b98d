"""Find out which clips the locks and the unfinished attempts of a project need."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import State
from cogvid_pipeline.model.cache import Needed
from cogvid_pipeline.state.ledger import Ledger
from cogvid_pipeline.state.places import find_repository
from cogvid_pipeline.state.revisions import Revisions

_LOCK = ".lock"
_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_LIVE = frozenset({State.INTENT, State.ACCEPTED, State.ADOPTED, State.HELD})
_BLOCK = 1024 * 1024


def find_needed(directory: Path, ledger: Ledger, *, since: float, shared: bool) -> Needed:
    """What the project in a directory needs.

    Needed is what any lock names that can be seen from there, or that a commit since then (in seconds since
    the epoch) has changed. With `shared`, other projects keep their records in this ledger, so all that it
    names is needed. Raises StateError unless all locks and the whole ledger can be read.
    """
    unfinished: set[str] = set()
    downloads: set[str] = set()
    recorded: set[str] = set()
    for attempt in ledger.in_states(State if shared else _LIVE):
        named = digests_in([json.dumps(dict(attempt.request)).encode()])
        if attempt.state in _LIVE:
            downloads.add(attempt.request_id)
            unfinished |= named
        elif attempt.clip:
            recorded |= {attempt.clip.sha256, *named}
    return Needed(
        frozenset(digest for lock in _locks(directory, since) for digest in digests_in(lock)),
        frozenset(unfinished),
        frozenset(downloads),
        frozenset(recorded),
    )


def digests_in(blocks: Iterable[bytes]) -> set[str]:
    """Whatever may be a digest in a text, which comes in blocks.

    A lock with a conflict, a mistake or a version from the future names clips as well as any other does.
    """
    found: set[str] = set()
    before = b""
    for block in blocks:
        text = before + block
        found.update(digest.decode() for digest in _DIGEST.findall(text))
        before = text[-64:]
    return found


def _locks(directory: Path, since: float) -> Iterator[Iterable[bytes]]:
    """Every lock of the repository around a directory, or outside of git those in it, as blocks of bytes.

    The locks of other tools are among them; they name no clip.
    """
    repository = find_repository(directory)
    if repository is None:
        yield from _on_disk(_below(directory, deep=False))
        return
    revisions = Revisions(directory, repository)
    for tree in revisions.work_trees():
        yield from _on_disk(_below(tree, deep=True))
    yield from revisions.versions(_LOCK, since=since)


def _below(top: Path, *, deep: bool) -> Iterator[Path]:
    """The locks in a directory, whether git knows them or not, and with `deep` in all that are below it."""
    for at, directories, names in os.walk(top, onerror=_refuse_unread):
        directories[:] = [name for name in directories if deep and name != ".git"]
        yield from (Path(at, name) for name in names if name.endswith(_LOCK))


def _on_disk(paths: Iterable[Path]) -> Iterator[Iterator[bytes]]:
    for path in paths:
        try:
            if path.is_file():
                yield _blocks(path)
        except OSError as error:
            raise _unreadable(path, error) from error


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except FileNotFoundError:
        return  # another tool's, removed since it was listed
    except OSError as error:
        raise _unreadable(path, error) from error


def _refuse_unread(error: OSError) -> NoReturn:
    raise _unreadable(error.filename, error) from error


def _unreadable(path: Path | str, error: OSError) -> StateError:
    return StateError(
        f"cannot read {path}: {error.strerror}, so what it needs cannot be known",
        hint="make it readable, or move it out of the project",
    )

"""What no gc may remove: whatever a lock names anywhere, and what unfinished attempts need."""

import os
import time
from pathlib import Path

import pytest

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, LockEntry, State
from cogvid_pipeline.model.cache import Needed, Reason
from cogvid_pipeline.state.lockfile import LockFile
from cogvid_pipeline.state.needed import digests_in, find_needed
from cogvid_pipeline.state.opening import open_ledger, read_ledger
from tests.attempts import hex_digest, make_attempt, make_unfinished
from tests.repository import commit, git, make_repository, write

DAY = 24 * 60 * 60


def needed(directory: Path, *, days: float = 0, shared: bool = False) -> Needed:
    with read_ledger(directory / "state") as ledger:
        return find_needed(directory, ledger, since=time.time() - days * DAY, shared=shared)


def record(directory: Path, *attempts: Attempt) -> None:
    with open_ledger(directory / "state", "run") as ledger:
        for attempt in attempts:
            ledger.record(attempt)


def digests(*names: str) -> set[str]:
    return {hex_digest(name) for name in names}


def naming(*names: str) -> str:
    """The text of something that names these clips."""
    return "".join(f'"sha256": "{hex_digest(name)}",\n' for name in names)


# --- digests in a text --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f'"{hex_digest("a")}"',
        f"sha256:{hex_digest('a')}",
        hex_digest("a"),
        f"<<<<<<< ours\n{hex_digest('a')}\n=======\n",
        f"frame:sha256:{hex_digest('a')}:last",
    ],
)
def test_a_digest_is_found_in_whatever_is_around_it(text: str) -> None:
    assert digests_in([text.encode()]) == digests("a")


@pytest.mark.parametrize("text", ["", "a" * 63, "a" * 65, "a" * 128, "A" * 64, "g" * 64])
def test_what_is_no_digest_is_not_found(text: str) -> None:
    assert digests_in([text.encode()]) == set()


@pytest.mark.parametrize("size", [1, 63, 64, 65, 100])
def test_a_digest_is_found_across_the_borders_of_blocks(size: int) -> None:
    data = ("\xff not UTF-8 " + naming("a", "b", "c")).encode("latin-1")

    found = digests_in(data[start : start + size] for start in range(0, len(data), size))

    assert found >= digests("a", "b", "c")


# --- what locks name ----------------------------------------------------------------------------------


def test_everything_in_a_lock_counts(tmp_path: Path) -> None:
    frame = f"frame:sha256:{hex_digest('upstream')}:last"
    attempt = make_attempt("new", request={"model": "cogvideox-3", "image": [frame]})
    lock = LockFile(tmp_path / "cogvid.lock", "renders")
    lock.put("walk", LockEntry(attempt, make_unfinished("next"), make_attempt("old")))
    lock.flush()

    assert digests("upstream", "clip new", "clip old") <= needed(tmp_path).locked


def test_outside_of_git_the_locks_beside_the_manifest_count(tmp_path: Path) -> None:
    write(tmp_path / "cogvid.lock", naming("a"))
    write(tmp_path / "cogvid.final.lock", naming("b"))
    write(tmp_path / "deeper/cogvid.lock", naming("c"))
    write(tmp_path / "cogvid.yaml", naming("d"))

    assert needed(tmp_path).locked == digests("a", "b")


def test_in_a_repository_every_work_tree_counts_as_it_is_on_the_disk(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository")
    commit(repository, "film/cogvid.lock", naming("committed"))
    git(repository, "worktree", "add", "-q", "../other")
    write(tmp_path / "other/film/cogvid.lock", naming("changed"))
    write(repository / "another film/cogvid.final.lock", naming("untracked"))
    write(repository / ".gitignore", "ignored\n")
    write(repository / "ignored/film.lock", naming("ignored"))
    write(repository / ".git/cogvid/cogvid.lock", naming("no lock of a project"))

    everything = digests("committed", "changed", "untracked", "ignored")
    for directory in (repository, repository / "film", tmp_path / "other/film"):
        assert needed(directory).locked == everything


def test_a_lock_that_nobody_could_read_keeps_its_clips_too(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository")
    conflict = f"<<<<<<< HEAD\n{naming('ours')}=======\n{naming('theirs')}>>>>>>> side\n"
    write(repository / "conflict.lock", conflict)
    write(repository / "future.lock", f'{{"version": 99, "clips": [{naming("future")}]}}')
    write(repository / "binary.lock", b"\xff\xfe\x00" + naming("binary").encode() + b"\x80")
    write(repository / "large.lock", "x" * 10_000_000 + naming("large"))
    write(repository / "deep.lock", "[" * 100_000 + naming("deep"))

    assert needed(repository).locked == digests("ours", "theirs", "future", "binary", "large", "deep")
    git(repository, "add", "--all")
    git(repository, "stash")
    assert needed(repository).locked == digests("ours", "theirs", "future", "binary", "large", "deep")


def test_a_link_to_a_lock_is_followed_and_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/film", naming("linked"))
    project = tmp_path / "project"
    project.mkdir()
    (project / "cogvid.lock").symlink_to(tmp_path / "elsewhere/film")
    (project / ".#cogvid.lock").symlink_to("fox@example.com.4711")
    (project / "self.lock").symlink_to("self.lock")
    (project / "directory.lock").mkdir()
    os.mkfifo(project / "pipe.lock")

    assert needed(project).locked == digests("linked")


def test_what_a_lock_named_lately_counts(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository")
    commit(repository, "cogvid.lock", naming("before"), days_ago=100)
    commit(repository, "cogvid.lock", naming("after"), days_ago=20)

    assert needed(repository, days=10).locked == digests("after")
    assert needed(repository, days=30).locked == digests("before", "after")


@pytest.mark.parametrize(
    ("target", "reason"), [("/proc/self/mem", "Input/output error"), ("x" * 300, "File name too long")]
)
def test_a_lock_that_cannot_be_read_is_an_error(tmp_path: Path, target: str, reason: str) -> None:
    repository = make_repository(tmp_path / "repository")
    (repository / "cogvid.lock").symlink_to(target)

    with pytest.raises(StateError, match=rf"cannot read .*cogvid\.lock: {reason}, so what it needs"):
        needed(repository)


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with read_ledger(tmp_path) as ledger, pytest.raises(StateError, match=r"cannot read .*gone: No such"):
        find_needed(tmp_path / "gone", ledger, since=0, shared=False)


# --- what attempts need -------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.INTENT, State.ACCEPTED, State.ADOPTED, State.HELD])
def test_an_unfinished_attempt_needs_its_download_and_its_frames(tmp_path: Path, state: State) -> None:
    images = [f"frame:sha256:{hex_digest('first')}:last", f"frame:sha256:{hex_digest('second')}:1.5"]
    record(tmp_path, make_unfinished("walk", state, request={"model": "cogvideox-3", "image": images}))

    found = needed(tmp_path)

    assert found.unfinished == digests("first", "second")
    assert found.downloads == {"request-walk"}
    assert found.clip(hex_digest("first")) is Reason.UNFINISHED


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.REFUSED, State.RELEASED])
def test_a_finished_attempt_needs_nothing(tmp_path: Path, state: State) -> None:
    record(tmp_path, make_attempt("walk", state=state))

    assert needed(tmp_path) == Needed(frozenset(), frozenset(), frozenset(), frozenset())


def test_in_a_shared_ledger_whatever_it_names_is_needed(tmp_path: Path) -> None:
    request = {"model": "cogvideox-3", "image": [f"frame:sha256:{hex_digest('upstream')}:first"]}
    record(
        tmp_path,
        make_attempt("walk"),
        make_attempt("run", request=request),
        make_unfinished("later"),
        make_unfinished("failed", State.FAILED),
    )

    found = needed(tmp_path, shared=True)

    assert found.recorded == digests("clip walk", "clip run", "upstream")
    assert found.downloads == {"request-later"}
    assert found.clip(hex_digest("clip walk")) is Reason.LEDGER


def test_a_lock_is_the_strongest_reason() -> None:
    digest = hex_digest("a")
    every = frozenset({digest})
    none: frozenset[str] = frozenset()

    assert Needed(every, every, none, every).clip(digest) is Reason.LOCK
    assert Needed(none, every, none, every).clip(digest) is Reason.UNFINISHED
    assert Needed(none, none, every, none).clip(digest) is None

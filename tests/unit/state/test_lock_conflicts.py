"""A lock in which a merge left conflicts: each entry is found whole, or the file is refused."""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, Clip, Lock, LockEntry, State
from cogvid_pipeline.plan.fingerprint import fingerprint
from cogvid_pipeline.state import locksides
from cogvid_pipeline.state.lockfile import LockFile, read_lock
from tests.attempts import hex_digest, make_attempt, make_unfinished
from tests.boards import DEFAULTS
from tests.repository import commit, git, leave_unmerged, make_repository

Entries = Mapping[str, LockEntry]
STYLES = ([], ["--diff3"], ["--zdiff3"])


def entry(of: str, **more: Any) -> LockEntry:
    return LockEntry(make_attempt(of), **more)


def text_of(entries: Entries, directory: Path) -> bytes:
    """A lock with these entries, as cogvid writes it."""
    path = directory / "written.lock"
    path.write_text('{\n  "shots": {},\n  "version": 1\n}\n')
    file = LockFile(path, "renders")
    for name, one in entries.items():
        file.put(name, one)
    file.flush()
    return path.read_bytes()


def in_order(entries: Iterable[tuple[str, LockEntry]]) -> list[tuple[str, LockEntry]]:
    """Each of them once."""

    def key(pair: tuple[str, LockEntry]) -> tuple[str, ...]:
        name, one = pair
        return name, one.status, *(attempt.request_id for attempt in one.attempts)

    different = {key(pair): pair for pair in entries}
    return [different[one] for one in sorted(different)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "film")


@pytest.fixture
def path(root: Path) -> Path:
    return root / "cogvid.lock"


def clash(root: Path, base: Entries, ours: Entries, theirs: Entries, *options: str) -> None:
    """Have git merge these locks, which ends in a conflict."""
    assert leave_unmerged(
        root, "cogvid.lock", *(text_of(entries, root.parent) for entries in (base, ours, theirs)), *options
    )


BASE = {"arrival": entry("arrival"), "zoo": entry("zoo")}
NEIGHBOURS = BASE, {**BASE, "lantern": entry("lantern")}, {**BASE, "morph": entry("morph")}
SAME_SHOT = BASE, {**BASE, "arrival": entry("ours")}, {**BASE, "arrival": entry("theirs")}


@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("with_git", [True, False])
def test_neighbouring_additions_are_both_read(
    path: Path, root: Path, style: list[str], with_git: bool
) -> None:
    clash(root, *NEIGHBOURS, *style)
    if not with_git:
        shutil.rmtree(root / ".git")

    lock = read_lock(path)

    assert lock.entries == {**BASE, "lantern": entry("lantern"), "morph": entry("morph")}
    assert lock.conflicted
    assert lock.alternatives == {}


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_a_shot_that_both_sides_have_is_read_from_both(path: Path, root: Path, style: list[str]) -> None:
    clash(root, *SAME_SHOT, *style)

    lock = read_lock(path)

    assert lock.alternatives == {"arrival": (entry("ours"), entry("theirs"))}
    assert lock.entries == {"arrival": entry("ours"), "zoo": entry("zoo")}


def test_a_side_that_dropped_an_entry_does_not_hide_it(path: Path, root: Path) -> None:
    base, ours, theirs = SAME_SHOT

    clash(root, base, {"arrival": ours["arrival"]}, theirs)

    assert read_lock(path).entries["zoo"] == entry("zoo")


def test_an_entry_that_git_merges_line_by_line_is_taken_whole_from_either_side(
    path: Path, root: Path
) -> None:
    request = {"model": "cogvideox-3", "prompt": "A fox walks.", "duration": 5}
    base = LockEntry(make_attempt("base", request=request))
    ours = LockEntry(make_attempt("ours", request={**request, "duration": 10}))
    theirs = LockEntry(make_attempt("theirs", request={**request, "prompt": "A fox runs."}))

    clash(root, *({"walk": one} for one in (base, ours, theirs)))

    assert read_lock(path).alternatives == {"walk": (ours, theirs)}


def test_without_git_a_conflict_that_goes_through_an_entry_of_both_sides_is_refused(
    path: Path, root: Path
) -> None:
    clash(root, *SAME_SHOT)
    shutil.rmtree(root / ".git")

    with pytest.raises(StateError, match=r"cogvid\.lock:3: .* goes through shots\.arrival") as caught:
        read_lock(path)

    assert "git checkout COMMIT -- cogvid.lock" in caught.value.hint


def test_without_git_whole_entries_between_markers_are_read(path: Path, root: Path) -> None:
    texts = [text_of({"walk": entry(of)}, root.parent).decode().split("\n") for of in ("ours", "theirs")]
    ours, theirs = (text[2:-4] for text in texts)
    lines = [*texts[0][:2], "<<<<<<< a", *ours, "=======", *theirs, ">>>>>>> b", *texts[0][-4:]]
    path.write_text("\n".join(lines))

    assert read_lock(path).alternatives == {"walk": (entry("ours"), entry("theirs"))}


def test_without_git_an_entry_whose_request_is_not_its_own_is_refused(path: Path, root: Path) -> None:
    clash(root, *NEIGHBOURS)
    shutil.rmtree(root / ".git")

    with pytest.raises(StateError, match=r"shots\.lantern, which may be a mixture"):
        read_lock(path, genuine=lambda attempt: attempt != make_attempt("lantern"))


def test_without_git_an_entry_with_the_clip_of_another_is_refused(path: Path, root: Path) -> None:
    clash(root, *NEIGHBOURS)
    shutil.rmtree(root / ".git")
    path.write_text(path.read_text().replace("renders/lantern.mp4", "renders/morph.mp4"))

    with pytest.raises(StateError, match=r"shots\.lantern, which may be a mixture"):
        read_lock(path)


def test_markers_of_any_size_and_windows_line_ends_are_read(path: Path, root: Path) -> None:
    base, ours, theirs = (text_of(entries, root.parent) for entries in SAME_SHOT)
    windows = [text.replace(b"\n", b"\r\n") for text in (base, ours, theirs)]

    assert leave_unmerged(
        root, "cogvid.lock", *windows, "--marker-size=12", "-L", "a 狐狸", "-L", "", "-L", "="
    )

    assert b"\r\n============\r\n" in path.read_bytes()
    assert read_lock(path).alternatives == {"arrival": (entry("ours"), entry("theirs"))}


def test_what_git_keeps_after_git_add_is_used_too(root: Path, path: Path) -> None:
    for entries, branch in zip(SAME_SHOT, ("main", "ours", "theirs"), strict=True):
        git(root, "checkout", "-q", "-B", branch)
        commit(root, path.name, text_of(entries, root.parent))
        git(root, "checkout", "-q", "main")
    git(root, "merge", "-q", "ours")
    git(root, "merge", "-q", "theirs", fails=True)
    commit(root, path.name, path.read_bytes())

    assert read_lock(path).alternatives == {"arrival": (entry("ours"), entry("theirs"))}


def test_a_file_without_markers_is_read_as_it_is_although_git_has_it_as_unmerged(
    path: Path, root: Path
) -> None:
    clash(root, *SAME_SHOT)
    path.write_bytes(text_of(SAME_SHOT[2], root.parent))

    assert read_lock(path) == Lock(SAME_SHOT[2], read_lock(path).digest)


def test_a_lock_in_a_directory_of_its_own_and_in_a_linked_work_tree_is_found(
    root: Path, tmp_path: Path
) -> None:
    git(root, "worktree", "add", "-q", str(tmp_path / "linked"))
    below = tmp_path / "linked" / "act one [*]"
    below.mkdir()
    clash(tmp_path / "linked", *SAME_SHOT)
    staged = git(tmp_path / "linked", "ls-files", "-u").replace("cogvid.lock", "act one [*]/cogvid.lock")
    git(tmp_path / "linked", "update-index", "--index-info", stdin=f"{staged}\n")
    (tmp_path / "linked" / "cogvid.lock").rename(below / "cogvid.lock")

    assert read_lock(below / "cogvid.lock").alternatives == {"arrival": (entry("ours"), entry("theirs"))}


def test_what_a_hook_is_told_of_the_repository_leads_nowhere_else(
    path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clash(root, *SAME_SHOT)
    for name in ("GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, "elsewhere")

    assert "arrival" in read_lock(path).alternatives


def test_nothing_that_a_repository_configures_is_run(path: Path, root: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    clash(root, *SAME_SHOT)
    for name in ("core.fsmonitor", "core.pager", "filter.x.smudge", "filter.x.clean", "diff.x.textconv"):
        git(root, "config", name, str(trap))
    (root / ".gitattributes").write_text("* filter=x diff=x\n")
    (root / ".git" / "hooks").mkdir(exist_ok=True)
    for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout"):
        shutil.copy(trap, root / ".git" / "hooks" / hook)

    assert "arrival" in read_lock(path).alternatives
    assert not (tmp_path / "sprung").exists()


def test_reading_changes_nothing_in_the_repository(path: Path, root: Path) -> None:
    clash(root, *SAME_SHOT)
    before = {one: one.stat().st_mtime_ns for one in root.rglob("*")}

    read_lock(path)

    assert {one: one.stat().st_mtime_ns for one in root.rglob("*")} == before


def test_a_side_that_is_too_large_is_not_read_from_the_index(
    path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locksides, "_LARGEST", 100_000)
    base, ours, theirs = (text_of(entries, root.parent) for entries in SAME_SHOT)
    leave_unmerged(root, "cogvid.lock", base, ours, theirs)
    (root / "large").write_bytes(b" " * 100_001)
    blob = git(root, "hash-object", "-w", "large")
    git(root, "update-index", "--index-info", stdin=f"100644 {blob} 3\tcogvid.lock\n")

    with pytest.raises(StateError, match="mixture"):
        read_lock(path)


def test_without_the_program_git_the_markers_are_what_there_is(
    path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clash(root, *NEIGHBOURS)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert read_lock(path).entries.keys() == {"arrival", "lantern", "morph", "zoo"}


@pytest.mark.parametrize(("stage", "whose", "other"), [(2, "our", "theirs"), (3, "their", "ours")])
def test_a_side_that_is_no_lock_is_named_with_its_line(
    path: Path, root: Path, stage: int, whose: str, other: str
) -> None:
    texts = [text_of(entries, root.parent) for entries in SAME_SHOT]
    texts[stage - 1] = texts[stage - 1].replace(b'"status": "succeeded"', b'"status": "gone"', 1)
    assert leave_unmerged(root, "cogvid.lock", *texts)

    with pytest.raises(StateError) as caught:
        read_lock(path)

    assert f"cogvid.lock of {whose} side (`git show :{stage}:./cogvid.lock`):3: not a lock" in str(
        caught.value
    )
    assert f"git checkout --{other} cogvid.lock" in caught.value.hint


def test_a_side_that_was_committed_with_markers_is_named(path: Path, root: Path) -> None:
    base, ours, theirs = (text_of(entries, root.parent) for entries in SAME_SHOT)
    leave_unmerged(root, "cogvid.lock", base, ours, theirs)
    assert leave_unmerged(root, "cogvid.lock", base, ours, path.read_bytes())

    with pytest.raises(StateError, match=r"their side .*:\d+: .* it was committed with conflict markers"):
        read_lock(path)


def test_a_side_of_a_later_version_is_refused_by_its_number(path: Path, root: Path) -> None:
    texts = [text_of(entries, root.parent) for entries in SAME_SHOT]
    texts[2] = texts[2].replace(b'"version": 1', b'"version": 2')
    assert leave_unmerged(root, "cogvid.lock", *texts)

    with pytest.raises(StateError, match=r"their side .* has version 2; this cogvid reads version 1"):
        read_lock(path)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_marker_that_stands_where_none_can_is_shown_with_its_line(tmp_path: Path, end: str) -> None:
    lines = ["{", '  "shots": {', "<<<<<<< HEAD", '    "a": {}', "<<<<<<< HEAD", "=======", ">>>>>>> x", "}}"]
    path = tmp_path / "cogvid.lock"
    path.write_bytes(end.join(lines).encode())

    with pytest.raises(StateError) as caught:
        read_lock(path)

    assert str(caught.value) == f"{path}:5: a conflict marker (<<<<<<<) stands where none can"


def test_a_side_between_markers_that_is_no_json_is_shown_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "cogvid.lock"
    path.write_text('{\n"shots": {},\n<<<<<<< a\n"version": 1\n=======\n"version": one\n>>>>>>> b\n}\n')

    with pytest.raises(StateError, match=r":6: not a lock of cogvid on their side of a conflict: Expecting"):
        read_lock(path)


def test_a_take_that_git_merged_in_twice_is_read_from_both(path: Path, root: Path) -> None:
    base = {"walk": entry("walk")}
    renamed, added = {"zoo": entry("walk")}, {**base, "zoo": entry("zoo")}

    assert not leave_unmerged(
        root, "cogvid.lock", *(text_of(entries, root.parent) for entries in (base, renamed, added))
    )

    assert read_lock(path).alternatives == {"zoo": (entry("walk"), entry("zoo"))}
    assert read_lock(path).conflicted


def test_a_file_in_conflict_is_written_whole_and_only_when_it_is_the_one_that_was_read(
    path: Path, root: Path
) -> None:
    clash(root, *SAME_SHOT)
    file = LockFile(path, "renders")
    file.settle(read_lock(path).digest, {"arrival": entry("theirs")})
    marked = path.read_bytes()
    clash(root, BASE, {**BASE, "arrival": entry("again")}, SAME_SHOT[2])

    with pytest.raises(StateError, match=r"a merge has left conflicts in .* since this run began"):
        file.flush()

    path.write_bytes(marked)
    with pytest.raises(StateError, match="since this run began"):
        file.flush()  # the index has other sides now
    clash(root, *SAME_SHOT)
    file.flush()
    assert path.read_bytes() == text_of({**BASE, "arrival": entry("theirs")}, root.parent)


def test_nothing_is_put_into_a_file_in_conflict_unless_the_conflict_is_settled(
    path: Path, root: Path
) -> None:
    clash(root, *NEIGHBOURS)
    marked = path.read_bytes()
    file = LockFile(path, "renders")
    file.put("walk", entry("walk"))

    with pytest.raises(StateError, match="since this run began"):
        file.flush()

    assert path.read_bytes() == marked


def test_what_was_read_from_between_markers_is_written_without_gaps(path: Path, root: Path) -> None:
    clash(root, *NEIGHBOURS)
    shutil.rmtree(root / ".git")
    file = LockFile(path, "renders")
    file.settle(read_lock(path).digest, {})
    file.flush()

    assert path.read_bytes() == text_of({**NEIGHBOURS[1], **NEIGHBOURS[2]}, root.parent)


def test_what_a_later_version_wrote_stays_when_a_conflict_is_settled(path: Path, root: Path) -> None:
    texts = [text_of(entries, root.parent) for entries in NEIGHBOURS]
    data = json.loads(texts[2]) | {"note": [1.5]}
    data["shots"]["morph"]["from later"] = 7
    texts[2] = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False).encode()
    assert leave_unmerged(root, "cogvid.lock", *texts)
    file = LockFile(path, "renders")
    file.settle(read_lock(path).digest, {})
    file.flush()

    data["shots"]["lantern"] = json.loads(texts[1])["shots"]["lantern"]
    assert json.loads(path.read_text()) == data


# --- whatever was merged --------------------------------------------------------------------------------

NAMES = "abcdef"


@st.composite
def histories(draw: st.DrawFn) -> tuple[Entries, Entries, Entries]:
    """A base and what two people made of it, as cogvid would have written it."""
    count = iter(range(1000))

    def attempt(state: State = State.SUCCEEDED) -> Attempt:
        number = next(count)
        request = {"model": "cogvideox-3", "prompt": draw(st.sampled_from(["A cat.", "A dog."]))} | draw(
            st.sampled_from([{}, {"duration": 10}, {"fps": 60}])
        )
        made = Clip(hex_digest(f"clip {number}"), 1000 + number, 1920, 1080, 30.0, 5.0, audio=False)
        facts = {
            "request": request,
            "fingerprint": fingerprint(request, DEFAULTS),
            "task_id": f"task-{number}",
            "created_at": f"2026-11-22T10:00:00.{number:03}+00:00",
        }
        if state is State.SUCCEEDED:
            return make_attempt(f"{number}", url=f"https://static.example.com/{number}", clip=made, **facts)
        return make_unfinished(f"{number}", state, **facts)

    def changed(before: LockEntry | None) -> LockEntry | None:
        match draw(st.sampled_from(["new", "new", "pending", "gone"])):
            case "pending" if before:
                return replace(before, pending=attempt(draw(st.sampled_from([State.ACCEPTED, State.FAILED]))))
            case "gone":
                return None
            case _:
                return LockEntry(attempt(), previous=before.result if before else None)

    def edited(entries: Entries) -> Entries:
        after = dict(entries)
        for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)):
            one = changed(after.pop(name, None))
            if one:
                after[name] = one
        return after

    base = {name: LockEntry(attempt()) for name in draw(st.sets(st.sampled_from(NAMES)))}
    return base, edited(base), edited(base)


def identity(attempt: Attempt) -> tuple[Any, ...]:
    """What an attempt is known by, besides what is only told of it."""
    clip = attempt.clip.sha256 if attempt.clip else ""
    return attempt.fingerprint, attempt.request, attempt.request_id, attempt.task_id, attempt.url, clip


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("merged") / "film")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.sampled_from(STYLES))
def test_each_entry_of_either_side_is_found_whole(
    repository: Path, history: tuple[Entries, Entries, Entries], style: list[str]
) -> None:
    texts = [text_of(entries, repository.parent) for entries in history]
    assume(leave_unmerged(repository, "cogvid.lock", *texts, *style))

    lock = read_lock(repository / "cogvid.lock")

    _, ours, theirs = history
    assert in_order(lock.everything()) == in_order([*ours.items(), *theirs.items()])
    file = LockFile(repository / "cogvid.lock", "renders")
    file.settle(lock.digest, {name: theirs[name] for name in lock.alternatives})
    file.flush()
    assert (repository / "cogvid.lock").read_bytes() == text_of({**ours, **theirs}, repository.parent)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.sampled_from(STYLES))
def test_without_git_nothing_is_read_that_nobody_wrote(
    repository: Path, history: tuple[Entries, Entries, Entries], style: list[str]
) -> None:
    texts = [text_of(entries, repository.parent) for entries in history]
    leave_unmerged(repository, "cogvid.lock", *texts, *style)
    alone = repository.parent / "alone.lock"
    (repository / "cogvid.lock").rename(alone)

    try:
        lock = read_lock(alone, lambda attempt: fingerprint(attempt.request, DEFAULTS) == attempt.fingerprint)
    except StateError:
        return

    written = [
        identity(attempt) for entries in history for entry in entries.values() for attempt in entry.attempts
    ]
    assert all(identity(attempt) in written for _, entry in lock.everything() for attempt in entry.attempts)

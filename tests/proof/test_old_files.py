"""What a released version has written stays readable: tests/golden/project-N has what format N left.

A golden is never changed. A new format of the lock or the ledger gets a directory of its own, and the tests
hold for both.
"""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cogvid_pipeline.model.attempt import State
from cogvid_pipeline.state.lockfile import LockFile, read_lock
from cogvid_pipeline.state.opening import open_ledger, read_ledger
from tests.project import Project

GOLDEN = Path(__file__).parents[1] / "golden"

# What a plan makes of it: results are kept, what runs is waited for, and what is in doubt is held.
PLAN = {
    "arrival": "keep",
    "lantern": "keep",
    "walk": "keep",
    "twin": "keep",
    "doubtful": "hold",
    "refused": "generate",
    "failed": "generate",
    "running": "resume",
    "killed": "hold",
    "again": "reuse",
}


@pytest.fixture(params=sorted(GOLDEN.glob("project-*")), ids=lambda path: path.name)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """The project, with its clips in place."""
    root = tmp_path / "film"
    root.mkdir()
    for name in ("cogvid.yaml", "cogvid.lock"):
        shutil.copy(request.param / name, root)
    (root / ".cogvid").mkdir()
    with closing(sqlite3.connect(root / ".cogvid" / "ledger.db")) as ledger:
        ledger.executescript((request.param / "ledger.sql").read_text(encoding="utf-8"))
    (root / "renders").mkdir()
    for entry in Project(root).lock.values():
        if "result" in entry:
            clip = entry["result"]["clip"]
            (root / clip["path"]).write_bytes(bytes(clip["bytes"]))
    return Project(root)


def test_a_plan_from_old_files_keeps_everything(project: Project) -> None:
    assert project.plan() == PLAN


def test_a_plan_from_an_old_lock_alone_keeps_what_the_lock_has(project: Project) -> None:
    shutil.rmtree(project.root / ".cogvid")

    assert project.plan() == {**PLAN, "killed": "generate", "again": "generate"}


def test_a_plan_from_an_old_ledger_alone_pays_for_nothing_again(project: Project) -> None:
    (project.root / "cogvid.lock").unlink()

    paid = {name for name, action in project.plan().items() if action == "generate"}

    assert paid == {"refused", "failed"}


def test_old_attempts_are_read_whole_and_can_be_gone_on_with(project: Project) -> None:
    lock = read_lock(project.root / "cogvid.lock")
    state = project.root / ".cogvid"
    results = [entry.result for entry in lock.entries.values() if entry.result]
    running = lock.entries["running"].pending
    assert running is not None

    with open_ledger(state, "run") as ledger:
        found = ledger.newest([attempt.fingerprint for attempt in (*results, running)])
        assert found[running.fingerprint] == running
        for result in results:
            known = found[result.fingerprint]
            assert (known.state, known.clip, known.cost) == (State.SUCCEEDED, result.clip, result.cost)
            assert (known.task_id, known.url) == (result.task_id, f"{result.url}?sign=1")
        assert ledger.intend(running) == running

    with read_ledger(state) as ledger:
        assert ledger.newest([running.fingerprint]) == {running.fingerprint: running}


def test_entries_of_an_old_lock_that_nobody_changes_keep_their_text(project: Project) -> None:
    path = project.root / "cogvid.lock"
    before = path.read_text(encoding="utf-8")
    lock = LockFile(path, "renders")

    lock.put("arrival", read_lock(path).entries["arrival"])
    lock.put("walk", None)
    lock.flush()

    old, new = (json.loads(text)["shots"] for text in (before, path.read_text(encoding="utf-8")))
    assert {**new, "walk": old["walk"]} == old
    assert set(path.read_text(encoding="utf-8").splitlines()) <= set(before.splitlines())


@pytest.mark.parametrize("command", ["plan", "status", "check", "recover", "apply"])
def test_a_lock_from_the_future_is_refused_by_its_number(project: Project, command: str) -> None:
    path = project.root / "cogvid.lock"
    future = path.read_text(encoding="utf-8").replace('"version": 1', '"version": 9')
    path.write_text(future, encoding="utf-8")

    ran = project.run(command)

    assert ran.code == 1
    assert "cogvid.lock has version 9; this cogvid reads version 1" in ran.err
    assert "hint: upgrade cogvid" in ran.err
    assert path.read_text(encoding="utf-8") == future


@pytest.mark.parametrize("command", ["plan", "check", "recover", "apply"])
def test_a_ledger_from_the_future_is_refused_by_its_number(project: Project, command: str) -> None:
    path = project.root / ".cogvid" / "ledger.db"
    with closing(sqlite3.connect(path)) as ledger:
        ledger.execute("PRAGMA user_version = 99")
    before = path.read_bytes()

    ran = project.run(command)

    assert ran.code == 1
    assert "ledger.db has version 99; this cogvid reads up to version" in ran.err
    assert "hint: upgrade cogvid" in ran.err
    assert path.read_bytes() == before

"""The lock under git: two people generate, git merges, and nobody pays for it a second time."""

import json
import signal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.project import Project, Ran
from tests.repository import git
from tests.vendor import Accept, Cut, Vendor, free_box, small_clip

ARRIVAL, ZOO = "  arrival: {prompt: A fox arrives.}\n", "  zoo: {prompt: The zoo at night.}\n"
LANTERN, MORPH = "  lantern: {prompt: A lantern sways.}\n", "  morph: {prompt: Street becomes lantern.}\n"
WALKS, RUNS = "  walk: {prompt: The fox walks.}\n", "  walk: {prompt: The fox runs.}\n"
JUMP = "  jump: {prompt: It jumps., image: {shot: walk, frame: last}}\n"


def commit(project: Project) -> None:
    git(project.root, "add", "--all")
    git(project.root, "commit", "-q", "--allow-empty", "-m", "As it is now")


def generate(project: Project, shots: str) -> None:
    """Write these shots, apply and commit."""
    project.write(shots)
    ran = project.apply()
    assert ran.code == 0, ran.err
    commit(project)


def pull(ours: Project, theirs: Project, shots: str, *, conflict: bool = True) -> None:
    """Merge what the other has committed; the manifest is resolved to these shots."""
    git(ours.root, "pull", "-q", "--no-rebase", "--no-edit", str(theirs.root), "main", fails=conflict)
    ours.write(shots)


def share(ours: Project, theirs: Project, shots: str) -> None:
    """Have both begin with these shots, made and committed."""
    generate(ours, shots)
    git(theirs.root, "pull", "-q")


def marked(project: Project) -> bool:
    return "<<<<<<<" in (project.root / "cogvid.lock").read_text(encoding="utf-8")


def everything_in(root: Path) -> dict[Path, Any]:
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def ours(project: Project, vendor: Vendor) -> Project:
    """A repository that has a manifest and no lock yet."""
    sizes = count(1)
    vendor.clip = lambda _: small_clip() + free_box(b"." * next(sizes))
    git(project.root, "init", "-q", "-b", "main")
    project.write(ARRIVAL)
    commit(project)
    return project


@pytest.fixture
def theirs(ours: Project, tmp_path: Path, vendor: Vendor) -> Project:
    """A colleague's clone, with a ledger and a cache of its own."""
    git(tmp_path, "clone", "-q", str(ours.root), "colleague")
    return Project(tmp_path / "colleague", vendor)


def test_additions_that_are_far_apart_merge_without_a_conflict_and_cost_nothing(
    ours: Project, theirs: Project, vendor: Vendor
) -> None:
    share(ours, theirs, ARRIVAL + ZOO)
    generate(ours, "  alley: {prompt: An alley.}\n" + ARRIVAL + ZOO)
    generate(theirs, ARRIVAL + ZOO + "  zz: {prompt: The end.}\n")

    git(ours.root, "pull", "-q", "--no-rebase", "--no-edit", str(theirs.root), "main")

    assert ours.plan() == {"alley": "keep", "arrival": "keep", "zoo": "keep", "zz": "fetch"}
    assert ours.apply().code == 0
    assert len(vendor.accepted) == 4
    assert git(ours.root, "status", "--porcelain", "cogvid.lock") == ""


def test_neighbouring_additions_are_taken_from_both_sides(
    ours: Project, theirs: Project, vendor: Vendor
) -> None:
    share(ours, theirs, ARRIVAL + ZOO)
    git(ours.root, "config", "merge.conflictStyle", "zdiff3")
    (ours.root / ".git" / "info" / "attributes").write_text("cogvid.lock conflict-marker-size=23\n")
    generate(ours, ARRIVAL + LANTERN + ZOO)
    generate(theirs, ARRIVAL + MORPH + ZOO)
    pull(ours, theirs, ARRIVAL + LANTERN + MORPH + ZOO)
    assert marked(ours)

    assert ours.plan() == {"arrival": "keep", "lantern": "keep", "morph": "fetch", "zoo": "keep"}
    ran = ours.apply()

    assert ran.code == 0, ran.err
    assert ran.err.endswith("cogvid.lock is whole again; tell git with `git add cogvid.lock`\n")
    assert len(vendor.accepted) == 4
    assert ours.lock.keys() == {"arrival", "lantern", "morph", "zoo"}
    commit(ours)
    assert ours.run("check").code == 0


def test_commands_that_only_read_work_on_a_lock_in_conflict_and_write_nothing(
    ours: Project, theirs: Project
) -> None:
    generate(ours, WALKS)
    generate(theirs, RUNS)
    pull(ours, theirs, WALKS)
    before = everything_in(ours.root)

    plan, check, status = ours.run("plan"), ours.run("check"), ours.run("status")
    ours.run("show")
    ours.run("recover")
    detailed = ours.run("plan", "--detailed-exitcode")

    assert everything_in(ours.root) == before
    assert plan.out == (
        "warning: a merge has left conflicts in the lock: both sides were read, and apply writes it whole, "
        "with what fits the manifest where they differ (walk)\n\nPlan: 1 unchanged. It costs nothing.\n"
    )
    assert detailed.code == check.code == 2
    assert check.out == "cogvid.lock: a merge has left conflicts in it; `cogvid apply` writes it whole\n"
    assert status.code == 0
    assert status.err == "warning: a merge has left conflicts in cogvid.lock; this is what apply would keep\n"
    assert "walk  succeeded  renders/walk.mp4" in status.out


def test_of_a_shot_that_both_made_the_one_that_fits_is_kept_and_the_other_is_free_to_go_back_to(
    ours: Project, theirs: Project, vendor: Vendor
) -> None:
    generate(ours, WALKS)
    generate(theirs, RUNS)
    mine, other = ours.lock["walk"], theirs.lock["walk"]
    pull(ours, theirs, WALKS)

    kept = ours.apply()

    assert kept.code == 0, kept.err
    assert not marked(ours)
    assert ours.lock["walk"] == mine
    ours.write(RUNS)
    assert ours.plan()["walk"] == "reuse"
    assert ours.apply().code == 0
    assert ours.lock["walk"]["result"] == other["result"]
    assert len(vendor.accepted) == 2


def test_the_colleagues_clip_that_fits_is_fetched_and_ones_own_stays_in_ledger_and_cache(
    ours: Project, theirs: Project, vendor: Vendor
) -> None:
    generate(ours, WALKS)
    generate(theirs, RUNS)
    pull(ours, theirs, RUNS)

    assert ours.plan()["walk"] == "fetch"
    assert ours.apply().code == 0

    assert ours.lock["walk"] == theirs.lock["walk"]
    vendor.expire_urls()
    ours.write(WALKS)
    assert ours.apply().code == 0
    assert len(vendor.accepted) == 2


def test_of_two_that_fit_everybody_keeps_the_same(ours: Project, theirs: Project, vendor: Vendor) -> None:
    generate(ours, WALKS)
    generate(theirs, WALKS)
    git(theirs.root, "fetch", "-q", str(ours.root), "main")
    pull(ours, theirs, WALKS)
    git(theirs.root, "merge", "-q", "FETCH_HEAD", fails=True)

    assert ours.apply().code == theirs.apply().code == 0

    assert ours.lock == theirs.lock
    assert ours.lock["walk"]["result"]["task_id"] == vendor.accepted[-1].id
    assert len(vendor.accepted) == 2


def test_of_two_that_fit_the_one_that_a_chain_hangs_on_is_kept(
    ours: Project, theirs: Project, vendor: Vendor
) -> None:
    generate(ours, WALKS + JUMP)
    generate(theirs, WALKS)
    pull(ours, theirs, WALKS + JUMP)

    assert set(ours.plan().values()) == {"keep"}
    assert ours.apply().code == 0
    assert len(vendor.accepted) == 3


def test_a_task_of_the_side_that_loses_is_gone_on_with_when_it_is_asked_for(
    ours: Project, theirs: Project, vendor: Vendor
) -> None:
    generate(ours, WALKS)
    submit_only(theirs, vendor, RUNS)
    pull(ours, theirs, WALKS)
    assert ours.apply().code == 0
    assert ours.lock["walk"]["status"] == "succeeded"

    ours.write(RUNS)

    assert ours.plan()["walk"] == "resume"
    vendor.accepted[-1].ready_at = 0
    assert ours.apply().code == 0
    assert ours.lock["walk"]["result"]["task_id"] == vendor.accepted[-1].id
    assert len(vendor.accepted) == 2


def test_of_two_tasks_for_one_request_the_second_stands_in_when_the_first_fails(
    ours: Project, theirs: Project, vendor: Vendor
) -> None:
    submit_only(theirs, vendor, WALKS)
    submit_only(ours, vendor, WALKS)
    pull(ours, theirs, WALKS)
    for task in vendor.accepted:
        task.ready_at = 0
    newer = vendor.accepted[-1]
    newer.failure = {"code": "500", "message": "out of fur"}

    assert ours.apply().code == 1
    assert ours.lock["walk"]["status"] == "failed"
    assert ours.plan()["walk"] == "resume"
    assert ours.apply().code == 0

    assert ours.lock["walk"]["result"]["task_id"] == vendor.accepted[-2].id
    assert len(vendor.accepted) == 2


def submit_only(project: Project, vendor: Vendor, shots: str) -> None:
    """Have the last shot submitted, not finished, and committed."""
    vendor.seconds = 3600
    before = len(vendor.accepted)
    project.write(shots)
    process = project.start("apply", "--yes")
    polls = len(vendor.polls)
    vendor.wait_until(lambda: len(vendor.accepted) > before and len(vendor.polls) > polls)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    vendor.seconds = 0
    commit(project)


def test_a_shot_that_is_held_on_one_side_is_recovered_in_the_midst_of_a_conflict(
    ours: Project, theirs: Project, vendor: Vendor
) -> None:
    generate(ours, WALKS)
    theirs.write(RUNS)
    vendor.on_submit(Accept(then=Cut()))
    assert theirs.apply().code == 5
    commit(theirs)
    pull(ours, theirs, RUNS)
    assert ours.plan()["walk"] == "hold"

    ran = ours.run("recover", "--adopt", f"walk={vendor.accepted[-1].id}")

    assert ran.code == 0, ran.err
    assert "cogvid.lock is whole again; tell git with `git add cogvid.lock`\n" in ran.out
    assert ours.lock["walk"]["status"] == "submitted"
    assert ours.apply().code == 0
    ours.write(WALKS)
    assert ours.plan()["walk"] == "reuse"
    assert len(vendor.accepted) == 2


def test_a_shot_that_was_renamed_on_one_side_finds_its_clip_on_the_other(
    ours: Project, theirs: Project, vendor: Vendor
) -> None:
    generate(ours, WALKS)
    generate(theirs, RUNS)
    pull(ours, theirs, WALKS + RUNS.replace("walk", "sprint"))

    assert ours.plan() == {"walk": "keep", "sprint": "reuse"}
    assert ours.apply().code == 0

    assert ours.lock["sprint"]["result"]["task_id"] == theirs.lock["walk"]["result"]["task_id"]
    assert len(vendor.accepted) == 2


@pytest.mark.parametrize("options", [(), ("--replace", "arrival")])
def test_what_a_colleague_made_anew_stands_after_a_pull(
    ours: Project, theirs: Project, vendor: Vendor, options: tuple[str, ...]
) -> None:
    """The ledger here has an older clip of that name, and of that request with --replace."""
    share(ours, theirs, ARRIVAL)
    prompt = ARRIVAL if options else ARRIVAL.replace("arrives", "comes home")
    theirs.write(prompt)
    assert theirs.apply(*options).code == 0
    commit(theirs)
    git(ours.root, "pull", "-q", str(theirs.root), "main")

    assert ours.plan()["arrival"] == "fetch"
    assert ours.apply().code == 0

    assert ours.lock == theirs.lock
    assert (ours.root / "renders/arrival.mp4").read_bytes() == vendor.accepted[-1].clip
    assert ours.plan()["arrival"] == "keep"
    assert git(ours.root, "status", "--porcelain") == ""
    assert len(vendor.accepted) == 2


def test_where_git_has_nothing_more_whole_entries_are_read_and_mixtures_refused(
    ours: Project, theirs: Project, tmp_path: Path, vendor: Vendor
) -> None:
    share(ours, theirs, ARRIVAL + ZOO)
    generate(ours, ARRIVAL + LANTERN + ZOO)
    generate(theirs, ARRIVAL + MORPH + ZOO)
    pull(ours, theirs, ARRIVAL + LANTERN + MORPH + ZOO)
    (tmp_path / "mailed").mkdir()
    mailed = Project(tmp_path / "mailed", vendor)
    text = (ours.root / "cogvid.lock").read_text(encoding="utf-8")
    mailed.write(ARRIVAL + LANTERN + MORPH + ZOO)
    (mailed.root / "cogvid.lock").write_text(text, encoding="utf-8")
    assert set(mailed.plan().values()) == {"fetch"}

    (mailed.root / "cogvid.lock").write_text(
        text.replace("A lantern sways", "A lantern burns"), encoding="utf-8"
    )
    ran = mailed.apply()

    assert ran.code == 1
    assert "the conflict goes through shots.lantern, which may be a mixture of both" in ran.err
    assert "hint: take the file from one of the two commits" in ran.err
    assert len(vendor.accepted) == 4


def test_a_conflict_that_comes_while_apply_runs_is_not_written_over(
    ours: Project, theirs: Project, vendor: Vendor
) -> None:
    generate(theirs, RUNS)
    generate(ours, WALKS)
    vendor.seconds = 3600
    ours.write(WALKS + MORPH)
    process = ours.start("apply", "--yes")
    vendor.wait_until(
        lambda: len(vendor.accepted) == 3 and vendor.polls[-1].path.endswith(vendor.accepted[-1].id)
    )
    git(ours.root, "checkout", "-q", "cogvid.lock", "cogvid.yaml")
    pull(ours, theirs, WALKS + MORPH)
    conflict = (ours.root / "cogvid.lock").read_bytes()
    vendor.accepted[-1].ready_at = 0

    _, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "a merge has left conflicts in" in err
    assert "hint: run the command again" in err
    assert (ours.root / "cogvid.lock").read_bytes() == conflict
    assert ours.apply().code == 0
    assert ours.lock["morph"]["result"]["task_id"] == vendor.accepted[-1].id
    assert len(vendor.accepted) == 3


def test_a_lock_in_conflict_is_not_written_before_it_is_agreed_to(ours: Project, theirs: Project) -> None:
    generate(ours, WALKS)
    generate(theirs, RUNS)
    pull(ours, theirs, WALKS)

    ran = ours.run("apply")

    assert ran.code == 64
    assert "--yes" in ran.err
    assert marked(ours)


@pytest.fixture
def stranger() -> Any:
    with Vendor() as running:
        yield running


def hostile(theirs: Project, change: Any) -> None:
    """Have a branch whose lock was changed by hand."""
    path = theirs.root / "cogvid.lock"
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data["shots"])
    path.write_text(json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    commit(theirs)


def test_the_lock_of_a_hostile_branch_cannot_have_the_key_sent_to_its_host(
    ours: Project, theirs: Project, vendor: Vendor, stranger: Vendor
) -> None:
    generate(ours, WALKS)
    generate(theirs, RUNS)

    def change(shots: Any) -> None:
        attempt = shots["walk"].pop("result")
        attempt.pop("clip")
        shots["walk"] |= {"pending": attempt | {"base_url": stranger.base_url}, "status": "submitted"}

    hostile(theirs, change)
    pull(ours, theirs, RUNS)

    ran: Ran = ours.apply()

    assert ran.code == 1
    assert "which is not where geekai is asked now" in ran.err
    assert stranger.requests == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda shots: shots.update({"../../x": shots["walk"]}), "is not a name of a take"),
        (lambda shots: shots["walk"]["result"]["clip"].update(sha256="../../x"), "does not have the form"),
    ],
)
def test_the_lock_of_a_hostile_branch_cannot_name_a_file(
    ours: Project, theirs: Project, change: Any, said: str
) -> None:
    generate(ours, WALKS)
    generate(theirs, RUNS)
    hostile(theirs, change)
    pull(ours, theirs, RUNS)
    before = everything_in(ours.root)

    ran = ours.apply()

    assert ran.code == 1
    assert said in ran.err
    assert "cogvid.lock of their side (`git show :3:./cogvid.lock`)" in ran.err
    assert everything_in(ours.root).keys() - before.keys() <= {
        path for path in everything_in(ours.root) if ".git/cogvid" in str(path)
    }

"""`cogvid gc`: what nobody needs goes, what anybody may need stays, and nothing is paid for again."""

import os
import signal
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from cogvid_pipeline.cli.gc import command
from cogvid_pipeline.model.attempt import LockEntry
from cogvid_pipeline.state.lockfile import LockFile
from cogvid_pipeline.state.places import find_state_directory
from cogvid_pipeline.store.clips import staging_name
from tests.attempts import hex_digest, make_attempt
from tests.disk import no_room_beyond
from tests.documents import check
from tests.project import PATIENCE, Project
from tests.repository import git, write
from tests.vendor import Accept, Cut, Vendor

CAT = "  cat: {prompt: A cat plays.}\n"
NAP = "  nap: {prompt: It naps., image: {shot: cat, frame: last}}\n"


@pytest.fixture
def film(project: Project) -> Project:
    """A project in a repository, with a valid manifest."""
    git(project.root, "init", "-q", "-b", "main")
    project.write(CAT)
    return project


def state_of(project: Project) -> Path:
    return find_state_directory(project.root, project.env.get("COGVID_LEDGER"))


def cached(project: Project) -> set[str]:
    """The clips in the cache, by their digests."""
    return {path.stem for path in state_of(project).glob("clips/*/*.mp4")}


def put_clip(project: Project, name: str, *, days: float = 100) -> str:
    """Put something into the cache that is so many days old, under the digest that is returned."""
    digest = hex_digest(name)
    path = state_of(project) / f"clips/{digest[:2]}/{digest}.mp4"
    write(path, "a clip")
    grow_old(path, days)
    return digest


def grow_old(path: Path, days: float = 100) -> None:
    os.utime(path, (time.time() - days * 24 * 60 * 60,) * 2)


def put_locked(project: Project, name: str) -> str:
    """Put a clip into the cache that the lock names as the cat's, and nobody else's."""
    attempt = make_attempt(name)
    assert attempt.clip is not None
    lock = LockFile(project.root / "cogvid.lock", "renders")
    lock.put("cat", LockEntry(attempt))
    lock.flush()
    assert put_clip(project, f"clip {name}") == attempt.clip.sha256
    return attempt.clip.sha256


def commit_all(project: Project, *, days_ago: float = 100) -> None:
    git(project.root, "add", "--all")
    git(project.root, "commit", "-q", "-m", "Change", days_ago=days_ago)


# --- what goes ----------------------------------------------------------------------------------------


def test_without_yes_nothing_is_removed_and_the_way_to_it_is_named(film: Project) -> None:
    locked, unused = put_locked(film, "a"), put_clip(film, "b")

    ran = film.run("gc")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        f"  - clips/{unused[:2]}/{unused}.mp4  0 kB  100 days old\n"
        "\n"
        "Not needed: 1 file, 0 kB. Nothing was removed; `cogvid gc --yes` does it.\n"
        "Kept: 1 file that a lock names.\n"
    )
    assert cached(film) == {locked, unused}


def test_with_yes_what_no_lock_names_is_removed(film: Project) -> None:
    locked, _ = put_locked(film, "a"), put_clip(film, "b")

    ran = film.run("gc", "--yes")

    assert ran.code == 0
    assert "\nRemoved: 1 file, " in ran.out
    assert cached(film) == {locked}
    assert film.run("gc", "-y").out.startswith("Nothing to remove.\n")


def test_what_is_younger_than_the_grace_period_stays(film: Project) -> None:
    future, young, _ = (put_clip(film, str(days), days=days) for days in (-400, 29, 31))

    film.run("gc", "--yes")
    assert cached(film) == {future, young}

    film.run("gc", "--yes", "--grace", "0")
    assert cached(film) == {future}


def test_what_a_commit_replaced_lately_stays_until_the_grace_period_is_over(film: Project) -> None:
    replaced = put_locked(film, "a")
    commit_all(film)
    locked = put_locked(film, "b")
    commit_all(film, days_ago=10)

    film.run("gc", "--yes")
    assert cached(film) == {replaced, locked}

    film.run("gc", "--yes", "--grace", "9")
    assert cached(film) == {locked}


def test_going_back_to_a_clip_that_was_removed_is_free_while_the_vendor_has_it(
    film: Project, vendor: Vendor
) -> None:
    digests = []
    for animal in ("cat", "lion", "owl"):
        film.write(CAT.replace("cat plays", f"{animal} plays"))
        film.apply()
        digests.append(film.lock["cat"]["result"]["clip"]["sha256"])
    film.run("gc", "--yes", "--grace", "0")
    assert cached(film) == set(digests[1:])

    film.write(CAT)
    assert film.plan() == {"cat": "reuse"}
    assert film.apply().code == 0
    assert film.lock["cat"]["result"]["clip"]["sha256"] == digests[0]

    film.run("gc", "--yes", "--grace", "0")
    film.write(CAT.replace("cat plays", "lion plays"))
    vendor.expire_urls()
    vendor.forget(vendor.accepted[1].id)
    ran = film.apply()
    assert ran.code == 1
    assert "cannot be had any more" in ran.err
    assert "--replace" in ran.err
    assert len(vendor.posts) == 3


# --- what stays ---------------------------------------------------------------------------------------


def test_branches_stash_entries_and_other_work_trees_keep_their_clips(film: Project, tmp_path: Path) -> None:
    branch = put_locked(film, "branch")
    commit_all(film)
    git(film.root, "branch", "early")
    main = put_locked(film, "main")
    commit_all(film)
    git(film.root, "worktree", "add", "-q", "../tree")
    tree = put_locked(Project(tmp_path / "tree"), "tree")
    stashed = put_locked(film, "stashed")
    git(film.root, "stash")

    ran = film.run("gc", "--yes")

    assert ran.out == "Nothing to remove.\nKept: 4 files that a lock names.\n"
    assert cached(film) == {branch, main, tree, stashed}
    git(film.root, "stash", "drop")
    git(film.root, "branch", "-D", "early")
    Project(tmp_path / "tree").run("gc", "--yes", "--grace", "0")
    assert cached(film) == {main, tree}


def test_a_held_attempt_keeps_its_download_and_the_clip_that_its_frame_is_from(
    film: Project, vendor: Vendor
) -> None:
    film.apply()
    vendor.on_submit(Accept(then=Cut()))
    film.write(CAT + NAP)
    assert film.apply().code == 5
    (clip,) = state_of(film).glob("clips/*/*")
    part = state_of(film) / f"partial/{staging_name(film.lock['nap']['pending']['request_id'])}.mp4"
    write(part, "half")
    for path in (clip, part):
        grow_old(path)
    (film.root / "cogvid.lock").unlink()

    ran = film.run("gc", "--yes")

    assert ran.out == "Nothing to remove.\nKept: 2 files of unfinished attempts.\n"


def test_outside_of_git_the_locks_of_the_directory_count(project: Project) -> None:
    project.write(CAT)
    locked, unused = put_locked(project, "a"), put_clip(project, "b")

    ran = project.run("gc", "--yes")

    assert unused in ran.out
    assert cached(project) == {locked}
    assert (project.root / ".cogvid/clips").is_dir()


def test_in_a_shared_directory_what_other_projects_have_stays(project: Project, tmp_path: Path) -> None:
    shared = {"COGVID_LEDGER": str(tmp_path / "shared")}
    other = Project(tmp_path / "other", project.vendor, env=shared)
    other.root.mkdir()
    other.write(CAT)
    assert other.apply().code == 0
    (theirs,) = cached(other)
    grow_old(next(state_of(other).glob("clips/*/*")))
    project.env = shared
    ours = put_locked(project, "a")
    put_clip(project, "nobody's")

    ran = project.run("gc", "--yes")

    assert ran.out.endswith("Kept: 1 file that a lock names, 1 file that the ledger names.\n")
    assert ran.err == f"{tmp_path / 'shared'} may serve other projects; if it does not, add --unshared\n"
    assert cached(project) == {ours, theirs}
    assert project.run("gc", "--yes", "--unshared").err == ""
    assert cached(project) == {ours}


# --- beside others, and cut off -----------------------------------------------------------------------


def test_beside_a_running_apply_it_only_lists(film: Project, vendor: Vendor) -> None:
    unused = put_clip(film, "unused")
    vendor.seconds = 3600
    process = film.start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.accepted) == 1)

    ran = film.run("gc", "--yes")
    listed = film.run("gc")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)

    assert ran.code == 1
    assert ran.err.startswith(f"error: another cogvid (pid {process.pid}, since ")
    assert f"`cogvid apply`) is using {state_of(film)}\n" in ran.err
    assert "Not needed: 1 file" in listed.out
    assert cached(film) == {unused}
    assert film.run("gc", "--yes").code == 0
    assert cached(film) == set()


def test_killed_in_the_middle_it_leaves_a_cache_that_works(film: Project, vendor: Vendor) -> None:
    film.apply()
    (clip,) = state_of(film).glob("clips/*/*")
    grow_old(clip)
    digest = min(put_clip(film, str(number)) for number in range(3000))
    first = state_of(film) / f"clips/{digest[:2]}/{digest}.mp4"
    process = film.start("gc", "--yes")
    until = time.monotonic() + PATIENCE
    while first.exists():  # the disk tells nobody when it goes
        assert time.monotonic() < until
        os.sched_yield()

    process.kill()
    process.communicate()

    (film.root / "renders/cat.mp4").unlink()
    assert film.apply().code == 0
    assert len(vendor.downloads) == 1
    assert film.run("gc", "--yes").code == 0
    assert cached(film) == {clip.stem}


def test_a_full_disk_is_no_obstacle(film: Project) -> None:
    locked, _ = put_locked(film, "a"), put_clip(film, "b")

    with no_room_beyond(0):  # in this process, since another could not report its coverage
        ran = CliRunner().invoke(command, ["--yes", "-f", str(film.root)])

    assert ran.exit_code == 0, ran.output
    assert cached(film) == {locked}


# --- what is wrong ------------------------------------------------------------------------------------


def test_where_a_lock_cannot_be_found_out_nothing_is_removed(film: Project) -> None:
    unused = put_clip(film, "unused")
    (film.root / ".git/refs/heads/broken").write_text("1" * 40 + "\n")

    ran = film.run("gc", "--yes")

    assert ran.code == 1
    assert "error: git cannot read the repository around " in ran.err
    assert cached(film) == {unused}


def test_a_damaged_ledger_is_an_error_and_nothing_is_removed(film: Project) -> None:
    unused = put_clip(film, "unused")
    (state_of(film) / "ledger.db").write_bytes(b"nonsense" * 1000)

    ran = film.run("gc", "--yes")

    assert ran.code == 1
    assert "cannot use the ledger" in ran.err
    assert cached(film) == {unused}


@pytest.mark.parametrize("content", ["nonsense: [", None], ids=["broken", "on another branch"])
def test_a_valid_manifest_is_not_needed(film: Project, content: str | None) -> None:
    put_clip(film, "unused")
    (film.root / "cogvid.yaml").unlink()
    if content:
        (film.root / "cogvid.yaml").write_text(content)

    assert film.run("gc", "--yes").code == 0
    assert cached(film) == set()


def test_a_directory_that_is_not_there_is_a_wrong_command_line(film: Project) -> None:
    ran = film.run("gc", "-f", "flim/cogvid.yaml")

    assert ran.code == 64
    assert "there is no directory flim" in ran.err


@pytest.mark.parametrize("arguments", [[], ["--yes"]])
def test_before_the_first_run_nothing_is_removed_or_made(project: Project, arguments: list[str]) -> None:
    assert project.run("gc", *arguments).out == "Nothing to remove.\n"
    assert list(project.root.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--grace", "-1"], ["--grace", "soon"], ["--grace", "1e9"], ["extra"]])
def test_nonsense_is_a_wrong_command_line(project: Project, arguments: list[str]) -> None:
    assert project.run("gc", *arguments).code == 64


@pytest.mark.parametrize("arguments", [[], ["--yes"]])
def test_json_is_as_its_schema_says(film: Project, arguments: list[str]) -> None:
    put_locked(film, "a")
    unused = put_clip(film, "b")

    document = film.run("gc", "--format", "json", *arguments).json

    check("gc", document)
    assert document["removed"] is bool(arguments)
    assert [file["path"] for file in document["unused"]] == [f"clips/{unused[:2]}/{unused}.mp4"]
    assert document["kept"]["lock"] == {"files": 1, "bytes": 6}
    assert Path(document["directory"]) == state_of(film)

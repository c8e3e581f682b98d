"""What is read from a repository: all that is to be kept, in whatever state it is, and nothing is run."""

import random
import time
from pathlib import Path

import pytest

from cogvid_pipeline.errors import StateError, UsageError
from cogvid_pipeline.state.places import find_repository
from cogvid_pipeline.state.revisions import Revisions
from tests.repository import commit, git, make_repository, write

DAY = 24 * 60 * 60


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository")


def revisions(directory: Path) -> Revisions:
    found = find_repository(directory)
    assert found is not None
    return Revisions(directory, found)


def versions(directory: Path, *, days: float = 0) -> set[str]:
    """The contents of all locks that are to be kept."""
    found = revisions(directory).versions(".lock", since=time.time() - days * DAY)
    return {b"".join(blocks).decode() for blocks in found}


# --- what is at the tips ------------------------------------------------------------------------------


def test_the_tip_of_every_branch_counts_and_what_it_replaced_long_ago_does_not(repository: Path) -> None:
    commit(repository, "film/cogvid.lock", "old")
    commit(repository, "film/cogvid.lock", "main")
    git(repository, "checkout", "-q", "-b", "side", "HEAD~1")
    commit(repository, "film/cogvid.lock", "side")
    commit(repository, "other.lock", "other")

    assert versions(repository) == {"main", "side", "other"}


def test_a_removed_lock_does_not_count(repository: Path) -> None:
    commit(repository, "cogvid.lock", "gone")
    (repository / "cogvid.lock").unlink()
    commit(repository, "cogvid.yaml", "shots: {}")

    assert versions(repository) == set()


def test_only_files_that_end_so_are_read(repository: Path) -> None:
    commit(repository, "cogvid.lock", "lock")
    commit(repository, "cogvid.lock.txt", "no lock")
    commit(repository, "film.lock/inside", "no lock either")

    assert versions(repository) == {"lock"}


def test_remote_branches_count(repository: Path, tmp_path: Path) -> None:
    commit(repository, "cogvid.lock", "here")
    git(tmp_path, "clone", "-q", "--bare", "repository", "hub.git")
    git(tmp_path, "clone", "-q", "hub.git", "colleague")
    git(tmp_path / "colleague", "checkout", "-q", "-b", "theirs")
    commit(tmp_path / "colleague", "cogvid.lock", "theirs")
    git(tmp_path / "colleague", "push", "-q", "origin", "theirs")
    git(repository, "remote", "add", "origin", "../hub.git")
    git(repository, "fetch", "-q", "origin")

    assert versions(repository) == {"here", "theirs"}


@pytest.mark.parametrize("options", [(), ("-a", "-m", "Released")], ids=["light", "annotated"])
def test_a_tag_counts_though_no_branch_has_its_commit(repository: Path, options: tuple[str, ...]) -> None:
    commit(repository, "cogvid.lock", "tagged")
    git(repository, "tag", *options, "v1")
    git(repository, "reset", "-q", "--hard", "HEAD~1")

    assert versions(repository) == {"tagged"}


def test_a_tag_of_a_file_or_of_a_tree_stands_in_nobodys_way(repository: Path) -> None:
    commit(repository, "cogvid.lock", "lock")
    git(repository, "tag", "tree", "HEAD^{tree}")
    git(repository, "tag", "-a", "-m", "A file", "file", "HEAD:cogvid.lock")

    assert versions(repository) == {"lock"}


def test_every_stash_entry_counts_with_its_index_and_its_untracked_files(repository: Path) -> None:
    commit(repository, "cogvid.lock", "committed")
    write(repository / "cogvid.lock", "staged 1")
    git(repository, "add", "--all")
    write(repository / "cogvid.lock", "changed 1")
    write(repository / "new.lock", "untracked 1")
    git(repository, "stash", "--include-untracked")
    write(repository / "cogvid.lock", "changed 2")
    git(repository, "stash")

    assert versions(repository) == {"committed", "staged 1", "changed 1", "untracked 1", "changed 2"}


def test_heads_and_indexes_of_all_work_trees_count(repository: Path, tmp_path: Path) -> None:
    commit(repository, "cogvid.lock", "main")
    git(repository, "worktree", "add", "-q", "--detach", "../other")
    commit(tmp_path / "other", "cogvid.lock", "detached")
    write(tmp_path / "other" / "cogvid.lock", "staged there")
    git(tmp_path / "other", "add", "--all")
    write(tmp_path / "other" / "cogvid.lock", "only on the disk")
    write(repository / "deep/down/film.lock", "staged here")
    git(repository, "add", "--all")

    everything = {"main", "detached", "staged there", "staged here"}
    assert versions(repository) == versions(repository / "deep") == versions(tmp_path / "other") == everything


def test_both_sides_of_a_conflict_count(repository: Path) -> None:
    commit(repository, "cogvid.lock", "base")
    git(repository, "checkout", "-q", "-b", "side")
    commit(repository, "cogvid.lock", "theirs")
    git(repository, "checkout", "-q", "main")
    commit(repository, "cogvid.lock", "ours")
    git(repository, "merge", "side", fails=True)
    git(repository, "branch", "-D", "side")

    assert versions(repository) == {"base", "ours", "theirs"}


# --- what happened lately -----------------------------------------------------------------------------


def test_what_was_replaced_lately_counts(repository: Path) -> None:
    for age, content in ((100, "1"), (50, "2"), (20, "3"), (10, "4")):
        commit(repository, "cogvid.lock", content, days_ago=age)

    assert versions(repository, days=0) == {"4"}
    assert versions(repository, days=15) == {"3", "4"}
    assert versions(repository, days=30) == {"2", "3", "4"}
    assert versions(repository, days=36_500) == {"1", "2", "3", "4"}


def test_what_a_merge_or_a_reset_left_behind_lately_counts(repository: Path) -> None:
    commit(repository, "cogvid.lock", "base")
    git(repository, "checkout", "-q", "-b", "side")
    commit(repository, "cogvid.lock", "side")
    git(repository, "checkout", "-q", "main")
    commit(repository, "other.lock", "other")
    git(repository, "merge", "-q", "-s", "ours", "-m", "Ours", "side", days_ago=10)
    git(repository, "branch", "-D", "side")
    commit(repository, "third.lock", "third", days_ago=10)
    git(repository, "reset", "-q", "--hard", "HEAD~1")

    assert versions(repository, days=0) == {"base", "other"}
    assert versions(repository, days=30) == {"base", "other", "side", "third"}


def test_a_first_commit_that_was_amended_lately_counts(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "new")
    commit(tmp_path / "new", "cogvid.lock", "before", days_ago=10)
    write(tmp_path / "new/cogvid.lock", "after")
    git(tmp_path / "new", "commit", "-q", "--all", "--amend", "-m", "Amended", days_ago=9)

    assert versions(tmp_path / "new", days=0) == {"after"}
    assert versions(tmp_path / "new", days=30) == {"before", "after"}


def test_in_a_shallow_clone_the_tip_counts(repository: Path, tmp_path: Path) -> None:
    commit(repository, "cogvid.lock", "old", days_ago=10)
    commit(repository, "cogvid.lock", "tip", days_ago=9)
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")

    assert versions(tmp_path / "shallow", days=30) == {"tip"}


# --- kinds of repositories ----------------------------------------------------------------------------


def test_a_repository_without_a_commit_has_what_is_staged(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "new")
    assert versions(tmp_path / "new") == set()
    write(tmp_path / "new/cogvid.lock", "staged")
    git(tmp_path / "new", "add", "--all")

    assert versions(tmp_path / "new", days=30) == {"staged"}


def test_a_repository_with_long_digests_is_read_too(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "long", "--object-format=sha256")
    commit(repository, "cogvid.lock", "lock")

    assert versions(repository) == {"lock"}
    assert revisions(repository).read_at("main", "cogvid.lock") == b"lock"


def test_a_bare_repository_has_the_work_trees_that_hang_on_it(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", "repository", "bare.git")
    git(tmp_path / "bare.git", "worktree", "add", "-q", "../tree")

    assert revisions(tmp_path / "tree").work_trees() == [tmp_path / "tree"]


def test_a_submodule_knows_its_own_work_tree(repository: Path, tmp_path: Path) -> None:
    around = make_repository(tmp_path / "around")
    git(around, "submodule", "add", "-q", "../repository", "part.lock")
    git(around, "commit", "-q", "-m", "A submodule that is named like a lock")
    git(around / "part.lock", "worktree", "add", "-q", "../../linked")

    both = [around / "part.lock", tmp_path / "linked"]
    assert revisions(around / "part.lock").work_trees() == both
    assert revisions(tmp_path / "linked").work_trees() == both
    assert versions(around) == set()


def test_a_git_directory_that_lies_elsewhere_is_found_from_its_main_work_tree(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "film", f"--separate-git-dir={tmp_path / 'elsewhere'}")
    git(repository, "worktree", "add", "-q", "../linked")

    assert revisions(repository).work_trees() == [repository, tmp_path / "linked"]
    with pytest.raises(StateError, match="must be run in a work tree"):
        revisions(tmp_path / "linked").work_trees()


def test_a_work_tree_that_is_not_there_is_an_error(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "../other")
    (tmp_path / "other").rename(tmp_path / "unplugged")

    with pytest.raises(StateError, match=r"the work tree .*/other is not there") as caught:
        versions(repository)

    assert "git worktree prune" in caught.value.hint


def test_another_repository_than_the_one_that_was_found_is_an_error(repository: Path, tmp_path: Path) -> None:
    inner = make_repository(repository / "inner")
    (inner / ".git/objects").rename(inner / ".git/lost")

    with pytest.raises(StateError, match=r"not .*/inner/\.git"):
        revisions(inner)


# --- what is broken -----------------------------------------------------------------------------------


def loose(repository: Path, name: str) -> Path:
    digest = git(repository, "rev-parse", name)
    return repository / ".git/objects" / digest[:2] / digest[2:]


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("side", "git cannot read the repository .*: fatal: bad object refs/heads/side"),
        ("side^{tree}", r"the repository is damaged: [0-9a-f]+\^{tree} missing"),
        ("side:film", "git cannot read the repository .*: fatal: unable to read tree"),
        ("side:film/cogvid.lock", "git cannot read the repository .*: [0-9a-f]+ missing"),
    ],
)
def test_an_object_that_is_missing_is_an_error(repository: Path, lost: str, message: str) -> None:
    git(repository, "checkout", "-q", "-b", "side")
    commit(repository, "film/cogvid.lock", "side")
    git(repository, "checkout", "-q", "main")
    loose(repository, lost).unlink()

    with pytest.raises(StateError, match=message):
        versions(repository)


def test_an_object_that_is_cut_off_is_an_error(repository: Path) -> None:
    commit(repository, "cogvid.lock", random.Random(0).randbytes(100_000))
    whole = loose(repository, "main:cogvid.lock")
    whole.chmod(0o644)
    whole.write_bytes(whole.read_bytes()[:50_000])

    with pytest.raises(StateError, match="git ended in the middle of a file"):
        versions(repository)


@pytest.mark.parametrize("content", ["", "1" * 40 + "\n", "nonsense\n"])
def test_a_branch_that_leads_nowhere_is_an_error(repository: Path, content: str) -> None:
    commit(repository, "cogvid.lock", "main")
    (repository / ".git/refs/heads/broken").write_text(content)

    with pytest.raises(StateError, match="git cannot read"):
        versions(repository)


def test_without_git_the_error_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(StateError, match="git was not found") as caught:
        revisions(repository)

    assert "install git" in caught.value.hint


def test_a_partial_clone_that_lacks_a_lock_is_an_error_and_asks_nobody(
    repository: Path, tmp_path: Path
) -> None:
    commit(repository, "cogvid.lock", "lock")
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "-n", "--filter=blob:none", f"file://{repository}", "partial")
    asked = tmp_path / "asked"
    program = tmp_path / "upload-pack"
    program.write_text(f"#!/bin/sh\ntouch {asked}\nexit 1\n")
    program.chmod(0o755)
    git(tmp_path / "partial", "config", "remote.origin.uploadpack", str(program))

    with pytest.raises(StateError, match="could not fetch"):
        versions(tmp_path / "partial")

    assert not asked.exists()


# --- what is hostile ----------------------------------------------------------------------------------


def test_file_names_of_a_hostile_branch_are_only_names(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "hostile")
    names = [
        "a\nb.lock",
        ":100644 x.lock",
        "-z.lock",
        "\tt.lock",
        "\\.lock",
        '".lock',
        "ünïcödé 雪.lock",
        ".lock",
    ]
    for number, name in enumerate(names):
        write(repository / name, str(number))
    write(repository / b"\xff\xfe.lock".decode("utf-8", "surrogateescape"), "bytes")
    commit(repository, "$(touch pwned).lock", "dollar")
    git(repository, "checkout", "-q", "main")

    assert versions(repository) == {*map(str, range(len(names))), "bytes", "dollar"}
    assert git(repository, "status", "--porcelain") == ""


def test_a_link_is_not_followed_out_of_the_repository(repository: Path, tmp_path: Path) -> None:
    write(tmp_path / "secret", "secret")
    (repository / "cogvid.lock").symlink_to(tmp_path / "secret")
    commit(repository, "other.lock", "other")

    assert versions(repository) == {str(tmp_path / "secret"), "other"}


def test_nothing_that_the_configuration_names_is_run(repository: Path, tmp_path: Path) -> None:
    commit(repository, "cogvid.lock", "lock")
    write(repository / ".gitattributes", "*.lock filter=x diff=x\n")
    git(repository, "add", "--all")
    write(repository / "cogvid.lock", "changed")
    git(repository, "stash")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/run\ncat\n")
    program.chmod(0o755)
    for name in ("fsmonitor", "pager", "sshCommand", "editor"):
        git(repository, "config", f"core.{name}", str(program))
    for name in ("filter.x.smudge", "filter.x.clean", "diff.x.textconv", "diff.x.command", "diff.external"):
        git(repository, "config", name, str(program))
    git(repository, "config", "log.showSignature", "true")
    git(repository, "config", "gpg.program", str(program))
    git(repository, "config", "core.hooksPath", str(tmp_path))
    (tmp_path / "post-index-change").symlink_to(program)
    (tmp_path / "run").unlink(missing_ok=True)

    assert versions(repository, days=200) == {"lock", "changed"}
    assert revisions(repository).read_at("main", "cogvid.lock") == b"lock"
    assert not (tmp_path / "run").exists()


def test_what_a_hook_says_about_another_repository_does_not_count(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repository, "cogvid.lock", "lock")
    make_repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")

    assert versions(repository) == {"lock"}


def test_a_large_file_comes_in_blocks_and_need_not_be_read_to_its_end(repository: Path) -> None:
    commit(repository, "a.lock", b"x" * 10_000_000)
    commit(repository, "b.lock", b"y" * 3_000_000)

    sizes = [
        [len(block) for block in blocks]
        for blocks in revisions(repository).versions(".lock", since=time.time())
    ]
    first = [next(blocks)[:1] for blocks in revisions(repository).versions(".lock", since=time.time())]
    unfinished = revisions(repository).versions(".lock", since=time.time())

    assert sorted(map(sum, sizes)) == [3_000_000, 10_000_000]
    assert max(map(max, sizes)) <= 1024 * 1024
    assert sorted(first) == [b"x", b"y"]
    assert next(next(unfinished))
    unfinished.close()


# --- one file at one revision -------------------------------------------------------------------------


def test_a_file_is_read_as_it_was_at_a_revision(repository: Path) -> None:
    commit(repository, "film/cogvid.yaml", b"old \xff\r\n")
    commit(repository, "film/cogvid.yaml", "new")
    git(repository, "tag", "-a", "-m", "Released", "v1")
    write(repository / "film/cogvid.yaml", "changed")
    at = revisions(repository / "film").read_at

    assert at("HEAD~1", "cogvid.yaml") == b"old \xff\r\n"
    assert at("main", "./cogvid.yaml") == at("v1", "../film/cogvid.yaml") == b"new"


def test_what_is_no_file_at_a_revision_is_none(repository: Path) -> None:
    (repository / "link.yaml").symlink_to("cogvid.yaml")
    commit(repository, "film/cogvid.yaml", "shots: {}")
    read_at = revisions(repository).read_at

    for path in ("cogvid.yaml", "film", "film/", "film/cogvid.yaml/x", "*.yaml", ".", "", "link.yaml"):
        assert read_at("main", path) is None, path


@pytest.mark.parametrize(
    "revision", ["nothing", "--all", "--since=now", "", "main:film", "-", "HEAD^{tree}", "a b\nc"]
)
def test_a_revision_that_is_none_is_refused(repository: Path, revision: str) -> None:
    commit(repository, "film/cogvid.yaml", "shots: {}")

    with pytest.raises(UsageError, match="git knows no revision"):
        revisions(repository).read_at(revision, "film/cogvid.yaml")

"""Where state lies, in and outside of git."""

import subprocess

import pytest

from cogvid_pipeline.errors import StateError, UsageError
from cogvid_pipeline.state.ledger import open_ledger
from cogvid_pipeline.state.places import find_state_directory
from tests.attempts import make_attempt
from tests.repository import commit


def git(directory, *arguments):
    identity = ["-c", "user.name=Fox", "-c", "user.email=fox@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    directory = tmp_path / "repository"
    directory.mkdir()
    git(directory, "init", "-q")
    git(directory, "commit", "-q", "--allow-empty", "-m", "First")
    return directory


def test_in_a_repository_it_is_the_git_directory(repository):
    assert find_state_directory(repository, None) == repository / ".git" / "cogvid"


def test_a_manifest_deep_in_a_repository_uses_the_same_place(repository):
    films = repository / "films" / "night"
    films.mkdir(parents=True)

    assert find_state_directory(films, None) == repository / ".git" / "cogvid"


def test_all_work_trees_share_one_place(repository):
    git(repository, "worktree", "add", "-q", "../other", "-b", "other")

    assert find_state_directory(repository.parent / "other", None) == repository / ".git" / "cogvid"


def test_a_work_tree_of_a_bare_repository_uses_the_bare_directory(repository):
    git(repository.parent, "clone", "-q", "--bare", "repository", "bare")
    git(repository.parent / "bare", "worktree", "add", "-q", "../tree", "-b", "tree")

    assert find_state_directory(repository.parent / "tree", None) == repository.parent / "bare" / "cogvid"


def test_a_submodule_has_a_place_of_its_own(repository):
    other = repository.parent / "other"
    git(repository.parent, "clone", "-q", "repository", "other")
    git(other, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository), "part")

    assert find_state_directory(other / "part", None) == other / ".git" / "modules" / "part" / "cogvid"


def test_outside_of_git_it_lies_beside_the_manifest(tmp_path):
    assert find_state_directory(tmp_path, None) == tmp_path / ".cogvid"


def test_a_manifest_that_is_reached_by_a_link_uses_the_place_of_the_real_one(repository, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(repository)

    assert find_state_directory(link, None) == repository / ".git" / "cogvid"


@pytest.mark.parametrize("content", ["", "nonsense\n", "\xff" * 100_000])
def test_a_git_file_that_says_nothing_is_passed_over(tmp_path, content):
    (tmp_path / ".git").write_text(content)

    assert find_state_directory(tmp_path, None) == tmp_path / ".cogvid"


def test_a_git_directory_without_a_repository_is_passed_over(tmp_path):
    (tmp_path / ".git").mkdir()

    assert find_state_directory(tmp_path, None) == tmp_path / ".cogvid"


def test_a_work_tree_whose_repository_is_gone_is_an_error(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /nowhere/.git/worktrees/film\r\n")

    with pytest.raises(
        StateError, match=r"leads to /nowhere/\.git/worktrees/film, which is not there"
    ) as caught:
        find_state_directory(tmp_path, None)

    assert "COGVID_LEDGER" in caught.value.hint


def test_a_ledger_that_came_with_a_commit_is_not_used(repository):
    commit(repository, "state/ledger.db", "planted")

    with pytest.raises(StateError, match="git tracks what COGVID_LEDGER names"):
        find_state_directory(repository, "state")
    assert find_state_directory(repository, "other/state") == repository / "other" / "state"


def test_the_setting_goes_before_git(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert find_state_directory(repository, "shared/ledger") == repository / "shared" / "ledger"
    assert find_state_directory(repository, "") == repository / ".git" / "cogvid"


def test_a_server_as_ledger_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no ledger in PostgreSQL") as caught:
        find_state_directory(tmp_path, "postgresql://user:secret@db.example.com/cogvid")

    assert "secret" not in str(caught.value)


def test_asking_makes_nothing(tmp_path):
    find_state_directory(tmp_path, None)
    find_state_directory(tmp_path, str(tmp_path / "elsewhere"))

    assert list(tmp_path.iterdir()) == []


def test_a_ledger_of_previews_from_before_git_may_be_left_behind(repository):
    with open_ledger(repository / ".cogvid", "run") as ledger:
        ledger.record(make_attempt(provider="preview"))

    assert find_state_directory(repository, None) == repository / ".git" / "cogvid"


def test_a_ledger_of_paid_clips_from_before_git_is_not_left_behind_unseen(repository):
    with open_ledger(repository / ".cogvid", "run") as ledger:
        ledger.record(make_attempt())

    with pytest.raises(StateError, match="has a ledger, and since this directory is under git") as caught:
        find_state_directory(repository, None)

    assert f"mv {repository}/.cogvid {repository}/.git/cogvid" in caught.value.hint


def test_a_relative_setting_is_one_of_the_project_wherever_the_command_runs(tmp_path, monkeypatch):
    film = tmp_path / "film"
    film.mkdir()
    monkeypatch.chdir(tmp_path)

    assert find_state_directory(film, "state") == film / "state"

"""Previews in their folder, and the record of what each was made from."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.store.previews import PreviewFolder


def made(root: Path, *shots: str) -> PreviewFolder:
    """A folder in which these previews were made, looked at anew."""
    folder = PreviewFolder(root)
    for shot in shots:
        folder.path(shot).write_text(f"clip of {shot}")
        folder.add(shot, f"key of {shot}")
    folder.close()
    return PreviewFolder(root)


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "previews").iterdir() if not path.name.startswith("."))


def record(root: Path) -> Path:
    return root / "previews/.previews.json"


def test_a_preview_is_found_by_what_it_was_made_from(tmp_path: Path) -> None:
    folder = made(tmp_path, "cat")

    assert folder.find("cat", "key of cat") == folder.add("cat", "key of cat")
    assert folder.find("cat", "another key") is None
    assert folder.find("dog", "key of cat") is None


def test_git_leaves_the_folder_alone(tmp_path: Path) -> None:
    made(tmp_path, "cat")

    assert (tmp_path / "previews/.gitignore").read_text() == "*\n"


@pytest.mark.parametrize("damage", ["edit", "cut short", "remove", "link", "directory"])
def test_a_preview_that_is_not_as_it_was_made_is_not_found(tmp_path: Path, damage: str) -> None:
    folder = made(tmp_path, "cat")
    path = folder.path("cat")
    match damage:
        case "edit":
            path.write_text("clip of Cat")
        case "cut short":
            os.truncate(path, 4)
        case "remove":
            path.unlink()
        case "link":
            path.rename(tmp_path / "elsewhere")
            path.symlink_to(tmp_path / "elsewhere")
        case _:
            path.unlink()
            path.mkdir()

    assert folder.find("cat", "key of cat") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        "\udcff",
        '{"version": 2, "previews": {"cat": ["key of cat", "0"]}}',
        '{"version": 1}',
        '{"version": 1, "previews": [1]}',
        '{"version": 1, "previews": {"cat": 1, "dog": ["a"], "owl": [1, 2], "fox": ["a", "0"]}}',
    ],
)
def test_a_damaged_record_only_means_to_render_again(tmp_path: Path, text: str) -> None:
    made(tmp_path, "cat")
    record(tmp_path).write_bytes(text.encode("utf-8", "surrogateescape"))

    folder = PreviewFolder(tmp_path)

    assert folder.find("cat", "key of cat") is None
    assert folder.keep_only([]) == []
    assert names(tmp_path) == ["cat.mp4"]


def test_previews_of_shots_that_are_no_more_are_deleted(tmp_path: Path) -> None:
    folder = made(tmp_path, "cat", "dog")

    assert folder.keep_only({"dog"}) == ["cat"]
    folder.close()
    assert names(tmp_path) == ["dog.mp4"]
    assert PreviewFolder(tmp_path).keep_only({"dog"}) == []


def test_a_file_that_was_not_made_here_or_was_edited_is_not_deleted(tmp_path: Path) -> None:
    folder = made(tmp_path, "cat", "dog")
    folder.path("cat").write_text("my own cut")
    folder.path("holiday").write_text("my own film")

    assert folder.keep_only([]) == ["dog"]
    assert names(tmp_path) == ["cat.mp4", "holiday.mp4"]


@pytest.mark.parametrize("name", ["../renders/cat", "/etc/cat", ".git", "a/b", "Cat"])
def test_a_record_from_a_stranger_deletes_nothing_elsewhere(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path, "cat")
    (tmp_path / "renders").mkdir()
    (tmp_path / "renders/cat.mp4").write_text("clip of cat")
    digest = folder.find("cat", "key of cat")
    record(tmp_path).write_text(json.dumps({"version": 1, "previews": {name: ["key of cat", digest]}}))

    assert PreviewFolder(tmp_path).keep_only([]) == []
    assert (tmp_path / "renders/cat.mp4").exists()


def test_a_folder_that_leads_out_of_the_project_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "film"
    project.mkdir()
    (project / "previews").symlink_to(tmp_path)

    with pytest.raises(StateError, match="is outside"):
        PreviewFolder(project)


def test_an_environment_has_a_folder_and_a_record_of_its_own(tmp_path: Path) -> None:
    made(tmp_path, "cat")
    final = PreviewFolder(tmp_path, "final")
    final.path("cat").write_text("final clip of cat")
    final.add("cat", "key of final cat")
    final.close()

    assert PreviewFolder(tmp_path).find("cat", "key of cat")
    assert PreviewFolder(tmp_path, "final").find("cat", "key of final cat")
    assert (tmp_path / "previews/final/cat.mp4").exists()


def test_what_an_ended_process_left_unfinished_is_deleted_and_what_is_being_written_is_not(
    tmp_path: Path,
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    folder = made(tmp_path, "cat")
    left, written = (folder.directory / f".cat.mp4.{number}.tmp" for number in (ended.pid, os.getpid()))
    impossible = folder.directory / f".cat.mp4.{10**30}.tmp"
    for path in (left, written, impossible):
        path.touch()

    folder.close()

    assert [path.exists() for path in (left, written, impossible)] == [False, True, True]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path, "cat")
    shutil.rmtree(folder.directory)

    with pytest.raises(StateError, match=r"cannot write .*previews"):
        folder.close()

"""Files of a project that are watched."""

import os
from pathlib import Path

import pytest

from cogvid_pipeline.watch.files import Watched


def names(root: Path, changed: set[str]) -> list[str]:
    return sorted(os.path.relpath(path, root) for path in changed)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "film"
    (root / "acts").mkdir(parents=True)
    for name in ("cogvid.yaml", "acts/one.yaml"):
        (root / name).write_text("version: 1\n")
    return root


@pytest.mark.parametrize("how", ["written", "touched", "replaced", "removed", "renamed"])
def test_a_changed_file_is_noticed(root: Path, how: str) -> None:
    path = root / "acts/one.yaml"
    changes = Watched(root).changes()
    match how:
        case "written":
            path.write_text("version: 2\nshots: {}\n")
        case "touched":
            os.utime(path, (1, 1))
        case "replaced":  # of the same size, by a file that claims to be as old
            status = path.stat()
            (root / "acts/.one.yaml.swp").write_text("version: 2\n")
            os.utime(root / "acts/.one.yaml.swp", ns=(status.st_atime_ns, status.st_mtime_ns))
            (root / "acts/.one.yaml.swp").replace(path)
        case "removed":
            path.unlink()
        case _:
            path.rename(root / "acts/two.yaml")

    expected = ["acts/one.yaml", *(["acts/two.yaml"] if how == "renamed" else [])]
    assert names(root, next(changes)) == expected


def test_new_files_in_new_folders_are_noticed(root: Path) -> None:
    changes = Watched(root).changes()
    (root / "frames/night").mkdir(parents=True)
    (root / "frames/night/lantern.png").touch()

    assert names(root, next(changes)) == ["frames/night/lantern.png"]


def test_what_is_hidden_or_made_here_or_comes_with_tools_is_not_looked_at(root: Path) -> None:
    apart = ["previews", ".git", "node_modules"]
    for name in apart:
        (root / name).mkdir()
    changes = Watched(root, apart=[root / "previews"]).changes()
    for path in (*(root / name / "new" for name in apart), root / ".cogvid.yaml.swp", root / "seen"):
        path.touch()

    assert names(root, next(changes)) == ["seen"]


def test_a_file_elsewhere_is_watched_when_it_is_named_even_before_it_is_there(root: Path) -> None:
    outside = root.parent / "vars.yaml"
    changes = Watched(root, besides=[outside]).changes()
    outside.write_text("city: Chengdu\n")

    assert next(changes) == {str(outside)}


def test_links_are_looked_through_to_files_but_not_into_folders(root: Path) -> None:
    elsewhere = root.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "still.png").touch()
    (root / "still.png").symlink_to(elsewhere / "still.png")
    (root / "ring").symlink_to(root)
    (root / "nowhere").symlink_to(root / "missing")
    changes = Watched(root).changes()
    (elsewhere / "still.png").write_bytes(b"another")

    assert names(root, next(changes)) == ["still.png"]


def test_each_change_is_told_once(root: Path) -> None:
    changes = Watched(root).changes()
    (root / "one").touch()
    assert names(root, next(changes)) == ["one"]
    (root / "two").touch()
    assert names(root, next(changes)) == ["two"]


def test_what_changed_while_nobody_listened_is_told_later(root: Path) -> None:
    changes = Watched(root).changes()
    (root / "one").touch()
    next(changes)
    (root / "two").touch()
    (root / "three").touch()

    assert names(root, next(changes)) == ["three", "two"]

"""What is written is there whole, or not at all."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cogvid_pipeline.durable import (
    make_directory_durably,
    make_ignored_directory,
    move_durably,
    replace_durably,
)
from cogvid_pipeline.errors import StateError
from tests.disk import no_room_beyond


def name_of(descriptor):
    return Path(f"/proc/self/fd/{descriptor}").readlink().name


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "cogvid.lock"

    replace_durably(path, b"one")
    replace_durably(path, b"two")

    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path):
    path = tmp_path / "file"

    replace_durably(path, b"")

    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "cogvid.lock"
    replace_durably(path, b"old")

    with (
        no_room_beyond(4096),
        pytest.raises(StateError, match=r"cannot write .*cogvid\.lock: File too large") as caught,
    ):
        replace_durably(path, b"new" * 4096)

    assert "free some space" in caught.value.hint
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_where_the_temporary_file_goes_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = tmp_path / "cogvid.lock"
    (tmp_path / f".cogvid.lock.{os.getpid()}.tmp").symlink_to(victim)

    replace_durably(path, b"new")

    assert victim.read_text() == "precious"
    assert path.read_bytes() == b"new"


def test_a_link_at_the_place_itself_is_replaced(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = tmp_path / "cogvid.lock"
    path.symlink_to(victim)

    replace_durably(path, b"new")

    assert victim.read_text() == "precious"
    assert not path.is_symlink()


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(StateError, match="No such file or directory"):
        replace_durably(tmp_path / "gone" / "file", b"")


def test_what_cannot_be_moved_stays_where_it_is(tmp_path):
    staging = tmp_path / "staging"
    staging.write_bytes(b"a long download")
    (tmp_path / "place").mkdir()

    with pytest.raises(StateError, match="cannot write"):
        move_durably(staging, tmp_path / "place")

    assert staging.read_bytes() == b"a long download"


def test_bytes_are_synced_before_they_get_their_name_and_the_name_after(tmp_path, monkeypatch):
    path = tmp_path / "cogvid.lock"
    steps = []

    def seen(descriptor):
        steps.append((name_of(descriptor), path.exists()))

    monkeypatch.setattr(os, "fsync", seen)
    replace_durably(path, b"new")

    assert steps == [(f".cogvid.lock.{os.getpid()}.tmp", False), (tmp_path.name, True)]


def test_each_new_directory_is_synced_into_the_one_it_lies_in(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(name_of(fd)))

    make_directory_durably(tmp_path / "a" / "b")
    make_directory_durably(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b").is_dir()
    assert synced == [tmp_path.name, "a"]


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(StateError, match=r"cannot write .*file"):
        make_directory_durably(tmp_path / "file" / "below")


def test_an_ignored_directory_tells_git_so(tmp_path):
    below = make_ignored_directory(tmp_path / "renders", "a", "b")

    assert below == tmp_path / "renders" / "a" / "b"
    assert below.is_dir()
    assert (tmp_path / "renders" / ".gitignore").read_text() == "*\n"


def test_an_ignored_directory_is_finished_after_a_crash(tmp_path):
    (tmp_path / "renders").mkdir()

    make_ignored_directory(tmp_path / "renders")

    assert (tmp_path / "renders" / ".gitignore").exists()


def test_a_gitignore_that_the_user_deleted_stays_away(tmp_path):
    (tmp_path / "renders").mkdir()
    (tmp_path / "renders" / "walk.mp4").touch()

    make_ignored_directory(tmp_path / "renders")

    assert not (tmp_path / "renders" / ".gitignore").exists()


def test_threads_that_want_an_ignored_directory_at_once_all_get_it(tmp_path):
    for number in range(50):
        root = tmp_path / f"renders-{number}"
        with ThreadPoolExecutor(16) as pool:
            made = list(pool.map(lambda _: make_ignored_directory(root), range(16)))  # noqa: B023

        assert made == [root] * 16
        assert [path.name for path in root.iterdir()] == [".gitignore"]

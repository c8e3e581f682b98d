"""Copies share their blocks where they can, and are copies everywhere."""

import fcntl

import pytest

from cogvid_pipeline.store.reflink import copy_file


def test_a_copy_has_the_same_bytes_and_is_its_own_file(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"0123456789" * 300_000)

    copy_file(source, tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert (tmp_path / "copy").stat().st_ino != source.stat().st_ino


def test_where_the_file_system_can_clone_no_bytes_are_copied(tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.write_bytes(b"the fox")
    asked = []

    def clone(copy, request, original):
        asked.append(hex(request))
        copy.write(b"cloned")

    monkeypatch.setattr(fcntl, "ioctl", clone)
    copy_file(source, tmp_path / "copy")

    assert asked == ["0x40049409"]
    assert (tmp_path / "copy").read_bytes() == b"cloned"


def test_nothing_that_is_there_is_written_over(tmp_path):
    (tmp_path / "source").touch()
    (tmp_path / "copy").write_text("precious")

    with pytest.raises(FileExistsError):
        copy_file(tmp_path / "source", tmp_path / "copy")

    assert (tmp_path / "copy").read_text() == "precious"

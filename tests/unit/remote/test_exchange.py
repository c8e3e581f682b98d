"""Files on their way through a shared store, apart from the clips that were paid for."""

import hashlib
import os
from pathlib import Path

import pytest

from cogvid_pipeline.errors import DamagedObject
from cogvid_pipeline.remote.exchange import Exchange
from cogvid_pipeline.remote.folder import Folder
from cogvid_pipeline.remote.shared import clip_key


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    (tmp_path / "store").mkdir()
    return Exchange(Folder(tmp_path / "store"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"moving pictures")
    return path


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_file_arrives_as_it_was(exchange: Exchange, file: Path, tmp_path: Path) -> None:
    parcel = exchange.put(file)

    exchange.fetch(parcel, tmp_path / "arrived")

    assert parcel.key == f"work/{digest(file)[:2]}/{digest(file)}"
    assert (tmp_path / "arrived").read_bytes() == b"moving pictures"
    assert exchange.put(file) == parcel


def test_a_clip_that_was_pushed_is_taken_from_where_it_is(exchange: Exchange, file: Path) -> None:
    exchange.bucket.upload(file, clip_key(digest(file)))

    assert exchange.put(file).key == clip_key(digest(file))
    assert not list(exchange.bucket.objects("work"))


def test_a_pushed_clip_that_is_damaged_is_not_relied_on(
    exchange: Exchange, file: Path, tmp_path: Path
) -> None:
    exchange.bucket.write(clip_key(digest(file)), b"moving pictureS")

    exchange.fetch(exchange.put(file), tmp_path / "arrived")

    assert (tmp_path / "arrived").read_bytes() == b"moving pictures"


def test_what_an_earlier_run_sent_is_young_again(exchange: Exchange, file: Path, tmp_path: Path) -> None:
    there = tmp_path / "store" / exchange.put(file).key
    os.utime(there, (0, 0))

    Exchange(exchange.bucket).put(file)

    (found,) = exchange.bucket.objects("work")
    assert found.written > 0


def test_what_this_run_sent_is_not_sent_again(exchange: Exchange, file: Path, tmp_path: Path) -> None:
    there = tmp_path / "store" / exchange.put(file).key
    os.utime(there, (0, 0))

    exchange.put(file)

    assert there.stat().st_mtime == 0


@pytest.mark.parametrize("there", [b"moving pictureS", b"moving", b""])
def test_what_somebody_exchanged_is_refused_and_the_next_run_mends_it(
    exchange: Exchange, file: Path, tmp_path: Path, there: bytes
) -> None:
    parcel = exchange.put(file)
    exchange.bucket.write(parcel.key, there)

    with pytest.raises(DamagedObject, match="its digest is not its name"):
        exchange.fetch(parcel, tmp_path / "arrived")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "store"]

    exchange.fetch(exchange.put(file), tmp_path / "arrived")
    assert (tmp_path / "arrived").read_bytes() == b"moving pictures"

import os
from pathlib import Path

import pytest

from cogvid_pipeline.store.stretches import StretchStore

KEY, OTHER = "ab" * 32, "cd" * 32


@pytest.fixture
def store(tmp_path: Path) -> StretchStore:
    return StretchStore(tmp_path / "state")


def keep(store: StretchStore, content: bytes = b"pictures") -> Path:
    staged = store.staging(KEY)
    staged.write_bytes(content)
    return store.keep(staged, KEY)


def test_what_is_kept_is_found_by_its_key(store: StretchStore) -> None:
    path = keep(store)

    assert store.find(KEY) == path
    assert path.read_bytes() == b"pictures"
    assert store.find(OTHER) is None


def test_what_is_found_counts_as_young(store: StretchStore) -> None:
    path = keep(store)
    os.utime(path, (0, 0))

    store.find(KEY)

    assert path.stat().st_mtime > 0


def test_a_damaged_file_is_gone(store: StretchStore) -> None:
    path = keep(store)
    path.chmod(0o644)
    path.write_bytes(b"pictured")

    assert store.find(KEY) is None
    assert not path.exists()


def test_a_film_is_known_by_its_bytes(store: StretchStore, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    assert not store.is_made(KEY, film)
    film.write_bytes(b"film")
    assert not store.is_made(KEY, film)

    store.remember(KEY, film)

    assert store.is_made(KEY, film)
    assert not store.is_made(OTHER, film)
    film.write_bytes(b"another film")
    assert not store.is_made(KEY, film)

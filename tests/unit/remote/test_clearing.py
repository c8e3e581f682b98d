"""Clearing a shared store of what nobody needs, while others use it."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cogvid_pipeline.model.attempt import Attempt, Clip
from cogvid_pipeline.model.cache import CacheFile, Needed
from cogvid_pipeline.remote.folder import Folder
from cogvid_pipeline.remote.shared import SharedStore, clip_key, record_key
from cogvid_pipeline.remote.sweep import remove, survey
from tests.attempts import make_attempt

NOW = time.time()
DAY = 24 * 60 * 60
NOBODY = Needed(frozenset(), frozenset(), frozenset(), frozenset())

Push = Callable[[str, bytes], Clip]


@pytest.fixture
def store(tmp_path: Path) -> SharedStore:
    (tmp_path / "shelf").mkdir()
    return SharedStore(Folder(tmp_path / "shelf"), lambda _: True)


@pytest.fixture
def push(store: SharedStore, tmp_path: Path) -> Push:
    def push(request: str, content: bytes) -> Clip:
        (tmp_path / "clip").write_bytes(content)
        attempt = _attempt(request, content)
        assert attempt.clip
        store.put_clip(attempt.clip, tmp_path / "clip")
        store.put_record(attempt)
        return attempt.clip

    return push


def _attempt(request: str, content: bytes) -> Attempt:
    attempt = make_attempt(request)
    assert attempt.clip
    digest = hashlib.sha256(content).hexdigest()
    return replace(attempt, clip=replace(attempt.clip, sha256=digest, bytes=len(content)))


def surveyed(store: SharedStore) -> list[CacheFile]:
    """All objects, a hundred days after they were written."""
    for path in Path(store.address).rglob("*"):
        os.utime(path, (NOW - 100 * DAY,) * 2)
    return survey(store, NOBODY, now=NOW, grace=30 * DAY)


def there(store: SharedStore) -> set[str]:
    return {each.key for below in ("clips", "requests") for each in store.bucket.objects(below)}


def record_of(request: str) -> str:
    return record_key(make_attempt(request).fingerprint)


def test_what_nobody_needs_is_removed(store: SharedStore, push: Push) -> None:
    push("cat", b"a cat")

    files = surveyed(store)
    remove(store, files, now=NOW)

    assert [file.reason for file in files] == [None, None]
    assert there(store) == set()


def test_what_is_pushed_again_meanwhile_stays(store: SharedStore, push: Push) -> None:
    """The clip is not sent again, but its record says that it is wanted."""
    cat = push("cat", b"a cat")
    push("dog", b"a dog")

    files = surveyed(store)
    push("cat", b"a cat")
    remove(store, files, now=NOW)

    assert there(store) == {record_of("cat"), clip_key(cat.sha256)}


def test_a_clip_that_answers_another_request_meanwhile_stays(store: SharedStore, push: Push) -> None:
    cat = push("cat", b"a cat")

    files = surveyed(store)
    push("lion", b"a cat")
    remove(store, files, now=NOW)

    assert there(store) == {record_of("lion"), clip_key(cat.sha256)}


def test_what_arrives_meanwhile_stays(store: SharedStore, push: Push) -> None:
    push("cat", b"a cat")

    files = surveyed(store)
    dog = push("dog", b"a dog")
    remove(store, files, now=NOW)

    assert there(store) == {record_of("dog"), clip_key(dog.sha256)}


def test_a_push_makes_young_what_is_there_already(store: SharedStore, push: Push) -> None:
    push("cat", b"a cat")
    surveyed(store)

    push("cat", b"a cat")

    files = survey(store, NOBODY, now=time.time(), grace=30 * DAY)
    assert [file.reason for file in files] == ["young", "young"]

"""What the shared store believes, and what it does not."""

import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cogvid_pipeline.errors import DamagedObject, StoreError
from cogvid_pipeline.model.attempt import Attempt, Clip
from cogvid_pipeline.remote.folder import Folder
from cogvid_pipeline.remote.shared import SharedStore, clip_key, record_key
from cogvid_pipeline.remote.sweep import check_own
from tests.attempts import make_attempt

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def store(tmp_path: Path) -> SharedStore:
    (tmp_path / "shelf").mkdir()
    store = SharedStore(Folder(tmp_path / "shelf"), lambda attempt: attempt.request["prompt"] != "Another.")
    store.mark("film")
    return store


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    """A paid attempt, whose clip is at `tmp_path / "clip"`."""
    import hashlib

    made = make_attempt("cat")
    (tmp_path / "clip").write_bytes(b"the bytes of a clip")
    digest = hashlib.sha256(b"the bytes of a clip").hexdigest()
    assert made.clip
    return replace(made, clip=replace(made.clip, sha256=digest, bytes=19))


def pushed(store: SharedStore, attempt: Attempt, file: Path) -> Path:
    """Have the attempt in the store; the file of its record comes back."""
    store.put_clip(clip_of(attempt), file)
    store.put_record(attempt)
    return Path(store.address) / record_key(attempt.fingerprint)


def clip_of(attempt: Attempt) -> Clip:
    assert attempt.clip
    return attempt.clip


def _of(change: Change) -> Callable[[dict[str, Any]], bytes]:
    def write(document: dict[str, Any]) -> bytes:
        change(document["shots"]["clip"]["result"])
        return json.dumps(document).encode()

    return write


HOSTILE: dict[str, tuple[Callable[[dict[str, Any]], bytes], str]] = {
    "another digest": (_of(lambda r: r["clip"].update(sha256="0" * 64)), "or is gone"),
    "another size": (_of(lambda r: r["clip"].update(bytes=10**14)), "it has not the size"),
    "a path for a digest": (_of(lambda r: r["clip"].update(sha256="../../secret")), "does not have the form"),
    "another fingerprint": (_of(lambda r: r.update(fingerprint="sha256:" + "0" * 64)), "another request"),
    "another request": (_of(lambda r: r["request"].update(prompt="Another.")), "another request"),
    "a preview": (_of(lambda r: r.update(provider="preview")), "no clip that was paid for"),
    "no entry": (lambda _: b'{"version": 1, "shots": {}}', "not exactly one entry"),
    "two entries": (
        lambda d: json.dumps({**d, "shots": {**d["shots"], "b": d["shots"]["clip"]}}).encode(),
        "not exactly one entry",
    ),
    "another version": (lambda d: json.dumps({**d, "version": 9}).encode(), "this cogvid reads version 1"),
    "too large": (lambda d: json.dumps({**d, "x": "x" * 100_000}).encode(), "too many for a record"),
    "deep": (lambda _: b'{"x": ' + b"[" * 60_000, "not a lock"),
    "not text": (lambda _: b"\xff\xfe", "not UTF-8"),
    "nothing": (lambda _: b"", "not a lock"),
}


def test_what_was_pushed_is_found(store: SharedStore, attempt: Attempt, tmp_path: Path) -> None:
    pushed(store, attempt, tmp_path / "clip")

    assert store.find(attempt.fingerprint) == replace(attempt, url=attempt.url.partition("?")[0])
    assert store.find("sha256:" + "0" * 64) is None


@pytest.mark.parametrize(("write", "words"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_record_is_refused_and_named(
    store: SharedStore, attempt: Attempt, tmp_path: Path, write: Any, words: str
) -> None:
    record = pushed(store, attempt, tmp_path / "clip")
    record.write_bytes(write(json.loads(record.read_text())))

    with pytest.raises(DamagedObject, match=words) as caught:
        store.find(attempt.fingerprint)

    assert str(store.address) in str(caught.value)


def test_a_record_that_leads_nowhere_gives_way(store: SharedStore, attempt: Attempt, tmp_path: Path) -> None:
    pushed(store, attempt, tmp_path / "clip")
    (Path(store.address) / clip_key(clip_of(attempt).sha256)).unlink()
    (tmp_path / "clip").write_bytes(b"another clip of it.")
    later = replace(attempt, clip=replace(clip_of(attempt), sha256="1" * 64))

    store.put_clip(clip_of(later), tmp_path / "clip")

    assert store.put_record(later)
    assert not store.put_record(attempt)
    assert store.find(attempt.fingerprint) == replace(later, url=attempt.url.partition("?")[0])


def test_a_download_goes_on_where_it_was(store: SharedStore, attempt: Attempt, tmp_path: Path) -> None:
    pushed(store, attempt, tmp_path / "clip")
    staged = tmp_path / "staged"
    staged.write_bytes(b"the bytes")
    seen: list[tuple[int, int | None]] = []

    assert store.fetch(clip_of(attempt), staged, lambda there, of: seen.append((there, of)))
    assert staged.read_bytes() == b"the bytes of a clip"
    assert seen == [(19, 19)]


@pytest.mark.parametrize("half", [b"the wrong", b"more than there is of it, and so from another clip"])
def test_half_a_download_that_is_wrong_is_made_again_and_not_blamed_on_the_store(
    store: SharedStore, attempt: Attempt, tmp_path: Path, half: bytes
) -> None:
    pushed(store, attempt, tmp_path / "clip")
    staged = tmp_path / "staged"
    staged.write_bytes(half)

    assert store.fetch(clip_of(attempt), staged)
    assert staged.read_bytes() == b"the bytes of a clip"


def test_a_clip_of_another_size_is_not_even_downloaded(
    store: SharedStore, attempt: Attempt, tmp_path: Path
) -> None:
    pushed(store, attempt, tmp_path / "clip")
    with (Path(store.address) / clip_key(clip_of(attempt).sha256)).open("ab") as file:
        file.truncate(10**9)

    with pytest.raises(DamagedObject, match="it has not the size"):
        store.fetch(clip_of(attempt), tmp_path / "staged")

    assert not (tmp_path / "staged").exists()


def test_what_is_not_there_is_no_error(store: SharedStore, attempt: Attempt, tmp_path: Path) -> None:
    assert not store.fetch(clip_of(attempt), tmp_path / "staged")
    assert not (tmp_path / "staged").exists()


def test_a_folder_is_there_or_it_is_an_error(tmp_path: Path, attempt: Attempt) -> None:
    store = SharedStore(Folder(tmp_path / "not mounted"), lambda _: True)

    for use in (
        lambda: store.find(attempt.fingerprint),
        lambda: store.mark("film"),
        lambda: store.put_clip(clip_of(attempt), tmp_path / "clip"),
        lambda: list(store.bucket.objects("clips")),
    ):
        with pytest.raises(StoreError, match="is not there"):
            use()


FOREIGN = {
    b"": "damaged",
    b"[]": "damaged",
    b"x": "damaged",
    b"\xff": "damaged",
    b"[" * 100_000: "damaged",
    b"{}": "damaged",
    b'{"version": true}': "damaged",
    b'{"version": 99}': "has version 99; this cogvid reads version 1",
}


@pytest.mark.parametrize(("mark", "words"), FOREIGN.items(), ids=range(len(FOREIGN)))
def test_a_store_that_this_cogvid_cannot_read_is_left_alone(
    store: SharedStore, attempt: Attempt, mark: bytes, words: str
) -> None:
    file = Path(store.address) / "store.json"
    file.write_bytes(mark)

    for use in (
        lambda: store.find(attempt.fingerprint),
        lambda: store.mark("film"),
        lambda: check_own(store, "film", unshared=False),
    ):
        with pytest.raises(StoreError, match=words):
            use()
    assert file.read_bytes() == mark


def made(path: Path) -> Path:
    """A path whose directory is there."""
    path.parent.mkdir(parents=True)
    return path


ODD: dict[str, Callable[[Path], object]] = {
    "a directory for a record": lambda record: record.mkdir(parents=True),
    "a pipe for a record": lambda record: os.mkfifo(made(record)),
    "a link to nowhere": lambda record: made(record).symlink_to("nowhere"),
    "a folder that is a file": lambda record: record.parents[1].write_bytes(b""),
    "a folder that is a link to itself": lambda record: record.parents[1].symlink_to("requests"),
    "a folder that is a link to nowhere": lambda record: record.parents[1].symlink_to("nowhere"),
}


@pytest.mark.parametrize("put", ODD.values(), ids=ODD)
def test_what_is_there_and_no_file_does_not_pass_for_absent(
    store: SharedStore, attempt: Attempt, put: Callable[[Path], object]
) -> None:
    put(Path(store.address) / record_key(attempt.fingerprint))

    with pytest.raises(StoreError, match=r"no regular file|cannot be used: .+requests"):
        store.find(attempt.fingerprint)


def test_a_folder_may_be_a_link_to_another_disk(store: SharedStore, attempt: Attempt, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (Path(store.address) / "requests").symlink_to(tmp_path / "disk")

    assert store.find(attempt.fingerprint) is None
    pushed(store, attempt, tmp_path / "clip")
    assert SharedStore(store.bucket, lambda _: True).find(attempt.fingerprint)


def test_what_the_disk_says_is_said(store: SharedStore, attempt: Attempt, tmp_path: Path) -> None:
    (Path(store.address) / "clips").write_text("a file where a directory should be")

    with pytest.raises(StoreError, match="cannot be used"):
        store.put_clip(clip_of(attempt), tmp_path / "clip")


def test_nobody_sees_half_a_clip(store: SharedStore, attempt: Attempt, tmp_path: Path) -> None:
    """Whoever lists the folder while clips arrive sees whole ones alone."""
    (tmp_path / "clip").write_bytes(bytes(20_000_000))
    sizes: set[int] = set()
    thread = threading.Thread(target=store.bucket.upload, args=(tmp_path / "clip", "clips/aa/clip.mp4"))
    thread.start()
    while thread.is_alive():
        sizes.update(each.bytes for each in store.bucket.objects("clips"))
    thread.join()
    sizes.update(each.bytes for each in store.bucket.objects("clips"))

    assert sizes == {20_000_000}

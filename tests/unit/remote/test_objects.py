"""Objects on a real S3 server."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cogvid_pipeline.errors import StoreError
from cogvid_pipeline.remote import objects as module
from cogvid_pipeline.remote.objects import Objects
from tests.s3 import BUCKET, S3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with S3(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def s3(server: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def bucket(s3: S3) -> Objects:
    return Objects(f"s3://{BUCKET}/night")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(400_000)))
    return path


def test_what_was_written_is_there_and_what_was_removed_is_not(bucket: Objects, file: Path, s3: S3) -> None:
    bucket.write("store.json", b"{}")
    bucket.upload(file, "clips/aa/aa.mp4")

    assert bucket.holds("clips/aa/aa.mp4", file)
    assert bucket.size("clips/aa/aa.mp4") == 12_800_000
    assert bucket.size("clips/aa") is None
    assert bucket.read("clips/aa/aa.mp4", 3, 7) == file.read_bytes()[3:7]
    assert [each.key for each in bucket.objects("clips")] == ["clips/aa/aa.mp4"]
    assert (s3.place / "store.json").read_bytes() == b"{}"
    bucket.remove("clips/aa/aa.mp4")
    assert bucket.size("clips/aa/aa.mp4") is None
    assert list(bucket.objects("clips")) == []


def test_parts_of_dead_uploads_are_found_and_removed(bucket: Objects) -> None:
    for key in ("night/clips/aa.mp4", "day/clips/aa.mp4"):
        bucket._files.call_s3("create_multipart_upload", Bucket=BUCKET, Key=key)

    assert bucket.abandoned(time.time() - 3600) == {}
    left = bucket.abandoned(time.time() + 3600)
    assert list(left) == ["night/clips/aa.mp4 (parts)"]
    left.popitem()[1]()
    assert bucket.abandoned(time.time() + 3600) == {}


def test_a_key_that_is_not_known_is_refused_in_words(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody-else")

    with pytest.raises(StoreError, match=f"the shared store s3://{BUCKET}/night refuses: ") as caught:
        Objects(f"s3://{BUCKET}/night").write("store.json", b"{}")

    assert "credentials" in caught.value.hint


def test_a_bucket_that_is_not_there_is_no_empty_one(s3: S3) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        Objects("s3://nobody/night").write("store.json", b"{}")


def test_a_server_that_says_nothing_is_given_up_on_after_few_tries(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module._S3["config_kwargs"], "read_timeout", 0.2)
    before = s3.calls
    s3.stall_at(b"store.json")

    try:
        with pytest.raises(StoreError, match="cannot be used: Read timeout"):
            Objects(f"s3://{BUCKET}/night").size("store.json")
    finally:
        s3.flow()

    assert s3.calls - before == 4


def test_any_other_file_system_will_do_and_is_compared_byte_by_byte(file: Path, tmp_path: Path) -> None:
    bucket = Objects("memory://shelf")
    other = tmp_path / "other"
    other.write_bytes(file.read_bytes()[:-1] + b"!")

    bucket.upload(file, "clips/aa/aa.mp4")

    assert bucket.holds("clips/aa/aa.mp4", file)
    assert not bucket.holds("clips/aa/aa.mp4", other)
    assert not bucket.holds("clips/bb/bb.mp4", file)
    assert bucket.read("clips/aa/aa.mp4", 0, 4) == file.read_bytes()[:4]
    assert bucket.abandoned(time.time()) == {}
    assert [(each.key, each.bytes) for each in bucket.objects("clips")] == [("clips/aa/aa.mp4", 12_800_000)]


def test_a_scheme_whose_package_is_missing_is_said_in_words() -> None:
    with pytest.raises(StoreError, match="gcsfs"):
        Objects("gs://our-clips").size("store.json")


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "s3fs" else object())

    with pytest.raises(ModuleNotFoundError, match="s3fs"):
        Objects("s3://our-clips")

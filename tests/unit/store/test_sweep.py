"""What is in the cache, why it stays, and what goes."""

import os
from pathlib import Path

import pytest

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.cache import CacheFile, Needed, Reason
from cogvid_pipeline.store.clips import ClipStore
from cogvid_pipeline.store.sweep import remove, survey
from tests.attempts import hex_digest
from tests.repository import write

NOW = 2_000_000_000.0
DAY = 24 * 60 * 60
NOTHING = Needed(frozenset(), frozenset(), frozenset(), frozenset())


def put(state: Path, path: str, *, days: float = 100, size: int = 3) -> str:
    """Make a file that is so many days old."""
    write(state / path, b"x" * size)
    os.utime(state / path, (NOW - days * DAY,) * 2)
    return path


def put_clip(state: Path, name: str, *, days: float = 100, kind: str = "mp4") -> str:
    digest = hex_digest(name)
    return put(state, f"clips/{digest[:2]}/{digest}.{kind}", days=days)


def reasons(state: Path, needed: Needed = NOTHING, *, grace: float = 30 * DAY) -> dict[str, Reason | None]:
    return {file.path: file.reason for file in survey(state, needed, now=NOW, grace=grace)}


def test_each_clip_stays_for_the_strongest_reason(tmp_path: Path) -> None:
    needed = Needed(
        frozenset({hex_digest("locked")}),
        frozenset({hex_digest("locked"), hex_digest("unfinished")}),
        frozenset(),
        frozenset({hex_digest("recorded")}),
    )
    locked = put_clip(tmp_path, "locked", days=1)
    unfinished = put_clip(tmp_path, "unfinished")
    recorded = put_clip(tmp_path, "recorded")
    young = put_clip(tmp_path, "young", days=29)
    unused = put_clip(tmp_path, "unused", days=31)

    assert reasons(tmp_path, needed) == {
        locked: Reason.LOCK,
        unfinished: Reason.UNFINISHED,
        recorded: Reason.LEDGER,
        young: Reason.YOUNG,
        unused: None,
    }


def test_a_file_from_the_future_is_young_whatever_the_grace(tmp_path: Path) -> None:
    path = put_clip(tmp_path, "future", days=-4000)
    new = put_clip(tmp_path, "new", days=0)

    assert reasons(tmp_path, grace=0) == {path: Reason.YOUNG, new: None}


def test_files_come_with_their_size_the_oldest_first(tmp_path: Path) -> None:
    put_clip(tmp_path, "a", days=40)
    oldest = put(tmp_path, f"partial/{'0' * 32}.mp4", days=50, size=7)

    first, second = survey(tmp_path, NOTHING, now=NOW, grace=0)

    assert first == CacheFile(oldest, 7, 50 * DAY, None)
    assert second.age == 40 * DAY


def test_a_damaged_clip_stays_only_while_it_is_all_that_is_left_of_one(tmp_path: Path) -> None:
    needed = Needed(
        frozenset({hex_digest("lost"), hex_digest("mended")}), frozenset(), frozenset(), frozenset()
    )
    lost = put_clip(tmp_path, "lost", kind="damaged")
    mended = put_clip(tmp_path, "mended", kind="damaged")
    whole = put_clip(tmp_path, "mended")
    old = put_clip(tmp_path, "old", kind="damaged")
    young = put_clip(tmp_path, "young", kind="damaged", days=1)

    assert reasons(tmp_path, needed) == {
        lost: Reason.LOCK,
        mended: None,
        whole: Reason.LOCK,
        old: None,
        young: Reason.YOUNG,
    }


def test_downloads_stay_while_their_attempt_is_unfinished(tmp_path: Path) -> None:
    def probe(path: Path, digest: str) -> Clip:
        raise AssertionError(path, digest)

    store = ClipStore(tmp_path, tmp_path, "renders", probe)
    paths = []
    for key in ("running", "done"):
        staged = store.staging(key).relative_to(tmp_path)
        paths += [put(tmp_path, str(staged)), put(tmp_path, f"{staged}.part")]
        paths.append(put(tmp_path, str(staged.with_name(f".{staged.name}.123.tmp"))))
        paths.append(put(tmp_path, str(staged.with_suffix(".123.mp4"))))  # of a second run beside the first
    young = put(tmp_path, f"partial/{'1' * 32}.mp4", days=2)
    needed = Needed(frozenset(), frozenset(), frozenset({"running"}), frozenset())

    assert reasons(tmp_path, needed) == {
        **dict.fromkeys(paths[:4], Reason.UNFINISHED),
        **dict.fromkeys(paths[4:]),
        young: Reason.YOUNG,
    }


def test_what_the_cache_did_not_make_is_left_alone(tmp_path: Path) -> None:
    digest = hex_digest("a")
    for path in (
        "ledger.db",
        "runs/1.lock",
        "clips/notes.txt",
        "clips/aa/notes.txt",
        f"clips/aa/{digest}.mp4.bak",
        f"clips/aa/{digest}.mp4\n",
        f"clips/aa/deeper/{digest}.mp4",
        f"clips/{digest}.mp4",
        "partial/notes.mp4",
        f"partial/{'0' * 32}.mov",
    ):
        put(tmp_path, path)
    (tmp_path / f"clips/aa/{digest}.mp4").symlink_to(tmp_path / "ledger.db")
    (tmp_path / f"partial/{'0' * 32}.mp4").mkdir()

    assert reasons(tmp_path) == {}


def test_a_cache_that_is_kept_on_another_disk_by_a_link_is_looked_at(tmp_path: Path) -> None:
    put_clip(tmp_path / "disk", "a")
    (tmp_path / "state").mkdir()
    (tmp_path / "state/clips").symlink_to(tmp_path / "disk/clips")

    (path,) = reasons(tmp_path / "state")
    remove(tmp_path / "state", survey(tmp_path / "state", NOTHING, now=NOW, grace=0))

    assert path.startswith("clips/")
    assert reasons(tmp_path / "state") == {}


def test_where_there_is_no_cache_there_is_nothing(tmp_path: Path) -> None:
    assert survey(tmp_path / "state", NOTHING, now=NOW, grace=0) == []


def test_a_cache_that_is_no_directory_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "clips", "")

    with pytest.raises(StateError, match=r"cannot read .*clips: Not a directory"):
        survey(tmp_path, NOTHING, now=NOW, grace=0)


def test_what_is_removed_is_gone_and_what_was_gone_before_is_no_error(tmp_path: Path) -> None:
    keep, go, gone = (put_clip(tmp_path, name) for name in ("keep", "go", "gone"))
    files = [file for file in survey(tmp_path, NOTHING, now=NOW, grace=0) if file.path != keep]
    (tmp_path / gone).unlink()

    remove(tmp_path, files)

    assert list(reasons(tmp_path)) == [keep]
    assert not (tmp_path / go).exists()


def test_a_file_that_cannot_be_removed_is_named(tmp_path: Path) -> None:
    path = put_clip(tmp_path, "a")
    files = survey(tmp_path, NOTHING, now=NOW, grace=0)
    (tmp_path / path).unlink()
    (tmp_path / path).mkdir()

    with pytest.raises(StateError, match=f"cannot remove .*{path}: Is a directory"):
        remove(tmp_path, files)

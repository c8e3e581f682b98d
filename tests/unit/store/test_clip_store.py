"""Clips are found by their digest, and readable names are copies that can do no harm."""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cogvid_pipeline.errors import ClusterError, MediaError, StateError
from cogvid_pipeline.media.probe import describe
from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.store.clips import ClipStore
from tests.clips import make_clip
from tests.disk import no_room_beyond


def facts(path: Path, sha256: str) -> Clip:
    """A probe that takes any file but an empty one for a clip."""
    if not path.stat().st_size:
        raise MediaError(f"{path} does not play")
    return Clip(sha256, path.stat().st_size, 1920, 1080, 30.0, 5.0, audio=False)


@pytest.fixture
def project(tmp_path):
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "cogvid.yaml").touch()
    return directory


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def open_store(state, project):
    """A store as each run opens it anew."""
    return lambda output="renders": ClipStore(state, project, output, facts)


@pytest.fixture
def store(open_store):
    return open_store()


def adopt(store, data=b"the fox walks"):
    staged = store.staging("download")
    staged.write_bytes(data)
    return store.adopt(staged)


def cached(state):
    return sorted(path for path in (state / "clips").rglob("*") if path.is_file())


def damage(path):
    path.chmod(0o644)
    path.write_bytes(b"damaged")


def test_a_real_clip_is_adopted_found_and_placed(state, project, tmp_path):
    store = ClipStore(state, project, "renders", describe)
    staged = store.staging("request-1")
    shutil.copy(make_clip(tmp_path / "made.mp4"), staged)
    digest = hashlib.sha256(staged.read_bytes()).hexdigest()

    clip = store.adopt(staged, expected=digest)

    assert (clip.sha256, clip.width, clip.height, clip.fps) == (digest, 128, 64, 30)
    assert store.find(clip) == state / "clips" / digest[:2] / f"{digest}.mp4"
    placed = store.place(clip, "walk")
    assert placed == project / "renders" / "walk.mp4"
    assert describe(placed, digest) == clip


def test_an_adopted_file_is_read_only_and_no_longer_staged(store, state):
    clip = adopt(store)

    (file,) = cached(state)
    assert stat.S_IMODE(file.stat().st_mode) == 0o444
    assert file.name == f"{clip.sha256}.mp4"
    assert list((state / "partial").iterdir()) == []


def test_the_same_clip_twice_is_kept_once(store, state):
    assert adopt(store) == adopt(store)
    assert len(cached(state)) == 1


def test_a_clip_is_synced_before_it_gets_its_name(store, monkeypatch):
    staged = store.staging("download")
    staged.write_bytes(b"the fox walks")
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(Path(f"/proc/self/fd/{fd}").readlink().name))

    clip = store.adopt(staged)

    assert synced[-2:] == [staged.name, clip.sha256[:2]]


def test_a_copy_is_synced_before_it_gets_its_readable_name(store, project, monkeypatch):
    clip = adopt(store)
    readable = project / "renders" / "walk.mp4"
    synced = []

    def seen(descriptor):
        synced.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, readable.exists()))

    monkeypatch.setattr(os, "fsync", seen)
    store.place(clip, "walk")

    assert synced[-2:] == [(f".walk.mp4.{os.getpid()}.tmp", False), ("renders", True)]


def test_a_file_that_is_no_clip_is_not_kept(store, state):
    staged = store.staging("download")
    staged.write_bytes(b"")

    with pytest.raises(MediaError):
        store.adopt(staged)

    assert not staged.exists()
    assert cached(state) == []


def test_a_clip_with_another_digest_than_the_lock_says_is_not_kept(store, state):
    staged = store.staging("download")
    staged.write_bytes(b"the vendor changed its mind")

    with pytest.raises(StateError, match="not the one that the lock describes") as caught:
        store.adopt(staged, expected="0" * 64)

    assert "--replace" in caught.value.hint
    assert not staged.exists()
    assert cached(state) == []


@pytest.mark.parametrize(
    "error", [StateError("No space left on device"), ClusterError("gone"), MemoryError()]
)
def test_a_download_that_nobody_could_look_into_stays(store, error):
    def fail(_path, _digest):
        raise error

    staged = store.staging("download")
    staged.write_bytes(b"the fox walks")
    store.probe = fail

    with pytest.raises(type(error)):
        store.adopt(staged)

    assert staged.read_bytes() == b"the fox walks"


def test_a_download_that_is_gone_is_an_error(store):
    with pytest.raises(StateError, match=r"cannot read .*: No such file"):
        store.adopt(store.staging("never made"))


def test_a_download_goes_on_where_an_earlier_run_put_it(open_store):
    path = open_store().staging("task 1")
    path.write_bytes(b"half")

    assert open_store().staging("task 1").read_bytes() == b"half"
    assert open_store().staging("task 2") != path


HAVE = """
import sys
from pathlib import Path
from cogvid_pipeline.store.clips import ClipStore

store = ClipStore(Path(sys.argv[1]), Path(sys.argv[2]), "renders", None)
print(store.staging("task 1"), flush=True)
sys.stdin.read()
"""


def test_what_another_process_is_downloading_is_left_to_it_until_it_ends(open_store, state, project):
    other = subprocess.Popen(
        [sys.executable, "-c", HAVE, str(state), str(project)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    theirs = Path(other.stdout.readline().strip())

    own = open_store().staging("task 1")
    untouched = open_store().staging("task 2")
    other.kill()
    other.communicate()

    assert own.parent == theirs.parent
    assert own != theirs
    assert untouched != theirs
    assert open_store().staging("task 1") == theirs


@pytest.mark.parametrize("key", ["../../etc/passwd", "a/b", "\ud83d", "x" * 5000])
def test_a_download_stays_in_its_directory_whatever_its_key(store, state, key):
    path = store.staging(key)

    path.touch()
    assert path.parent == state / "partial"


def test_a_clip_that_nobody_has_is_not_found(store, state, project):
    assert store.find(Clip("0" * 64, 1, 1, 1, 1.0, 1.0, audio=False)) is None
    assert not state.exists()
    assert [path.name for path in project.iterdir()] == ["cogvid.yaml"]


def test_a_damaged_clip_is_set_aside_and_not_found(store, state):
    clip = adopt(store)
    damage(cached(state)[0])

    assert store.find(clip) is None
    assert [path.suffix for path in cached(state)] == [".damaged"]


def test_a_clip_comes_back_into_the_cache_from_under_any_readable_name(store, open_store, state, project):
    clip = adopt(store)
    store.place(clip, "walk")
    (project / "renders" / "walk.mp4").rename(project / "renders" / "old name.mp4")
    damage(cached(state)[0])

    found = open_store().find(clip)

    assert found.read_bytes() == b"the fox walks"
    assert stat.S_IMODE(found.stat().st_mode) == 0o444
    assert (project / "renders" / "old name.mp4").exists()


def test_another_file_of_the_same_size_is_not_taken_for_the_clip(store, open_store, state, project):
    clip = adopt(store)
    store.place(clip, "walk").write_bytes(b"the fox WALKS")
    cached(state)[0].unlink()

    assert open_store().find(clip) is None
    assert list((state / "partial").iterdir()) == []


def test_a_link_in_the_output_folder_is_not_read(store, state, project, tmp_path):
    clip = adopt(store)
    secret = tmp_path / "secret"
    cached(state)[0].rename(secret)
    (project / "renders").mkdir()
    (project / "renders" / "walk.mp4").symlink_to(secret)

    assert store.find(replace(clip, bytes=len(str(secret)))) is None
    assert store.find(clip) is None


def test_the_readable_file_can_be_edited_without_harm_to_the_cache(store):
    clip = adopt(store)

    with store.place(clip, "walk").open("r+b") as file:
        file.write(b"edited")

    assert store.find(clip).read_bytes() == b"the fox walks"
    assert store.find(clip).stat().st_nlink == 1


def test_the_output_folder_tells_git_to_ignore_it(store, project):
    store.place(adopt(store), "walk@2")

    assert sorted(path.name for path in (project / "renders").iterdir()) == [".gitignore", "walk@2.mp4"]
    assert (project / "renders" / ".gitignore").read_text() == "*\n"


def test_clips_can_lie_beside_the_manifest(open_store, project):
    store = open_store(".")

    store.place(adopt(store), "walk")

    assert sorted(path.name for path in project.iterdir()) == ["cogvid.yaml", "walk.mp4"]


def test_a_link_at_the_readable_name_is_replaced_not_written_through(store, project, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (project / "renders").mkdir()
    (project / "renders" / "walk.mp4").symlink_to(victim)
    (project / "renders" / f".walk.mp4.{os.getpid()}.tmp").symlink_to(victim)

    placed = store.place(adopt(store), "walk")

    assert victim.read_text() == "precious"
    assert not placed.is_symlink()
    assert placed.read_bytes() == b"the fox walks"


@pytest.mark.parametrize("output", ["..", "../elsewhere", "/tmp", "link", "link/below"])
def test_an_output_folder_outside_of_the_project_is_refused(open_store, project, tmp_path, output):
    (tmp_path / "elsewhere").mkdir()
    (project / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StateError, match="which is outside"):
        open_store(output)


def test_a_link_to_a_folder_inside_of_the_project_is_fine(open_store, project):
    (project / "takes").mkdir()
    (project / "renders").symlink_to("takes")
    store = open_store()

    assert store.place(adopt(store), "walk") == project / "takes" / "walk.mp4"


def test_what_is_under_the_readable_name_is_judged_by_its_size(store, open_store, project):
    clip = adopt(store)
    assert store.displaced(clip, "walk")

    placed = store.place(clip, "walk")
    assert not store.displaced(clip, "walk")
    assert not open_store().displaced(clip, "walk")
    assert open_store().displaced(clip, "walk@2")

    placed.write_bytes(b"cut")
    assert open_store().displaced(clip, "walk")

    placed.unlink()
    placed.symlink_to("x" * clip.bytes)
    assert open_store().displaced(clip, "walk")


def test_looking_makes_nothing(store, state, project):
    store.displaced(Clip("0" * 64, 1, 1, 1, 1.0, 1.0, audio=False), "walk")

    assert not state.exists()
    assert [path.name for path in project.iterdir()] == ["cogvid.yaml"]


def test_a_full_disk_leaves_the_old_file_and_no_piece_of_the_new(store, project):
    store.place(adopt(store, b"old"), "walk")
    clip = adopt(store, b"n" * 8192)

    with no_room_beyond(4096), pytest.raises(StateError, match=r"cannot write .*walk\.mp4: File too large"):
        store.place(clip, "walk")

    assert (project / "renders" / "walk.mp4").read_bytes() == b"old"
    assert sorted(path.name for path in (project / "renders").iterdir()) == [".gitignore", "walk.mp4"]


def test_a_full_disk_leaves_no_piece_of_a_clip_that_was_to_come_back(store, open_store, state):
    clip = adopt(store, b"n" * 8192)
    store.place(clip, "walk")
    cached(state)[0].unlink()

    with no_room_beyond(4096), pytest.raises(StateError, match="File too large"):
        open_store().find(clip)

    assert list((state / "partial").iterdir()) == []


def test_a_folder_under_the_readable_name_is_an_error(store, project):
    (project / "renders" / "walk.mp4").mkdir(parents=True)

    with pytest.raises(StateError, match=r"cannot write .*walk\.mp4: Is a directory"):
        store.place(adopt(store), "walk")


def test_looking_finds_a_clip_in_the_cache_or_under_its_name_and_changes_nothing(store, state, project):
    clip = adopt(store)
    store.place(clip, "walk")

    assert store.look(clip, "walk") == cached(state)[0]
    damage(cached(state)[0])
    assert store.look(clip, "walk") == project / "renders" / "walk.mp4"
    assert store.look(clip, "other") is None
    assert cached(state)[0].read_bytes() == b"damaged"


def test_looking_takes_no_file_for_a_clip_that_has_other_bytes(store, state):
    clip = adopt(store)
    store.place(clip, "walk").write_bytes(b"the cat walks")
    cached(state)[0].unlink()

    assert store.look(clip, "walk") is None

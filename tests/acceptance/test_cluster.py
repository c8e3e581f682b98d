"""`--engine`: the work on media on a real Dask cluster, whose workers have nothing but a shared store."""

import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from PIL import Image

from tests.clips import make_clip, picture_file
from tests.cluster import Cluster, Wire
from tests.films import numbered_from
from tests.project import PATIENCE, Project, Ran
from tests.s3 import S3
from tests.vendor import Vendor

CUT = """\
  cat: {prompt: A cat plays.}
  nap: {prompt: It sleeps., image: {shot: cat, frame: last}}
  dog: {prompt: A dog barks at it., image: dog.png}
sequence: [{shot: nap, in: 0.2}, {shot: dog, fade_out: 0.1}, {shot: cat, out: 0.8}]
"""
MANY = "".join(f"  cat-{number}: {{prompt: A cat plays with {number} mice.}}\n" for number in range(6))


def filmed(body: dict[str, Any]) -> bytes:
    """A second with sound, which differs by the prompt."""
    paint = numbered_from(len(body["prompt"]))
    with TemporaryDirectory() as directory:
        return make_clip(Path(directory, "clip.mp4"), paint=paint, audio=True).read_bytes()


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with S3(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, s3: S3) -> Iterator[Cluster]:
    own = {name: value for name, value in s3.environment.items() if name.startswith("AWS_")}
    with Cluster(tmp_path_factory.mktemp("cluster"), env=own) as running:
        yield running


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(clip=filmed) as running:
        yield running


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A directory that coordinator and workers share."""
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


@pytest.fixture
def make(tmp_path: Path, vendor: Vendor, shelf: Path) -> Callable[..., Project]:
    def make(name: str, shots: str = CUT, **env: str) -> Project:
        project = Project(tmp_path / name, vendor, env={"COGVID_REMOTE": str(shelf), **env})
        project.root.mkdir()
        (project.root / "dog.png").write_bytes(picture_file(Image.new("RGB", (960, 540), "teal")))
        project.write(shots)
        return project

    return make


def copy_of(project: Project, name: str, **env: str) -> Project:
    """Another machine's project with the same clips."""
    root = Path(shutil.copytree(project.root, project.root.with_name(name)))
    return Project(root, project.vendor, env={**project.env, **env})


def same(one: Project, other: Project, pattern: str) -> int:
    """How many files are there, which are the same in both."""
    names = sorted(path.relative_to(one.root) for path in one.root.glob(pattern))
    assert names == sorted(path.relative_to(other.root) for path in other.root.glob(pattern))
    for name in names:
        assert (one.root / name).read_bytes() == (other.root / name).read_bytes(), name
    return len(names)


def on_their_way(shelf: Path) -> list[Path]:
    return sorted(path for path in shelf.glob("work/*/*") if not path.name.startswith("."))


# --- the same as here ----------------------------------------------------------------------------------


def test_previews_and_their_film_are_the_same_bytes_as_here(
    make: Callable[..., Project], cluster: Cluster, shelf: Path
) -> None:
    here, there = make("here"), make("there")
    wanted = here.run("preview", "--scale", "0.1", "--film")

    ran = there.run("preview", "--scale", "0.1", "--film", "--engine", cluster.address)

    assert (ran.code, ran.out) == (0, wanted.out)
    assert sorted(ran.err.splitlines()) == sorted(wanted.err.splitlines())
    assert same(here, there, "previews/*.mp4") == 4
    assert {path.read_bytes() for path in there.root.glob("previews/???.mp4")} <= {
        path.read_bytes() for path in on_their_way(shelf)
    }
    assert "nothing changed" in there.run("preview", "--scale", "0.1", "--engine", cluster.address).out


def test_a_film_and_a_page_are_the_same_bytes_as_here(
    make: Callable[..., Project], cluster: Cluster, shelf: Path
) -> None:
    here = make("here")
    assert here.apply("--no-remote").code == 0
    there = copy_of(here, "there", COGVID_ENGINE=cluster.address)

    ran = [each.run("assemble", "--loudness", "-16") for each in (here, there)]
    shown = [each.run("report") for each in (here, there)]

    assert [each.code for each in (*ran, *shown)] == [0, 0, 0, 0]
    assert ran[0].out == ran[1].out
    assert "3 encoded" in ran[1].out
    assert sorted(ran[0].err.splitlines()) == sorted(ran[1].err.splitlines())
    assert same(here, there, "film.mp4") == 1
    assert same(here, there, "site/**/*.jpg") == 4
    assert len(on_their_way(shelf)) >= 3 + 3 + 4 + 1  # clips, stretches, posters, a picture


def test_apply_has_frames_taken_and_clips_looked_into(
    make: Callable[..., Project], cluster: Cluster, vendor: Vendor, shelf: Path
) -> None:
    here, there = make("here"), make("there")
    assert here.apply("--no-remote").code == 0

    ran = there.apply("--no-remote", "--engine", cluster.address)

    assert (ran.code, ran.err) == (0, ran.err)
    one, other = [post.body for post in vendor.posts if "sleeps" in post.body["prompt"]]
    assert one["image"] == other["image"]
    assert [entry["result"]["clip"] for entry in there.lock.values()] == [
        entry["result"]["clip"] for entry in here.lock.values()
    ]
    assert sum(path.read_bytes().startswith(b"\x89PNG") for path in on_their_way(shelf)) == 1
    assert sum(path.read_bytes()[4:8] == b"ftyp" for path in on_their_way(shelf)) == 3


def test_files_go_by_an_s3_server_for_which_each_worker_has_its_own_key(
    make: Callable[..., Project], cluster: Cluster, s3: S3
) -> None:
    here, there = make("here"), make("there", **s3.environment)
    assert here.run("preview", "--scale", "0.1").code == 0

    ran = there.run("preview", "--scale", "0.1", "--engine", cluster.address)

    assert (ran.code, ran.err) == (0, ran.err)
    assert same(here, there, "previews/*.mp4") == 3
    assert len(on_their_way(s3.place)) == 4


# --- what ends in the middle ---------------------------------------------------------------------------


def test_what_a_killed_worker_had_in_hand_is_done_by_another_with_the_same_result(
    make: Callable[..., Project], tmp_path: Path
) -> None:
    here, there = make("here", MANY), make("there", MANY)
    assert here.run("preview", "--scale", "0.3").code == 0
    with Cluster(tmp_path / "two") as cluster:
        running = there.start("preview", "--scale", "0.3", "--engine", cluster.address)
        cluster.wait_until_busy(0)
        cluster.workers[0].kill()
        out, err = running.communicate(timeout=PATIENCE)
        said = cluster.said()

    assert running.returncode == 0, err
    assert out == "6 previews in previews at scale 0.3\n"
    assert same(here, there, "previews/*.mp4") == 6
    assert re.search(r"marked as failed because 1 workers died|Remove worker", said)


def test_without_a_scheduler_the_command_says_what_to_do(make: Callable[..., Project]) -> None:
    project = make("film")

    ran = project.apply("--no-remote", "--engine", "tcp://127.0.0.1:9")

    assert ran.code == 1
    error, hint = ran.err.splitlines()
    assert error.startswith("error: the cluster at tcp://127.0.0.1:9 cannot be reached")
    assert "dask scheduler" in hint
    assert not project.vendor.posts  # before anything is bought


def test_without_a_shared_store_the_command_says_that_a_cluster_needs_one(
    make: Callable[..., Project], cluster: Cluster
) -> None:
    project = make("film", COGVID_REMOTE="")

    ran = project.run("preview", "--engine", cluster.address)

    assert ran.code == 64
    assert "a cluster needs a shared store" in ran.err
    assert "COGVID_REMOTE" in ran.err


@pytest.mark.parametrize("command", ["preview", "assemble", "report"])
def test_a_cluster_of_the_environment_takes_files_to_no_store_that_the_manifest_chose(
    make: Callable[..., Project], cluster: Cluster, tmp_path: Path, command: str
) -> None:
    project = make("film", f"{CUT}remote: {tmp_path / 'strange'}\n", COGVID_ENGINE=cluster.address)
    (tmp_path / "strange").mkdir()
    del project.env["COGVID_REMOTE"]

    ran = project.run(command)

    assert ran.code == 64
    assert "COGVID_ENGINE needs COGVID_REMOTE beside it" in ran.err
    assert list((tmp_path / "strange").iterdir()) == []


def test_a_cluster_that_is_named_goes_by_the_store_of_the_manifest(
    make: Callable[..., Project], cluster: Cluster, shelf: Path
) -> None:
    project = make("film", f"  cat: {{prompt: A cat plays.}}\nremote: {shelf}\n")
    del project.env["COGVID_REMOTE"]

    ran = project.run("preview", "--scale", "0.1", "--engine", cluster.address)

    assert (ran.code, ran.err) == (0, ran.err)
    assert len(on_their_way(shelf)) == 1


def test_a_store_that_is_not_there_is_said_once(make: Callable[..., Project], cluster: Cluster) -> None:
    ran = make("film", COGVID_REMOTE="/nowhere/at/all").run("preview", "--engine", cluster.address)

    assert ran.code == 1
    assert ran.err.splitlines()[0] == "error: the shared store /nowhere/at/all is not there"
    assert len(ran.err.splitlines()) == 2


def test_what_is_no_address_of_a_scheduler_is_refused(make: Callable[..., Project]) -> None:
    assert make("film").run("report", "--engine", "http://example.com").code == 64


def test_local_is_this_machine_whatever_the_environment_says(make: Callable[..., Project]) -> None:
    project = make("film", "  cat: {prompt: A cat plays.}\n", COGVID_ENGINE="tcp://127.0.0.1:9")

    assert project.run("preview", "--scale", "0.1", "--engine", "local").code == 0


def test_a_cluster_without_workers_is_waited_for_and_given_up(
    make: Callable[..., Project], tmp_path: Path
) -> None:
    with Cluster(tmp_path / "empty", workers=0) as empty:
        patience = {"DASK_DISTRIBUTED__SCHEDULER__NO_WORKERS_TIMEOUT": "1s"}
        project = make("film", "  cat: {prompt: A cat plays.}\n", **patience)

        ran = project.run("preview", "--engine", empty.address)

    assert ran.code == 1
    assert f"the cluster at {empty.address} has no worker: waiting for one" in ran.err
    assert f"dask worker {empty.address}" in ran.err


def test_a_worker_with_another_version_is_refused(make: Callable[..., Project], tmp_path: Path) -> None:
    other = tmp_path / "other/cogvid_pipeline-9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: cogvid-pipeline\nVersion: 9.9\n")
    with Cluster(tmp_path / "mixed", workers=0) as mixed:
        mixed.add_worker(PYTHONPATH=str(other.parent))
        project = make("film", "  cat: {prompt: A cat plays.}\n")

        ran = project.run("preview", "--engine", mixed.address)

    assert ran.code == 1
    assert re.search(r"has cogvid-pipeline 9\.9, not \S+", ran.err)


def test_when_the_scheduler_goes_the_run_ends_and_the_next_goes_on(
    make: Callable[..., Project], tmp_path: Path
) -> None:
    project = make("film", MANY)
    with Cluster(tmp_path / "short", workers=1) as short:
        running = project.start("preview", "--scale", "0.3", "--engine", short.address)
        wait_for_previews(project, 1)
        short.scheduler.kill()
        _, err = running.communicate(timeout=PATIENCE)

    assert running.returncode == 1
    assert f"the scheduler at {short.address} has gone" in err
    assert "Traceback" not in err
    again = project.run("preview", "--scale", "0.3")
    assert again.code == 0
    assert int(re.findall(r"(\d) rendered", again.out)[0]) < 6


def heed_ctrl_c() -> None:
    """What runs in the background may ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_an_interruption_ends_the_command_and_leaves_nothing_half_done(
    make: Callable[..., Project], cluster: Cluster
) -> None:
    project = make("film", MANY)
    running = project.start("preview", "--engine", cluster.address, preexec_fn=heed_ctrl_c)
    cluster.wait_until_busy(0)

    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE)

    assert running.returncode == 130
    assert "Traceback" not in err
    assert not [path for path in project.root.glob("previews/.*") if path.suffix == ".tmp"]


def test_a_run_that_buys_goes_on_without_its_cluster(
    make: Callable[..., Project], tmp_path: Path, vendor: Vendor
) -> None:
    vendor.running_polls = 3
    project = make("film")
    with Cluster(tmp_path / "short") as short:
        running = project.start("apply", "--yes", "--no-remote", "--engine", short.address)
        while not vendor.posts:
            time.sleep(0.01)
        short.scheduler.kill()
        out, err = running.communicate(timeout=PATIENCE)

    assert running.returncode == 0, err
    assert "Done: 3 shots in place." in out
    assert len(vendor.posts) == 3


# --- what a worker gets to know ------------------------------------------------------------------------


def test_no_key_and_no_secret_gets_to_a_worker(
    make: Callable[..., Project], cluster: Cluster, vendor: Vendor, shelf: Path
) -> None:
    secrets = {"COGVID_SIGNING_KEY": "/a/signing-key", "AWS_SECRET_ACCESS_KEY": "an-aws-secret"}
    signed = "  fox: {prompt: A fox., image: 'https://example.com/fox.png?signature=a-signature'}\n"
    plain = {"DASK_DISTRIBUTED__COMM__COMPRESSION": "none"}
    project = make("film", CUT.replace("sequence", signed + "sequence"), **secrets, **plain)
    with Wire(cluster.address) as wire:
        ran = [
            project.run("preview", "--scale", "0.1", "--engine", wire.address),
            project.apply("--no-remote", "--engine", wire.address),
            project.run("assemble", "--drop-repeats", "--placeholders", "--engine", wire.address),
            project.run("report", "--engine", wire.address),
        ]

    assert [each.code for each in ran] == [0, 0, 0, 0], [each.err for each in ran]
    known = wire.sent + b"".join(path.read_bytes() for path in on_their_way(shelf))
    assert b"A cat plays." in known
    assert b"https://example.com/fox.png" in known
    for secret in (vendor.key, "a-signature", *secrets.values(), str(project.root)):
        assert secret.encode() not in known
    assert vendor.key not in cluster.said()


def test_what_was_on_its_way_is_cleared_away_after_the_grace_period(
    make: Callable[..., Project], cluster: Cluster, shelf: Path
) -> None:
    project = make("film")
    assert project.apply("--no-remote").code == 0
    assert project.run("push").code == 0
    assert project.run("report", "--engine", cluster.address).code == 0
    posters = on_their_way(shelf)

    kept, cleared = (clear(project, *how) for how in ((), ("--grace", "0")))

    assert len(posters) == 5  # a picture, and what was drawn of it and of the clips, which were pushed
    assert kept.code == cleared.code == 0
    assert on_their_way(shelf) == []
    assert len(list(shelf.glob("clips/*/*.mp4"))) == 3


def clear(project: Project, *how: str) -> Ran:
    return project.run("gc", "--remote", "--yes", *how)


def wait_for_previews(project: Project, count: int) -> None:
    for _ in range(PATIENCE * 100):
        if len(list(project.root.glob("previews/*.mp4"))) >= count:
            return
        time.sleep(0.01)
    raise AssertionError("there are no previews")

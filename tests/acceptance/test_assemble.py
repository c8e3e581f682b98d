"""`cogvid assemble`, as a director uses it."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import pytest

from tests.clips import make_clip, number_of
from tests.films import luma, numbered_from
from tests.project import Project
from tests.terminal import on_terminal
from tests.vendor import Vendor

SHOTS = "  arrival: {prompt: arrival at 0}\n  walk: {prompt: walk from 60}\n  run: {prompt: run from 120}\n"


def filmed(body: dict[str, Any]) -> bytes:
    """A second whose frames are numbered from what the prompt ends with."""
    first = int(str(body["prompt"]).rsplit(" ", 1)[1])
    with TemporaryDirectory() as directory:
        path = make_clip(Path(directory, "clip.mp4"), paint=numbered_from(first), tags="bt709")
        return path.read_bytes()


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor(clip=filmed) as running:
        yield running


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory, vendor: Vendor) -> Project:
    project = Project(tmp_path_factory.mktemp("applied"), vendor)
    project.write(SHOTS)
    assert project.apply().code == 0
    return project


@pytest.fixture
def film(applied: Project, tmp_path: Path) -> Project:
    """A project of three shots that are there."""
    return Project(Path(shutil.copytree(applied.root, tmp_path / "film")), applied.vendor)


def numbers(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [number_of(luma(frame)) for frame in container.decode(video=0)]


def test_the_shots_follow_each_other_in_the_storys_order(film: Project, vendor: Vendor) -> None:
    asked = len(vendor.requests)

    ran = film.run("assemble")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "film.mp4: 3.00 s, 90 frames, 128x64 at 30 fps, 3 copied\n"
    assert numbers(film.root / "film.mp4") == [*range(30), *range(60, 90), *range(120, 150)]
    assert len(vendor.requests) == asked


def test_the_sequence_says_what_is_shown_and_how(film: Project) -> None:
    film.write(SHOTS + "sequence: [run, {shot: arrival, in: 0.5, out: 0.8}, {shot: walk, fade_out: 0.2}]\n")

    ran = film.run("assemble", "-o", "cut.mp4")

    assert ran.out == "cut.mp4: 2.30 s, 69 frames, 128x64 at 30 fps, 1 copied, 2 encoded\n"
    assert ran.err.splitlines()[0] == "39 frames to encode"
    assert sorted(ran.err.splitlines()[1:]) == ["arrival: 9 frames encoded", "walk: 30 frames encoded"]
    assert numbers(film.root / "cut.mp4")[:63] == [*range(120, 150), *range(15, 24), *range(60, 84)]


def test_where_nothing_has_changed_nothing_is_done(film: Project) -> None:
    film.run("assemble")
    made = (film.root / "film.mp4").stat().st_mtime_ns

    ran = film.run("assemble")

    assert ran.out == "film.mp4: 3.00 s, 90 frames, 128x64 at 30 fps; nothing has changed, nothing was done\n"
    assert (film.root / "film.mp4").stat().st_mtime_ns == made


def test_a_film_that_somebody_changed_is_made_again(film: Project) -> None:
    film.run("assemble")
    whole = (film.root / "film.mp4").read_bytes()
    (film.root / "film.mp4").write_bytes(whole[:-1])

    assert film.run("assemble").out.endswith(", 3 copied\n")
    assert (film.root / "film.mp4").read_bytes() == whole


def test_without_a_clip_for_each_shot_there_is_no_film(project: Project) -> None:
    project.write(SHOTS)
    project.apply("--select", "walk")

    ran = project.run("assemble")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error: the film is not complete; these have no clip yet: arrival, run\n"
        " hint: `cogvid apply` generates them; --placeholders shows cards in their place\n"
    )
    assert not (project.root / "film.mp4").exists()


def test_cards_stand_for_shots_that_are_not_there(project: Project) -> None:
    project.write(SHOTS)
    project.apply("--select", "walk")

    ran = project.run("assemble", "--placeholders")

    assert ran.code == 0
    assert ran.out == "film.mp4: 11.00 s, 330 frames, 128x64 at 30 fps, 1 copied, 2 as cards\n"
    assert numbers(project.root / "film.mp4")[150:180] == list(range(60, 90))


def test_a_clip_that_is_gone_from_this_machine_is_named(film: Project) -> None:
    for path in (*film.root.glob(".cogvid/clips/*/*.mp4"), film.root / "renders/walk.mp4"):
        path.unlink()

    ran = film.run("assemble")

    assert ran.code == 1
    assert ran.err == (
        "error: the film is not complete; these are not on this machine: walk\n"
        " hint: `cogvid apply` fetches them again, free of charge; "
        "--placeholders shows cards in their place\n"
    )
    assert film.run("assemble", "--placeholders").out.endswith(", 2 copied, 1 as cards\n")
    assert "nothing has changed" in film.run("assemble", "--placeholders").out


def test_a_damaged_clip_is_not_shown(film: Project) -> None:
    for path in (*film.root.glob(".cogvid/clips/*/*.mp4"), *film.root.glob("renders/*.mp4")):
        data = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    ran = film.run("assemble")

    assert ran.code == 1
    assert "these are not on this machine: arrival, walk, run" in ran.err


def test_a_lock_that_lies_about_a_clip_is_not_believed(film: Project) -> None:
    lock = film.root / "cogvid.lock"
    lock.write_text(lock.read_text().replace('"duration": 1.0', '"duration": 9999999.0'))

    assert film.run("assemble").out == "film.mp4: 3.00 s, 90 frames, 128x64 at 30 fps, 3 copied\n"


def test_clips_in_the_output_folder_are_enough(film: Project) -> None:
    for path in film.root.glob(".cogvid/clips/*/*.mp4"):
        path.unlink()

    assert film.run("assemble").out.endswith(", 3 copied\n")


def test_labelled_copies_are_enough_too(film: Project) -> None:
    film.write(SHOTS, more="provenance: {producer: Example Studio}\n")
    assert film.run("credentials", "sign").code == 0
    for path in film.root.glob(".cogvid/clips/*/*.mp4"):
        path.unlink()

    assert film.run("assemble").out.endswith(", 3 copied\n")


def test_a_changed_manifest_shows_the_old_clip_and_says_so(film: Project) -> None:
    film.write(SHOTS.replace("walk from 60", "walk from 90"))

    ran = film.run("assemble")

    assert ran.code == 0
    assert ran.err == (
        "warning: the manifest has changed since these clips were made: walk; `cogvid plan` says how\n"
    )
    assert 60 in numbers(film.root / "film.mp4")


def test_a_new_clip_changes_the_film_only_where_it_is(film: Project) -> None:
    cut = "sequence: [{shot: arrival, in: 0.5}, {shot: walk, in: 0.5}, {shot: run, in: 0.5}]\n"
    film.write(SHOTS + cut)
    film.run("assemble")
    film.write(SHOTS.replace("walk from 60", "walk from 90") + cut)
    film.apply()

    ran = film.run("assemble")

    assert ran.err.splitlines() == ["15 frames to encode", "walk: 15 frames encoded"]
    assert numbers(film.root / "film.mp4") == [*range(15, 30), *range(105, 120), *range(135, 150)]


def test_each_environment_has_a_film_of_its_own(project: Project) -> None:
    project.write(SHOTS, more="environments: {final: {defaults: {quality: quality}}}\n")
    assert project.apply("--env", "final").code == 0

    assert project.run("assemble", "--env", "final").out.startswith("film.final.mp4: 3.00 s")


def test_size_and_rate_can_be_chosen(film: Project) -> None:
    ran = film.run("assemble", "--size", "64x64", "--fps", "24000/1001")

    assert ran.out == "film.mp4: 3.00 s, 72 frames, 64x64 at 23.98 fps, 3 encoded\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "large"], "'large' is no WIDTHxHEIGHT in even numbers of pixels"),
        (["--size", "101x100"], "'101x100' is no WIDTHxHEIGHT in even numbers of pixels"),
        (["--size", "10000x100"], "'10000x100' is no WIDTHxHEIGHT in even numbers of pixels"),
        (["--fps", "fast"], "'fast' is no frame rate"),
        (["--fps", "30/0"], "'30/0' is no frame rate"),
        (["--fps", "0"], "0 frames a second is not between 1 and 240"),
        (["--fps", "1000"], "1000 frames a second is not between 1 and 240"),
        (["--loudness", "3"], "3.0 is not in the range -40<=x<=-5"),
        (["-o", "cogvid.yaml"], "cogvid.yaml does not end in .mp4"),
        (["-o", "cuts/film.mp4"], "there is no directory cuts"),
        (["-o", "renders/walk.mp4"], "renders/walk.mp4 is where the clip of walk lies"),
    ],
)
def test_what_cannot_be_is_refused(film: Project, arguments: list[str], said: str) -> None:
    ran = film.run("assemble", *arguments)

    assert ran.code == 64
    assert said in ran.err
    assert not (film.root / "film.mp4").exists()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_the_old_film_and_nothing_half_done(film: Project, sent: int) -> None:
    film.run("assemble")
    before = (film.root / "film.mp4").read_bytes()

    # Signals are heeded as in a shell, even where the tests themselves run in the background.
    process = film.start(
        "assemble",
        "--size",
        "3840x2160",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "90 frames to encode\n"
    while not list(film.root.glob(".cogvid/cuts/*/.*.tmp")):
        assert process.poll() is None, "it ended before it began to write"
        time.sleep(0.01)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert err.endswith("\ninterrupted\n")
    assert "run: 30 frames encoded" not in err
    assert (film.root / "film.mp4").read_bytes() == before
    assert not [path for path in film.root.rglob("*") if path.suffix == ".tmp"]


def test_a_terminal_shows_how_far_the_film_is(film: Project) -> None:
    with on_terminal(film, "assemble", "--size", "64x64") as terminal:
        assert terminal.end() == 0

    assert "encoding" in terminal.text
    assert "walk: 30 frames encoded" in terminal.text
    assert "film.mp4: 3.00 s, 90 frames" in terminal.text


def test_gc_removes_what_no_film_was_made_of_lately(film: Project) -> None:
    film.run("assemble", "--size", "64x64")
    for path in film.root.glob(".cogvid/cuts/*/*"):
        os.utime(path, (0, 0))

    assert "Not needed: 4 files" in film.run("gc").out
    assert "Removed: 4 files" in film.run("gc", "--yes").out
    assert film.run("assemble", "--size", "64x64").out.endswith(", 3 encoded\n")

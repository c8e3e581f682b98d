"""`cogvid export`: the timeline that somebody opens in an editing program."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import opentimelineio as otio
import pytest

from tests.clips import make_clip
from tests.project import Project
from tests.timelines import as_track
from tests.vendor import Vendor, free_box

SHOTS = """\
  sc010_0040-v02: {prompt: "夜市 & <rain>", tags: [hero]}
  walk: {prompt: The fox walks.}
  later: {prompt: The fox sleeps.}
"""
SEQUENCE = """\
title: Night — 夜市
sequence:
  - {shot: sc010_0040-v02, out: 2}
  - {shot: walk, in: 0.5, transition: {type: dissolve, duration: 0.5}}
  - later
"""


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
    """One whose clips last for five seconds."""
    content = make_clip(tmp_path_factory.mktemp("vendor") / "clip.mp4", frames=150).read_bytes()

    def of_its_own(body: dict[str, Any]) -> bytes:
        return content + free_box(body["prompt"].encode())

    with Vendor(of_its_own) as running:
        yield running


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, vendor: Vendor) -> Project:
    """A project in a folder of an awkward name, with two of its three shots made."""
    project = Project(tmp_path_factory.mktemp("My 夜市 100%"), vendor)
    project.write(SHOTS, more=SEQUENCE)
    assert project.apply("--exclude", "later").code == 0
    return project


def test_the_timeline_leads_to_the_clips_and_shows_the_cut(film: Project) -> None:
    ran = film.run("export", "--to", "otio")
    read = otio.adapters.read_from_file(str(film.root / "film.otio"))
    first, second = read.find_clips()

    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("3 shots, 330 frames at 30 a second: film.otio\n")
    assert "later: not made yet\n" in ran.err
    assert [first.name, second.name] == ["sc010_0040-v02", "walk"]
    assert first.metadata["cogvid"]["prompt"] == "夜市 & <rain>"
    assert (film.root / unquote(first.media_reference.target_url)).is_file()
    shown = as_track(read.tracks[0])
    assert shown[44:47] == [
        (("sc010_0040-v02", 44),),
        (("sc010_0040-v02", 45), ("walk", 15), 0, 15),
        (("sc010_0040-v02", 46), ("walk", 16), 1, 15),
    ]
    assert len(shown) == 330


def test_the_address_is_right_from_the_folder_that_the_timeline_goes_to(film: Project) -> None:
    (film.root / "for the editor").mkdir()

    assert film.run("export", "--to", "otio", "-o", "for the editor/cut.otio").code == 0
    read = otio.adapters.read_from_file(str(film.root / "for the editor/cut.otio"))
    url = next(iter(read.find_clips())).media_reference.target_url

    assert (film.root / "for the editor" / unquote(url)).is_file()


@pytest.mark.filterwarnings("ignore:.*[Tt]ruth.*:DeprecationWarning")
def test_final_cut_pro_is_told_the_whole_path(film: Project) -> None:
    assert film.run("export", "--to", "fcpxml").code == 0
    read = otio.adapters.read_from_file(str(film.root / "film.fcpxml"))[0]
    url = urlsplit(next(iter(read.find_clips())).media_reference.target_url)

    assert (url.scheme, url.netloc) == ("file", "")
    assert Path(unquote(url.path)) == film.root / "renders/sc010_0040-v02.mp4"


def test_an_edl_goes_to_stdout_with_the_clips_where_the_editor_has_them(film: Project) -> None:
    ran = film.run("export", "--to", "edl", "-o", "-", "--media-root", "/Volumes/Film 1")

    read = otio.adapters.read_from_string(ran.out, "cmx_3600", rate=30)
    first, second, later = read.find_clips()

    assert (read.name, later.name) == ("Night — 夜市", "later")
    assert first.media_reference.target_url == "file:///Volumes/Film%201/sc010_0040-v02.mp4"
    assert second.media_reference.target_url == "file:///Volumes/Film%201/walk.mp4"
    assert "note: an EDL does not say its rate: open it at 30 frames a second, 128x64\n" in ran.err
    assert "note: reel names have 8 characters" in ran.err
    assert not (film.root / "film.edl").exists()


def test_it_needs_no_network_and_no_key_and_writes_no_signed_address(film: Project) -> None:
    offline = Project(film.root)

    assert offline.run("export", "--to", "otio", "-o", "offline.otio").code == 0
    text = (film.root / "offline.otio").read_text(encoding="utf-8")

    assert "secret" not in text
    assert film.lock["walk"]["result"]["task_id"] in text


def test_what_is_stale_frozen_or_missing_is_said_and_marked(project: Project) -> None:
    project.write("  a: {prompt: A.}\n  b: {prompt: B.}\n  c: {prompt: C.}\n")
    assert project.apply().code == 0
    (project.root / "renders/c.mp4").unlink()
    project.write("  a: {prompt: New.}\n  b: {prompt: Newer., freeze: true}\n  c: {prompt: C.}\n")

    ran = project.run("export", "--to", "otio")
    read = otio.adapters.read_from_file(str(project.root / "film.otio"))
    markers = [marker for clip in read.find_clips() for marker in clip.markers]

    assert "a: stale: prompt changed\n" in ran.err
    assert "b: frozen, although what it is made from has changed\n" in ran.err
    assert "c: file missing; `cogvid apply` brings it back free of charge\n" in ran.err
    assert [(marker.color, marker.comment) for marker in markers] == [
        ("RED", "A."),
        ("RED", "B."),
        ("GREEN", "C."),
    ]


def test_a_frame_that_two_shots_share_can_be_left_out(project: Project) -> None:
    project.write("  a: {prompt: A.}\n  b: {prompt: B., image: {shot: a, frame: last}}\n")
    assert project.apply().code == 0

    assert "300 frames" in project.run("export", "--to", "otio").err
    assert "299 frames" in project.run("export", "--to", "otio", "--drop-repeats").err


def test_the_timeline_takes_the_shape_that_the_film_takes(film: Project) -> None:
    ran = film.run("export", "--to", "edl", "-o", "-", "--fps", "23.976", "--size", "1920x1080")

    assert "note: an EDL does not say its rate: open it at 23.976 frames a second, 1920x1080\n" in ran.err


def test_each_environment_has_a_timeline_of_its_own(project: Project) -> None:
    project.write("  a: {prompt: A.}\n", more="environments: {final: {}}\n")

    assert project.run("export", "--to", "otio", "--env", "final").code == 0
    written = json.loads((project.root / "film.final.otio").read_text(encoding="utf-8"))

    assert written["tracks"]["children"][0]["children"][0]["name"] == "a"


def test_a_folder_that_is_not_there_is_said_before_anything_is_written(film: Project) -> None:
    ran = film.run("export", "--to", "edl", "-o", "nowhere/cut.edl")

    assert (ran.code, ran.err) == (
        64,
        "error: there is no directory nowhere\n hint: make it, or choose another place\n",
    )


@pytest.mark.parametrize("name", ["cogvid.yaml", "renders/walk.mp4"])
def test_what_is_no_timeline_is_not_replaced_by_one(film: Project, name: str) -> None:
    before = (film.root / name).read_bytes()

    ran = film.run("export", "--to", "edl", "-o", name)

    assert (ran.code, ran.err.splitlines()[0]) == (64, f"error: {name} does not end in .edl")
    assert (film.root / name).read_bytes() == before


def test_a_labelled_clip_is_not_missing(project: Project) -> None:
    project.write("  a: {prompt: A.}\n", more="provenance: {producer: Example Studio}\n")
    assert project.apply().code == 0
    assert "labelled" in project.lock["a"]["result"]["clip"]

    ran = project.run("export", "--to", "otio")

    assert (ran.code, ran.err) == (0, "1 shot, 150 frames at 30 a second: film.otio\n")


def test_without_the_extra_one_line_says_what_to_install(film: Project) -> None:
    hide = (
        "import sys; sys.modules['opentimelineio'] = None; from cogvid_pipeline.cli.main import main; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", hide, "export", "--to", "otio"],
        cwd=film.root, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip

    assert ran.returncode == 1
    assert ran.stderr == (
        "error: a timeline for OpenTimelineIO needs opentimelineio, which is not installed\n"
        " hint: pip install 'cogvid-pipeline[timeline]'\n"
    )


def test_edl_and_fcpxml_do_without_the_extra(film: Project) -> None:
    hide = (
        "import sys; sys.modules['opentimelineio'] = None; from cogvid_pipeline.cli.main import main; main()"
    )
    for layout in ("edl", "fcpxml"):
        command = [sys.executable, "-c", hide, "export", "--to", layout, "-o", "-"]
        assert subprocess.run(command, cwd=film.root, capture_output=True, check=False).returncode == 0

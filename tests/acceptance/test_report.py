"""`cogvid report` as people and CI run it."""

import hashlib
import json
import re
from base64 import b64encode
from pathlib import Path

import pytest
from PIL import Image

from tests.browser.film import Rushes, make_film, name_of
from tests.clips import open_picture, picture_file
from tests.project import Project
from tests.terminal import on_terminal


@pytest.fixture
def film(tmp_path: Path) -> Project:
    """Six finished shots: the second was made again, the third is not as asked for, the last has takes."""
    make_film(tmp_path, 6, Rushes(scenes=2, size=(64, 36), frames=6))
    return Project(tmp_path)


def reword(film: Project) -> None:
    manifest = film.root / "cogvid.yaml"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace("Dawn over", "Dusk over"), encoding="utf-8"
    )


def html(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_it_writes_a_folder_with_everything_that_the_page_shows(film: Project) -> None:
    ran = film.run("report", "--out", "out/site")

    assert (ran.code, ran.out) == (0, "out/site/index.html\n")
    site = film.root / "out" / "site"
    named = set(re.findall(r'(?:href|src)="([^"#]+)"', html(site)))
    assert {path.relative_to(site).as_posix() for path in site.glob("*/*")} == {
        name for name in named if "/" in name
    }
    assert len(list((site / "clips").iterdir())) == 9  # six shots, two more takes, and the one from before
    shown = {path.read_bytes() for path in (site / "clips").iterdir()}
    assert {path.read_bytes() for path in (film.root / "renders").glob("*.mp4")} <= shown


def test_the_same_story_makes_the_same_page_and_nothing_else_changes(film: Project) -> None:
    film.run("report")
    before = state(film.root)

    assert film.run("report").code == 0

    assert state(film.root) == before


def test_a_clone_without_clips_has_a_page_that_says_so(film: Project) -> None:
    for path in (film.root / "renders").glob("*.mp4"):
        path.unlink()
    for path in (film.root / ".cogvid").rglob("*.mp4"):
        path.unlink()

    assert film.run("report").code == 0

    assert html(film.root / "site").count("The clip is not on this machine") == 8
    assert "The clip that was there before is not on this machine" in html(film.root / "site")
    assert list((film.root / "site" / "clips").iterdir()) == []


def test_a_file_that_is_not_the_clip_of_the_lock_is_not_shown(film: Project) -> None:
    clip = film.root / "renders" / f"{name_of(0)}.mp4"
    clip.write_bytes(bytes(clip.stat().st_size))

    film.run("report")

    assert html(film.root / "site").count("The clip is not on this machine") == 1


def test_where_a_clip_has_a_labelled_copy_that_is_what_others_are_shown(film: Project) -> None:
    clip = film.root / "renders" / f"{name_of(0)}.mp4"
    labelled = clip.read_bytes() + b"\0\0\0\x08free"
    clip.write_bytes(labelled)
    path = film.root / "cogvid.lock"
    lock = json.loads(path.read_text(encoding="utf-8"))
    digest = hashlib.sha256(labelled).hexdigest()
    described = lock["shots"][name_of(0)]["result"]["clip"]
    described["labelled"] = {"sha256": digest, "bytes": len(labelled), "signed": False}
    path.write_text(json.dumps(lock), encoding="utf-8")

    film.run("report")

    assert (film.root / "site" / "clips" / f"{digest[:24]}.mp4").read_bytes() == labelled


def test_a_folder_that_is_no_site_is_refused(film: Project) -> None:
    ran = film.run("report", "--out", "renders")

    assert ran.code == 64
    assert "no site that cogvid wrote" in ran.err


def test_a_saved_plan_is_shown_with_what_it_changes(film: Project) -> None:
    before = film.lock
    reword(film)
    film.run("plan", "--out", "plan.json")

    ran = film.run("report", "--plan", "plan.json", "--out", "review")

    assert ran.code == 0, ran.err
    text = html(film.root / "review")
    assert "Plan: 4 to regenerate, 4 unchanged. Cost: 4.80 CNY at geekai." in text
    assert "<del>Dawn</del><ins>Dusk</ins>" in text
    assert film.lock == before


def test_a_plan_that_no_longer_holds_is_not_shown(film: Project) -> None:
    film.run("plan", "--out", "plan.json")
    reword(film)

    ran = film.run("report", "--plan", "plan.json", "--out", "review")

    assert ran.code == 4
    assert not (film.root / "review").exists()


def test_a_saved_plan_has_its_own_options(film: Project) -> None:
    film.run("plan", "--out", "plan.json")

    ran = film.run("report", "--plan", "plan.json", "--provider", "preview")

    assert (ran.code, ran.err.splitlines()[0]) == (64, "error: --provider: a saved plan has its own options")


def test_on_a_terminal_it_says_how_far_it_is(film: Project) -> None:
    with on_terminal(film, "report") as terminal:
        terminal.wait_for("clips: 8 of 9")
        assert terminal.end() == 0


def test_a_contact_sheet_needs_no_page(film: Project) -> None:
    ran = film.run("report", "--contact-sheet", "sheet.png")

    assert (ran.code, ran.out) == (0, "sheet.png\n")
    assert not (film.root / "site").exists()
    assert open_picture((film.root / "sheet.png").read_bytes()).width > 1_000
    assert film.run("report", "--contact-sheet", "sheet.png", "--out", "site").out.split() == [
        "site/index.html",
        "sheet.png",
    ]


@pytest.mark.parametrize(("name", "why"), [("sheet.jpg", "does not end in .png"), ("notes.png", "is no PNG")])
def test_a_contact_sheet_replaces_nothing_but_a_picture(film: Project, name: str, why: str) -> None:
    (film.root / "notes.png").write_text("mine", encoding="utf-8")

    ran = film.run("report", "--contact-sheet", name)

    assert ran.code == 64
    assert why in ran.err
    assert (film.root / "notes.png").read_text(encoding="utf-8") == "mine"


def test_what_was_made_again_has_a_before_and_an_after(film: Project) -> None:
    film.run("report")

    text = html(film.root / "site")
    assert text.count("Before and after") == 1
    assert f"Frame of {name_of(1)} before" in text


def test_pictures_that_shots_start_on_are_shown_before_there_is_a_clip(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "street.png").write_bytes(picture_file(Image.new("RGB", (64, 36), "red")))
    inline = b64encode(picture_file(Image.new("RGB", (64, 36), "blue"))).decode()
    project.write(
        "  street: {image: street.png}\n"
        f"  lantern: {{image: 'data:image/png;base64,{inline}'}}\n"
        "  far: {image: 'https://example.com/a.png?token=5eCret'}\n"
    )

    assert project.run("report").code == 0

    assert len(list((tmp_path / "site" / "posters").iterdir())) == 2
    assert html(tmp_path / "site").count("No clip yet") == 3
    assert "5eCret" not in html(tmp_path / "site")


def test_what_a_probe_found_is_on_the_page(film: Project) -> None:
    film.run("report")

    assert html(film.root / "site").count("asked for 1280x720, got 64x36") == 1

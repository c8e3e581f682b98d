"""`cogvid preview`: an animatic of every shot, and only of what changed."""

import time
from pathlib import Path

import pytest

from cogvid_pipeline.media.probe import describe
from tests.clips import picture_file
from tests.project import Project, Ran
from tests.terminal import on_terminal

CAT = "  cat: {prompt: A cat plays., size: 1280x720}\n"
NAP = "  nap: {prompt: It naps., size: 1280x720, image: {shot: cat, frame: last}}\n"
DOG = "  dog: {prompt: A dog plays., size: 1280x720}\n"


def preview(project: Project, *arguments: str) -> Ran:
    return project.run("preview", "--scale", "0.1", *arguments)


def rendered(ran: Ran) -> list[str]:
    """The shots whose previews are new."""
    return sorted(line.partition(":")[0] for line in ran.err.splitlines() if line.endswith(".mp4"))


def files(project: Project) -> list[str]:
    return sorted(path.name for path in (project.root / "previews").iterdir())


def test_a_second_run_renders_only_what_changed(project: Project) -> None:
    project.write(CAT + NAP + DOG)
    first = preview(project)
    assert (rendered(first), first.out) == (["cat", "dog", "nap"], "3 previews in previews at scale 0.1\n")

    again = preview(project)
    assert (again.err, again.out) == ("", "3 previews in previews at scale 0.1, nothing changed\n")

    project.write(CAT.replace("plays", "sleeps") + NAP + DOG)
    changed = preview(project)
    assert rendered(changed) == ["cat", "nap"]
    assert changed.out == "3 previews in previews at scale 0.1, 2 rendered\n"


def test_another_scale_is_a_change(project: Project) -> None:
    project.write(CAT)
    preview(project)

    assert rendered(project.run("preview", "--scale", "0.2")) == ["cat"]
    assert describe(project.root / "previews/cat.mp4", "").width == 256


@pytest.mark.parametrize("damage", ["edited", "cut short"])
def test_a_preview_that_was_damaged_is_rendered_again(project: Project, damage: str) -> None:
    project.write(CAT + DOG)
    preview(project)
    path = project.root / "previews/cat.mp4"
    good = path.read_bytes()
    path.write_bytes(good[:-1] + b"!" if damage == "edited" else good[:-1])

    assert rendered(preview(project)) == ["cat"]
    assert path.read_bytes() == good


def test_the_preview_of_a_shot_that_is_no_more_is_deleted_and_no_other_file(project: Project) -> None:
    project.write(CAT + DOG)
    preview(project)
    (project.root / "previews/mine.mp4").write_bytes(b"my own cut")
    project.write(DOG)

    ran = preview(project)

    assert "cat: deleted, as there is no such shot any more" in ran.err
    assert [name for name in files(project) if name.endswith(".mp4")] == ["dog.mp4", "mine.mp4"]


def test_chosen_shots_leave_the_previews_of_others_alone(project: Project) -> None:
    project.write(CAT + DOG)
    preview(project)

    assert preview(project, "dog").out == "1 preview in previews at scale 0.1, nothing changed\n"
    assert rendered(preview(project)) == []


def test_a_shot_that_fails_is_named_and_stops_no_other(project: Project) -> None:
    (project.root / "previews/cat.mp4").mkdir(parents=True)
    project.write(CAT + NAP + DOG)

    ran = preview(project)

    assert ran.code == 1
    assert "cat: failed: cannot write" in ran.err
    assert "nap: failed: there is no preview of 'cat' to take a frame from" in ran.err
    assert ran.err.endswith("error: no preview of cat, nap\n")
    assert rendered(ran) == ["dog"]
    assert ran.out == "1 preview in previews at scale 0.1, 2 failed\n"


def test_the_same_bytes_come_from_one_process_and_from_several(project: Project) -> None:
    project.write(CAT + NAP + DOG)
    clips = [project.root / f"previews/{name}.mp4" for name in ("cat", "nap", "dog")]
    preview(project, "--jobs", "1")
    one = [clip.read_bytes() for clip in clips]
    for clip in clips:
        clip.unlink()
    preview(project, "--jobs", "3")

    assert [clip.read_bytes() for clip in clips] == one


@pytest.mark.parametrize("scale", ["nan", "inf", "-inf", "0", "-1", "0.04", "1.5", "half"])
def test_a_scale_that_means_nothing_is_a_wrong_command_line(project: Project, scale: str) -> None:
    project.write(CAT)

    ran = project.run("preview", "--scale", scale)

    assert ran.code == 64
    assert "--scale" in ran.err
    assert not (project.root / "previews").exists()


@pytest.mark.parametrize("size", [(33, 1001), (5001, 3), (1, 1)])
def test_pictures_of_odd_shapes_make_clips_at_any_scale(project: Project, size: tuple[int, int]) -> None:
    from PIL import Image

    (project.root / "still.png").write_bytes(picture_file(Image.new("RGB", size, "teal")))
    project.write("  cat: {prompt: A cat plays., image: still.png}\n")

    assert project.run("preview", "--scale", "0.05").code == 0
    clip = describe(project.root / "previews/cat.mp4", "")
    assert clip.width % 2 == clip.height % 2 == 0
    assert min(clip.width, clip.height) >= 64


def test_previews_that_would_lie_outside_the_project_are_refused(project: Project, tmp_path: Path) -> None:
    project.write(CAT)
    (project.root / "previews").symlink_to(tmp_path)

    ran = preview(project)

    assert ran.code == 1
    assert "is outside" in ran.err
    assert not (tmp_path / "cat.mp4").exists()


def test_a_link_in_the_way_is_replaced_and_not_followed(project: Project, tmp_path: Path) -> None:
    project.write(CAT)
    (project.root / "previews").mkdir()
    (tmp_path / "precious").write_text("precious")
    (project.root / "previews/cat.mp4").symlink_to(tmp_path / "precious")

    assert preview(project).code == 0
    assert (tmp_path / "precious").read_text() == "precious"
    assert describe(project.root / "previews/cat.mp4", "").width == 128


def test_a_terminal_shows_a_bar_and_what_failed(project: Project) -> None:
    (project.root / "previews/cat.mp4").mkdir(parents=True)
    project.write(DOG + CAT)

    with on_terminal(project, "preview", "--scale", "0.1") as terminal:
        code = terminal.end()

    assert code == 1
    assert "2/2" in terminal.text
    assert "cat: failed: cannot write" in terminal.text
    assert "previews/dog.mp4" not in terminal.text


def test_ctrl_c_however_often_keeps_what_is_done_and_leaves_nothing_half_done(project: Project) -> None:
    long = "".join(f"  long-{number}: {{prompt: x, duration: 10, fps: 60}}\n" for number in range(9))
    project.write(DOG + long)

    with on_terminal(project, "preview", "--jobs", "2") as terminal:
        terminal.wait_for("1/10")
        for _ in range(3):
            terminal.type("\x03")
            time.sleep(0.02)
        assert terminal.interrupt() == 130
        terminal.end()

    assert "interrupted" in terminal.text
    assert "Traceback" not in terminal.text
    left = files(project)
    assert [name for name in left if name.endswith(".tmp")] == []
    assert "dog.mp4" in left
    assert "long-8.mp4" not in left
    assert rendered(project.run("preview", "dog")) == []


SEQUENCE = "sequence: [dog, {shot: cat, in: 1, out: 3, transition: {type: dissolve, duration: 0.5}}, cat]\n"


def test_the_film_is_the_sequence_in_previews(project: Project) -> None:
    project.write(CAT + DOG, more=SEQUENCE)
    film = project.root / "previews/film.mp4"

    assert preview(project, "--film").out.endswith("\npreviews/film.mp4: 11.50 s\n")
    described = describe(film, "")
    assert (described.width, described.height, described.duration) == (128, 72, 11.5)
    before = film.stat().st_ino
    assert preview(project, "--film").out.endswith("\npreviews/film.mp4: 11.50 s\n")
    assert film.stat().st_ino == before

    project.write(CAT + DOG.replace("plays", "sleeps"), more=SEQUENCE)
    preview(project, "--film")
    assert film.stat().st_ino != before


def test_all_takes_of_a_shot_are_its_preview_in_the_film(project: Project) -> None:
    takes = CAT.replace("size", "takes: 2, size")
    project.write(takes, more="sequence: [{shot: cat, take: 2}, {shot: cat, take: 1}]\n")

    assert preview(project, "--film").out.endswith("previews/film.mp4: 10.00 s\n")


def test_a_card_stands_in_the_film_for_a_preview_that_failed(project: Project) -> None:
    (project.root / "previews/cat.mp4").mkdir(parents=True)
    project.write(DOG + CAT)

    ran = preview(project, "--film")

    assert ran.code == 1
    assert "previews/film.mp4: 10.00 s" in ran.out


def test_the_film_takes_no_shots_place(project: Project) -> None:
    project.write(CAT.replace("cat:", "film:"))
    assert "rename the shot" in preview(project, "--film").err
    assert preview(project, "--film").code == 64
    assert not (project.root / "previews").exists()


def test_the_film_of_chosen_shots_is_a_wrong_command_line(project: Project) -> None:
    project.write(CAT)

    ran = preview(project, "cat", "--film")

    assert ran.code == 64
    assert "leave the shots out" in ran.err

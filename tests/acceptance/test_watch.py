"""`cogvid preview --watch`: a storyboard page that follows the manifest."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.project import PATIENCE, Project

CAT = "  cat: {prompt: A cat plays., size: 1280x720}\n"
DOG = "  dog: {prompt: A dog plays., size: 1280x720}\n"


@dataclass
class Watching:
    """A command that watches, and what it tells its page."""

    process: subprocess.Popen[str]
    client: httpx.Client
    news: Iterator[str]

    def next(self, mood: str) -> dict[str, str]:
        """The next news of that mood."""
        for line in self.news:
            if line.startswith("data: "):
                told: dict[str, str] = json.loads(line.removeprefix("data: "))
                if told["mood"] == mood and (told["page"] or mood):
                    return told
        raise AssertionError("the news have ended")

    @property
    def page(self) -> str:
        return self.client.get("/").text

    def end(self, number: signal.Signals = signal.SIGINT) -> str:
        """End it; what it said on stderr comes back."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=PATIENCE)
        assert "Traceback" not in said
        return said


@contextmanager
def watching(project: Project, *arguments: str) -> Iterator[Watching]:
    # As in a shell, even where the tests themselves run in the background.
    process = project.start(
        "preview",
        "--scale",
        "0.05",
        "--watch",
        *arguments,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, process.communicate()[1]
        with (
            httpx.Client(base_url=address, timeout=PATIENCE) as client,
            client.stream("GET", "/news") as stream,
        ):
            yield Watching(process, client, stream.iter_lines())
    finally:
        process.kill()
        process.communicate()


def test_a_saved_change_is_on_the_page(project: Project) -> None:
    project.write(CAT + DOG)
    with watching(project) as watch:
        first = watch.next("")
        assert "A cat plays." in watch.page
        project.write(CAT.replace("cat plays", "cat sleeps") + DOG)
        second = watch.next("")

        assert second["page"] != first["page"]
        assert "A cat sleeps." in watch.page
        assert watch.page.count(".mp4") >= 2
        said = watch.end()
    assert said.count("cat: previews/cat.mp4") == 2
    assert said.count("dog: previews/dog.mp4") == 1


def test_mistakes_are_told_with_their_places_and_the_last_good_page_stays(project: Project) -> None:
    project.write(CAT)
    with watching(project) as watch:
        good = watch.next("")
        project.write(CAT.replace("prompt", "promt"))

        wrong = watch.next("wrong")
        assert "cogvid.yaml:7:9: shots.cat.promt: `promt` is not known" in wrong["words"]
        assert wrong["page"] == good["page"]
        assert "A cat plays." in watch.page
        project.write(CAT)
        assert watch.next("") == good
        assert "cogvid.yaml:7:9" in watch.end()


def test_it_begins_with_a_manifest_that_has_mistakes(project: Project) -> None:
    project.write(CAT.replace("prompt", "promt"))
    with watching(project) as watch:
        assert "promt" in watch.next("wrong")["words"]
        assert "live.js" in watch.page
        project.write(CAT)
        watch.next("")
        assert "A cat plays." in watch.page


def test_files_of_all_kinds_are_followed(project: Project, tmp_path: Path) -> None:
    (project.root / "acts").mkdir()
    (tmp_path / "vars.yaml").write_text("hero: cat\n")
    more = "include: [acts/*.yaml]\nvars: {hero: nobody}\n"
    project.write('  one: {prompt: "A {{ hero }} plays.", size: 1280x720}\n', more=more)
    (project.root / "acts/two.yaml").write_text("shots:\n" + DOG)
    with watching(project, "--var-file", str(tmp_path / "vars.yaml")) as watch:
        watch.next("")
        (tmp_path / "vars.yaml").write_text("hero: lion\n")
        watch.next("")
        assert "A lion plays." in watch.page
        (project.root / "acts/three.yaml").write_text("shots:\n" + CAT)
        watch.next("")
        assert "A cat plays." in watch.page


def test_a_shot_that_fails_is_told_of_over_a_page_with_the_others(project: Project) -> None:
    (project.root / "previews/cat.mp4").mkdir(parents=True)
    project.write(DOG + CAT)
    with watching(project) as watch:
        assert "cat: failed: cannot write" in watch.next("wrong")["words"]
        assert "A dog plays." in watch.page


def test_a_manifest_that_goes_away_is_waited_for(project: Project) -> None:
    project.write(CAT)
    with watching(project) as watch:
        watch.next("")
        (project.root / "cogvid.yaml").rename(project.root / ".away")
        assert "cogvid.yaml" in watch.next("wrong")["words"]
        (project.root / ".away").rename(project.root / "cogvid.yaml")
        watch.next("")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_order(project: Project, number: signal.Signals) -> None:
    project.write(CAT)
    temporary = project.root / "tmp"
    temporary.mkdir()
    project.env["TMPDIR"] = str(temporary)
    with watching(project) as watch:
        watch.next("")
        watch.end(number)

        assert watch.process.returncode == 0
    assert list(temporary.iterdir()) == []


def test_what_cannot_be_read_at_all_is_said_at_once(project: Project) -> None:
    ran = project.run("preview", "--watch")

    assert ran.code == 64
    assert "cogvid.yaml" in ran.err


def test_a_port_that_is_taken_is_said_at_once(project: Project) -> None:
    project.write(CAT)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = project.run("preview", "--watch", "--port", str(taken.getsockname()[1]))

    assert ran.code == 1
    assert "cannot listen on 127.0.0.1 port" in ran.err
    assert "use another --port" in ran.err


def test_a_port_without_a_page_is_a_wrong_command_line(project: Project) -> None:
    project.write(CAT)

    ran = project.run("preview", "--port", "8000")

    assert ran.code == 64
    assert "add --watch" in ran.err


def test_without_its_extra_it_says_what_to_install(project: Project) -> None:
    project.write(CAT)
    code = "import sys; sys.modules['starlette'] = None; from cogvid_pipeline.cli.main import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", code, "preview", "--watch"],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert "preview --watch needs starlette, which is not installed" in ran.stderr
    assert "pip install 'cogvid-pipeline[watch]'" in ran.stderr
    assert "Traceback" not in ran.stderr

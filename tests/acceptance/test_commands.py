"""The commands that pay nothing, as a user runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cogvid_pipeline import __version__
from cogvid_pipeline.cli.main import COMMANDS
from cogvid_pipeline.media.probe import describe
from tests.project import Project
from tests.vendor import Accept, Cut, Vendor

CAT = "  cat: {prompt: A cat plays.}\n"
SMALL = "  cat: {prompt: A cat plays., size: 1280x720}\n"
CHAIN = CAT + "  nap: {prompt: It naps., image: {shot: cat, frame: last}}\n"


def test_version(project: Project) -> None:
    assert project.run("--version").out == f"cogvid {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_teaches_with_an_example(project: Project, name: str) -> None:
    ran = project.run(name, "--help")

    assert ran.code == 0
    assert "Example" in ran.out
    assert f"cogvid {name}" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["plan", "--nonsense"], ["apply", "--jobs", "0"], ["plan", "--var", "novalue"]],
)
def test_a_wrong_command_line_exits_with_64(project: Project, arguments: list[str]) -> None:
    project.write(CAT)

    assert project.run(*arguments).code == 64


@pytest.mark.parametrize("command", ["plan", "apply", "show", "status", "check", "preview"])
def test_an_invalid_manifest_exits_with_3_and_shows_the_line(project: Project, command: str) -> None:
    project.write("  cat: {prompt: A cat plays., duration: 7}\n")

    ran = project.run(command)

    assert ran.code == 3
    assert "cogvid.yaml:7:" in ran.err
    assert ran.out == ""


def test_without_a_manifest_the_way_to_one_is_shown(project: Project) -> None:
    ran = project.run("plan")

    assert ran.code != 0
    assert "cogvid init" in ran.err


def test_validate_in_json_lists_places(project: Project) -> None:
    project.write("  cat: {prompt: A cat plays., duration: 7}\n")

    ran = project.run("validate", "--format", "json")

    assert ran.code == 3
    (problem,) = ran.json["problems"]
    assert ran.json["valid"] is False
    assert (problem["file"], problem["line"]) == ("cogvid.yaml", 7)
    assert problem["pointer"] == "/shots/cat/duration"


def test_validate_takes_several_manifests(project: Project) -> None:
    project.write(CAT)
    (project.root / "bad.yaml").write_text("version: 1\n")

    assert project.run("validate", "cogvid.yaml").out == "valid: 1 shot\n"
    ran = project.run("validate", "cogvid.yaml", "bad.yaml")
    assert ran.code == 3
    assert "bad.yaml:1:1" in ran.out


def test_the_starter_manifest_runs_at_once(project: Project, tmp_path: Path) -> None:
    assert project.run("init", "first").code == 0

    started = Project(project.root / "first")
    assert started.run("validate").code == 0
    assert started.apply().code == 0
    assert started.run("check").code == 0
    assert describe(started.root / "renders/walk.mp4", "").duration == 5


def test_init_overwrites_nothing(project: Project) -> None:
    project.write(CAT)
    before = (project.root / "cogvid.yaml").read_bytes()

    ran = project.run("init")

    assert ran.code == 1
    assert "exists already" in ran.err
    assert (project.root / "cogvid.yaml").read_bytes() == before


def test_show_prints_what_is_asked_for_with_templates_rendered(project: Project) -> None:
    project.write("  cat: {prompt: 'A {{ what }} plays.', fps: 60}\n", more="vars: {what: cat}\n")

    assert "A cat plays." in project.run("show").out
    (shot,) = project.run("show", "cat", "--format", "json", "--var", "what=dog").json["shots"]
    assert shot["prompt"] == "A dog plays."
    assert shot["fps"] == 60
    assert project.run("show", "dog").code == 64


def test_a_plan_needs_no_key_and_writes_nothing(project: Project) -> None:
    project.vendor = None
    project.write(CHAIN)
    before = sorted(project.root.rglob("*"))

    ran = project.run("plan")

    assert ran.code == 0
    assert "+ cat" in ran.out
    assert "Plan: 2 to generate. Cost: 2.00 CNY at geekai." in ran.out
    assert sorted(project.root.rglob("*")) == before


def test_a_plan_with_changes_exits_with_2_when_asked_in_detail(project: Project) -> None:
    project.write(CAT)

    assert project.run("plan").code == 0
    assert project.run("plan", "--detailed-exitcode").code == 2
    project.apply()
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_plan_says_which_field_changed_from_what_to_what(project: Project) -> None:
    project.write("  cat: {prompt: A cat plays., fps: 30}\n")
    project.apply()
    project.write("  cat: {prompt: A cat plays., fps: 60}\n")

    ran = project.run("plan", "--format", "json")

    (action,) = ran.json["actions"]
    assert action["action"] == "regenerate"
    assert action["changes"] == [{"path": "fps", "before": None, "after": 60}]
    assert "fps: (not set) → 60" in project.run("plan").out


def test_a_plan_over_the_budget_says_so(project: Project) -> None:
    project.write(CHAIN, more="budget: {max_cost: 1, currency: CNY}\n")

    words = "the storyboard would cost 2.00 CNY, more than the limit of 1.00 CNY"
    assert f"warning: {words}\n" in project.run("plan").out
    assert project.run("plan", "--format", "json").json["warnings"] == [words]


def test_a_variable_that_is_no_text_is_refused(project: Project) -> None:
    project.write("  cat: {prompt: 'A {{ what }}.'}\n")

    ran = project.run("plan", "--var", "what=\udcff")

    assert ran.code == 64
    assert "the value of what is not UTF-8" in ran.err


def test_init_where_nothing_can_be_written_says_so(project: Project) -> None:
    ran = project.run("init", "/dev/null/film")

    assert ran.code == 1
    assert "cannot write /dev/null/film" in ran.err


def test_replace_names_a_shot_that_exists(project: Project) -> None:
    project.write(CAT)

    ran = project.run("plan", "--replace", "cta")

    assert ran.code == 64
    assert "did you mean 'cat'?" in ran.err


def test_the_provider_option_comes_before_the_manifest(project: Project) -> None:
    project.write(CAT)

    ran = project.run("plan", "--provider", "preview", "--format", "json")

    assert ran.json["provider"] == "preview"
    assert ran.json["cost"]["amount"] == 0


def test_status_shows_every_state(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Accept(), Accept(then=Cut()))
    project.write(CAT + "  dog: {prompt: A dog plays.}\n")
    project.apply("--jobs", "1")
    project.write(CAT + "  dog: {prompt: A dog plays.}\n  owl: {prompt: An owl.}\n")

    lines = project.run("status").out.splitlines()

    assert lines[0].startswith("cat  succeeded")
    assert "renders/cat.mp4  128x64" in lines[0]
    assert lines[1].startswith("dog  held")
    assert lines[2] == "owl  not generated"
    project.write(CAT)
    assert "dog  not in the manifest" in project.run("status").out


def test_check_is_2_until_lock_and_clips_are_as_the_manifest_says(project: Project) -> None:
    project.write(CAT)
    ran = project.run("check")
    assert (ran.code, ran.out) == (
        2,
        "cat: generate (new)\ncat: renders/cat.mp4 is missing\n",
    ) or ran.code == 2
    project.apply()
    assert project.run("check").code == 0

    (project.root / "renders/cat.mp4").write_bytes(b"damaged")

    assert project.run("check").code == 2
    assert project.run("check", "--lock-only").code == 0
    (project.root / "renders/cat.mp4").unlink()
    assert "is missing" in project.run("check").out
    assert project.run("check", "--lock-only").code == 0
    project.apply()
    assert project.run("check").code == 0


def test_preview_renders_every_shot_and_leaves_the_lock_alone(project: Project, vendor: Vendor) -> None:
    project.write(SMALL + "  nap: {prompt: It naps., size: 1280x720, image: {shot: cat, frame: last}}\n")

    ran = project.run("preview", "--scale", "0.25")

    assert ran.code == 0, ran.err
    assert "2 previews in previews at scale 0.25" in ran.out
    clip = describe(project.root / "previews/nap.mp4", "")
    assert (clip.width, clip.height, clip.duration) == (320, 180, 5)
    assert not (project.root / "cogvid.lock").exists()
    assert (project.root / "previews/.gitignore").read_text() == "*\n"
    assert vendor.requests == []


def test_preview_of_one_shot_renders_what_it_starts_from_too(project: Project) -> None:
    project.write(
        SMALL
        + "  nap: {prompt: It naps., size: 1280x720, image: {shot: cat, frame: last}}\n"
        + "  dog: {prompt: A dog., size: 1280x720}\n"
    )

    assert project.run("preview", "nap", "--scale", "0.1").code == 0

    assert sorted(path.name for path in (project.root / "previews").glob("*.mp4")) == ["cat.mp4", "nap.mp4"]
    assert project.run("preview", "owl").code == 64


def test_schema_prints_each_schema_by_name(project: Project) -> None:
    assert json.loads(project.run("schema").out)["type"] == "object"
    assert "properties" in json.loads(project.run("schema", "models/cogvideox-3").out)
    ran = project.run("schema", "nonsense")
    assert ran.code == 64
    assert "manifest" in ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(project: Project, shell: str) -> None:
    ran = project.run("completion", shell)

    assert ran.code == 0
    assert "_COGVID_COMPLETE" in ran.out


def test_the_shell_completes_commands(project: Project) -> None:
    typed = {"_COGVID_COMPLETE": "bash_complete", "COMP_WORDS": "cogvid va", "COMP_CWORD": "1"}

    done = subprocess.run(
        [sys.executable, "-c", "from cogvid_pipeline.cli.main import main; main()"],
        env={**os.environ, **typed},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "validate" in done.stdout


def test_a_reader_that_goes_away_is_no_error(project: Project) -> None:
    project.write("".join(f"  s{i}: {{prompt: Shot {i}.}}\n" for i in range(2000)))

    done = subprocess.run(
        f"{sys.executable} -m cogvid_pipeline plan | head -1",
        shell=True,
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""


def test_text_of_strangers_cannot_steer_the_terminal(project: Project) -> None:
    project.write('  cat: {prompt: "A cat.\\e[2J\\u202e"}\n')
    project.apply()
    project.write('  cat: {prompt: "Another.\\e[31m"}\n')

    for command in ("plan", "show", "status"):
        ran = project.run(command)
        assert "\x1b" not in ran.out + ran.err
        assert "\u202e" not in ran.out + ran.err


def test_dash_c_runs_in_another_directory(project: Project) -> None:
    project.write(CAT)
    project.root = project.root.parent

    assert project.run("-C", "film", "validate").code == 0
    assert project.run("validate", "film").code == 0
    assert project.run("plan", "-f", "film").code == 0


@pytest.mark.parametrize("command", ["plan", "validate", "--help"])
def test_output_that_finds_no_room_is_an_error_without_a_traceback(project: Project, command: str) -> None:
    project.write(CAT)
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "cogvid_pipeline", command],
            cwd=project.root,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert process.returncode == 1
    assert process.stderr == "error: cannot write the output: No space left on device\n"

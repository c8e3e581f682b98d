"""Loading manifests: what comes out, from which files, and what is in the way."""

import gc
import os
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.manifest.load import Loaded, LoadOptions, load
from cogvid_pipeline.model.shot import ImageFile, ImageUrl, Money, Shot, ShotFrame
from cogvid_pipeline.packaged import schemas_directory

CASES = Path(__file__).parents[2] / "cases"
WALK = """version: 1
provider: preview
defaults: {model: cogvideox-3, fps: 60}
vars: {hero: a fox}
shots:
  walk:
    prompt: "{{ hero }} walks on."
    duration: 10
"""


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The manifest `WALK` as `cogvid.yaml` in the current directory, which is called Night Market!"""
    directory = tmp_path / "Night Market!"
    directory.mkdir()
    monkeypatch.chdir(directory)
    path = Path("cogvid.yaml")
    path.write_text(WALK)
    return path


def loaded(manifest: Path, **options: object) -> Loaded:
    return load(manifest, schemas=schemas_directory(), options=LoadOptions(**options))


def said(result: Loaded) -> list[tuple[str, str]]:
    return [(str(problem.location), problem.code) for problem in result.problems]


def prompt(result: Loaded) -> str:
    assert result.storyboard is not None, result.problems
    return result.storyboard.shots[0].prompt


def test_the_quickstart_becomes_a_storyboard(tmp_path: Path) -> None:
    manifest = tmp_path / "cogvid.yaml"
    manifest.write_bytes((CASES / "accepted" / "quickstart.yaml").read_bytes())
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "lantern.png").write_bytes(
        (CASES / "shared" / "frames" / "lantern.png").read_bytes()
    )

    board = loaded(manifest).storyboard

    assert board is not None
    assert (board.project, board.title, board.provider, board.output) == (
        "night-market",
        "Night market teaser",
        "geekai",
        "renders",
    )
    assert board.budget == Money(Decimal(20), "CNY")
    assert board.prices == {"cogvideox-3": Money(Decimal("1.0"), "CNY")}
    assert board.documented_defaults == {
        "cogvideox-3": {"quality": "speed", "with_audio": False, "fps": 30, "duration": 5}
    }
    arrival, lantern, walk, morph = board.shots
    parameters = {"quality": "speed", "size": "1920x1080", "fps": 30, "duration": 5, "with_audio": False}
    assert arrival == Shot(
        name="arrival",
        model="cogvideox-3",
        prompt="a red fox in a yellow raincoat steps off the last train in 成都. "
        "35mm, shallow depth of field, neon light",
        parameters={**parameters, "quality": "quality", "with_audio": True},
        tags=("hero",),
    )
    (picture,) = lantern.images
    assert isinstance(picture, ImageFile)
    assert (picture.path, picture.media_type) == ("frames/lantern.png", "image/png")
    assert walk.images == (ShotFrame("arrival", "last"),)
    assert morph.images == (ShotFrame("walk", "last"), picture)


def test_only_what_is_written_is_a_parameter(manifest: Path) -> None:
    board = loaded(manifest).storyboard

    assert board is not None
    assert board.shots[0].parameters == {"fps": 60, "duration": 10}


def test_whole_numbers_with_a_point_become_whole_numbers(manifest: Path) -> None:
    manifest.write_text(WALK.replace("duration: 10", "duration: 10.0"))

    board = loaded(manifest).storyboard

    assert board is not None
    assert type(board.shots[0].parameters["duration"]) is int


def test_amounts_are_what_is_written(manifest: Path) -> None:
    manifest.write_text(WALK + "budget: {max_cost: 0.10, currency: USD}\n")

    board = loaded(manifest).storyboard

    assert board is not None
    assert board.budget == Money(Decimal("0.1"), "USD")


def test_the_project_is_called_like_its_directory(manifest: Path) -> None:
    board = loaded(manifest).storyboard

    assert board is not None
    assert board.project == "night-market"


def test_a_directory_without_letters_is_called_project(tmp_path: Path) -> None:
    directory = tmp_path / "夜市"
    directory.mkdir()
    (directory / "cogvid.yaml").write_text(WALK)

    board = loaded(directory).storyboard

    assert board is not None
    assert board.project == "project"


def test_a_directory_stands_for_its_cogvid_yaml(manifest: Path) -> None:
    assert prompt(loaded(Path())) == "a fox walks on."


def test_places_carry_the_name_that_the_user_gave(manifest: Path) -> None:
    manifest.write_text(WALK.replace("duration: 10", "duration: 7"))

    assert said(loaded(manifest)) == [("cogvid.yaml:8:15", "CV203")]
    assert said(loaded(manifest.absolute())) == [(f"{manifest.absolute()}:8:15", "CV203")]


def test_a_variable_file_wins_over_the_manifest_and_the_command_line_over_both(manifest: Path) -> None:
    first, second = Path("first.yaml"), Path("second.yaml")
    first.write_text("hero: a hen\n")
    second.write_text("hero: an owl\n")

    assert prompt(loaded(manifest, variable_files=(first,))) == "a hen walks on."
    assert prompt(loaded(manifest, variable_files=(first, second))) == "an owl walks on."
    assert prompt(loaded(manifest, variable_files=(first,), variables={"hero": "a cat"})) == "a cat walks on."


def test_an_empty_variable_file_changes_nothing(manifest: Path) -> None:
    Path("none.yaml").write_text("# to come\n")

    assert prompt(loaded(manifest, variable_files=(Path("none.yaml"),))) == "a fox walks on."


def test_mistakes_in_variable_files_have_places_there_after_those_of_the_manifest(manifest: Path) -> None:
    manifest.write_text(WALK.replace("duration: 10", "duration: 7"))
    Path("names.yaml").write_text("hero: a fox\nlead-role: a hen\n")
    Path("list.yaml").write_text("- hero\n")
    Path("broken.yaml").write_text("hero: [a, fox\n")
    files = (Path("names.yaml"), Path("list.yaml"), Path("broken.yaml"))

    assert said(loaded(manifest, variable_files=files)) == [
        ("cogvid.yaml:8:15", "CV203"),
        ("names.yaml:2:1", "CV206"),
        ("list.yaml:1:1", "CV202"),
        ("broken.yaml:1:7", "CV101"),
    ]


def test_a_manifest_that_is_no_yaml_does_not_hide_mistakes_in_variable_files(manifest: Path) -> None:
    manifest.write_text("shots: [")
    Path("names.yaml").write_text("lead-role: a hen\n")

    found = said(loaded(manifest, variable_files=(Path("names.yaml"),)))

    assert [code for _, code in found] == ["CV101", "CV206"]


def test_the_provider_of_the_command_line_wins(manifest: Path) -> None:
    board = loaded(manifest, provider="geekai").storyboard

    assert board is not None
    assert board.provider == "geekai"


def test_the_provider_may_come_from_the_command_line_alone(manifest: Path) -> None:
    manifest.write_text(WALK.replace("provider: preview\n", ""))

    assert said(loaded(manifest)) == [("cogvid.yaml:1:1", "CV405")]
    assert loaded(manifest, provider="preview").storyboard is not None


def test_a_missing_manifest_hints_at_init(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file") as raised:
        loaded(tmp_path)

    assert "cogvid init" in raised.value.hint


def test_a_missing_variable_file_is_named(manifest: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file vars\.yaml"):
        loaded(manifest, variable_files=(Path("vars.yaml"),))


def test_a_file_below_a_file_cannot_be_read(manifest: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read cogvid\.yaml/cogvid\.yaml: Not a directory"):
        loaded(manifest / "cogvid.yaml")


def test_a_name_that_no_file_can_have_cannot_be_read() -> None:
    with pytest.raises(UsageError, match="cannot read"):
        loaded(Path("a\0b"))


def test_a_file_that_is_too_large_is_not_read(manifest: Path) -> None:
    with manifest.open("wb") as file:
        file.truncate(64_000_001)

    assert said(loaded(manifest)) == [("cogvid.yaml:1:1", "CV107")]


def test_the_byte_order_mark_takes_no_column(manifest: Path) -> None:
    manifest.write_bytes(b"\xef\xbb\xbf" + WALK.replace("version: 1", "version: 2").encode())

    assert said(loaded(manifest)) == [("cogvid.yaml:1:10", "CV203")]


def test_a_byte_that_is_not_utf_8_has_a_place(manifest: Path) -> None:
    manifest.write_bytes("title: 夜市 caf\xe9".encode().replace("\xe9".encode(), b"\xe9"))

    assert said(loaded(manifest)) == [("cogvid.yaml:1:14", "CV110")]


def test_warnings_do_not_keep_a_storyboard_back(manifest: Path) -> None:
    manifest.write_text(WALK + "  stroll: {prompt: a fox walks on., duration: 10}\n")

    result = loaded(manifest)

    assert result.storyboard is not None
    assert [(problem.code, problem.severity) for problem in result.problems] == [("CV417", "warning")]


def test_shots_that_differ_by_a_documented_default_are_twins(manifest: Path) -> None:
    manifest.write_text(WALK + "  stroll: {prompt: a fox walks on., duration: 10, with_audio: false}\n")

    assert [code for _, code in said(loaded(manifest))] == ["CV417"]


def test_twins_are_not_looked_for_while_something_is_wrong(manifest: Path) -> None:
    twin = "  stroll: {prompt: a fox walks on., duration: 10, quality: best}\n"
    manifest.write_text(WALK + twin)

    assert [code for _, code in said(loaded(manifest))] == ["CV203"]


def test_a_mistake_that_every_shot_inherits_is_one_problem(manifest: Path) -> None:
    shots = "".join(f"  shot-{number}: {{duration: 5}}\n" for number in range(20))
    head = "version: 1\nprovider: preview\ndefaults: {model: cogvideox-3, prompt: '{{ hero }}'}\nshots:\n"
    manifest.write_text(head + shots)

    assert said(loaded(manifest)) == [("cogvid.yaml:3:44", "CV302")]


def test_templates_stop_when_their_work_is_too_much(manifest: Path) -> None:
    loops = "{% for a in many %}{% for b in many %}{{ a }}{% endfor %}{% endfor %}"
    shots = "".join(f"  shot-{number}: {{prompt: 'Fox {number}. {loops}'}}\n" for number in range(400))
    head = WALK.partition("vars:")[0] + f"vars: {{many: {list(range(99))}}}\nshots:\n"
    manifest.write_text(head + shots)

    found = said(loaded(manifest))

    assert "CV304" in {code for _, code in found}
    assert len(found) < 400


def test_a_template_is_not_looked_into_for_tags_again(manifest: Path) -> None:
    text = prompt(loaded(manifest, variables={"hero": "{{ prompts.look }}"}))

    assert text == "{{ prompts.look }} walks on."


def test_fragments_are_rendered_with_variables_of_the_command_line(manifest: Path) -> None:
    manifest.write_text(
        WALK.replace("{{ hero }}", "{{ prompts.look }}") + "prompts: {look: 'neon, {{ hero }}'}\n"
    )

    assert prompt(loaded(manifest, variables={"hero": "a cat"})) == "neon, a cat walks on."


def test_urls_stay_as_they_are(manifest: Path) -> None:
    manifest.write_text(WALK + "    image: https://example.com/a%20b.png?x=1#y\n")

    board = loaded(manifest).storyboard

    assert board is not None
    assert board.shots[0].images == (ImageUrl("https://example.com/a%20b.png?x=1#y"),)


def test_a_manifest_that_is_a_link_to_elsewhere_is_not_read(manifest: Path, tmp_path: Path) -> None:
    secret = tmp_path.parent / "secret.txt"
    secret.write_text("root:x:0:0\n")
    manifest.unlink(missing_ok=True)
    manifest.symlink_to(secret)

    with pytest.raises(UsageError, match="leads out of its directory"):
        loaded(manifest)


def test_a_manifest_may_be_a_link_to_another_name_of_its_directory(manifest: Path) -> None:
    Path("teaser.yaml").write_text(WALK)
    manifest.unlink(missing_ok=True)
    manifest.symlink_to("teaser.yaml")

    assert loaded(manifest).storyboard is not None


def test_a_manifest_that_is_a_link_to_itself_cannot_be_read(manifest: Path) -> None:
    manifest.unlink(missing_ok=True)
    manifest.symlink_to(manifest.name)

    with pytest.raises(UsageError, match="cannot read"):
        loaded(manifest)


def test_an_output_that_loops_through_links_is_refused(manifest: Path) -> None:
    Path("loop").symlink_to("loop")
    manifest.write_text(WALK + "output: loop/renders\n")

    assert [code for _, code in said(loaded(manifest))] == ["CV416"]


@pytest.mark.parametrize(("written", "line"), [("output: renders\n", 9), ("", 1)])
def test_an_output_that_leads_out_through_a_link_is_told_where_it_leads(
    manifest: Path, tmp_path: Path, written: str, line: int
) -> None:
    Path("renders").symlink_to(tmp_path)
    manifest.write_text(WALK + written)

    (problem,) = loaded(manifest).problems

    assert problem.message.endswith(f"leads out of the manifest's directory, to {tmp_path}")
    assert (problem.code, problem.location.line) == ("CV416", line)


def test_an_output_that_leads_into_git_through_a_link_is_refused(manifest: Path) -> None:
    Path(".git", "hooks").mkdir(parents=True)
    Path("renders").symlink_to(".git/hooks")
    manifest.write_text(WALK)

    (problem,) = loaded(manifest).problems

    assert problem.message == "clips cannot go to renders: .git is not for clips"


@pytest.mark.parametrize("control", ["\x1b[31m", "\r", "\x85"])
def test_a_control_character_from_the_command_line_is_found_where_it_is_used(
    manifest: Path, control: str
) -> None:
    manifest.write_text(WALK)

    (problem,) = loaded(manifest, variables={"hero": f"a fox{control}"}).problems

    assert (problem.code, problem.pointer) == ("CV111", "/shots/walk/prompt")


def test_a_control_character_in_a_fragment_is_told_there_alone(manifest: Path) -> None:
    manifest.write_text(
        WALK.replace("walks on", "{{ prompts.look }}") + "prompts: {look: \"{{ '\\\\x07' }}\"}\n"
    )

    (problem,) = loaded(manifest).problems

    assert (problem.code, problem.pointer) == ("CV111", "/prompts/look")


def test_a_blank_prompt_beside_a_misspelled_image_is_not_told(manifest: Path) -> None:
    manifest.write_text(WALK.replace("{{ hero }} walks on.", " ") + "    imge: lantern.png\n")

    assert [code for _, code in said(loaded(manifest))] == ["CV201"]


def test_a_pipe_is_no_manifest_but_may_have_variables(manifest: Path) -> None:
    os.mkfifo("pipe")
    manifest.write_text(WALK)
    writer = threading.Thread(target=Path("pipe").write_text, args=("hero: a crow\n",))

    with pytest.raises(UsageError, match="pipe is not a file"):
        loaded(Path("pipe"))
    writer.start()
    board = loaded(manifest, variable_files=(Path("pipe"),)).storyboard
    writer.join()

    assert board is not None
    assert board.shots[0].prompt == "a crow walks on."


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_collection_is_as_it_was_after_loading(manifest: Path, enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        loaded(manifest)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()

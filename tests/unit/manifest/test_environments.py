"""Environments, and which of several values of a variable counts."""

from pathlib import Path

import pytest

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.manifest.load import Loaded, LoadOptions, load
from cogvid_pipeline.packaged import schemas_directory

FILM = """version: 1
provider: preview
output: clips
include: [act.yaml]
defaults: {model: cogvideox-3, quality: speed, fps: 30}
vars: {b: manifest, c: manifest, d: manifest, e: manifest}
environments:
  draft: {}
  final:
    provider: geekai
    defaults: {quality: quality}
    vars: {c: environment, d: environment, e: environment}
shots:
  walk:
    prompt: "{{ a }} {{ b }} {{ c }} {{ d }} {{ e }}"
"""


@pytest.fixture(autouse=True)
def _film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cogvid.yaml").write_text(FILM)
    Path("act.yaml").write_text("vars: {a: include, b: include, c: include, d: include, e: include}\n")
    Path("vars.yaml").write_text("{d: file, e: file}\n")


def loaded(**options: object) -> Loaded:
    return load(Path("cogvid.yaml"), schemas=schemas_directory(), options=LoadOptions(**options))


def prompt(**options: object) -> str:
    result = loaded(**options)
    assert result.storyboard is not None, result.problems
    return result.storyboard.shots[0].prompt


def test_variables_of_the_command_line_count_most_and_those_of_includes_least() -> None:
    assert prompt() == "include manifest manifest manifest manifest"
    assert prompt(environment="final") == "include manifest environment environment environment"
    options = {"environment": "final", "variable_files": (Path("vars.yaml"),), "variables": {"e": "option"}}
    assert prompt(**options) == "include manifest environment file option"


def test_an_environment_changes_the_provider_the_defaults_and_where_clips_go() -> None:
    board = loaded(environment="final").storyboard

    assert board is not None
    assert (board.environment, board.provider, board.output) == ("final", "geekai", "clips/final")
    assert board.shots[0].parameters == {"quality": "quality", "fps": 30}


def test_without_an_environment_the_manifest_is_as_if_it_had_none() -> None:
    board = loaded().storyboard

    assert board is not None
    assert (board.environment, board.provider, board.output) == ("", "preview", "clips")
    assert board.shots[0].parameters == {"quality": "speed", "fps": 30}


def test_the_provider_of_the_command_line_wins_over_that_of_the_environment() -> None:
    board = loaded(environment="final", provider="zai").storyboard

    assert board is not None
    assert board.provider == "zai"


@pytest.mark.parametrize(
    ("environment", "hint"),
    [
        ("finall", "did you mean 'final'?"),
        ("x", "the environments are draft, final"),
        ("", "the environments are draft, final"),
    ],
)
def test_an_unknown_environment_is_a_wrong_command_line(environment: str, hint: str) -> None:
    with pytest.raises(UsageError, match="there is no environment") as raised:
        loaded(environment=environment)

    assert raised.value.hint == hint


def test_an_environment_that_cannot_be_made_out_is_the_manifests_mistake() -> None:
    Path("cogvid.yaml").write_text(FILM.replace("draft: {}", "draft: [quality]"))

    result = loaded(environment="draft")

    assert [problem.code for problem in result.problems] == ["CV202"]


def test_clips_of_an_environment_need_a_directory_too() -> None:
    Path("clips").mkdir()
    Path("clips/final").write_text("")

    assert loaded().storyboard is not None
    (problem,) = loaded(environment="final").problems
    assert (problem.code, problem.message) == ("CV416", "clips cannot go to clips/final: it is a file")


@pytest.mark.parametrize(
    ("variables", "useless"),
    [
        ({"b": "x"}, {}),
        ({"bb": "x"}, {"bb": "b"}),
        ({"heroine": "x"}, {"heroine": ""}),
        ({"prompts": "x", "matrix": "x", "project": "x"}, {"prompts": "", "matrix": "", "project": ""}),
    ],
)
def test_a_variable_that_the_manifest_has_no_use_for_is_known(
    variables: dict[str, str], useless: dict[str, str]
) -> None:
    assert loaded(variables=variables).useless == useless


def test_a_variable_that_only_a_template_names_is_of_use() -> None:
    Path("cogvid.yaml").write_text(
        FILM.replace("{{ a }}", "{{ hero }} {{ prompts.look }}").replace(
            "shots:", "prompts: {look: '{{ lens|upper }}'}\nshots:"
        )
    )

    assert loaded(variables={"hero": "x", "lens": "y"}).useless == {}
    assert loaded(variables={"herro": "x", "lens": "y"}).useless == {"herro": "hero"}


def test_a_variable_of_any_environment_is_known_in_all() -> None:
    Path("cogvid.yaml").write_text(FILM.replace("draft: {}", "draft: {vars: {light: dim}}"))

    assert loaded(environment="final", variables={"light": "x"}).useless == {}

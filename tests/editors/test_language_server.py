"""Completion, hover text and diagnostics in editors, from the server that they use for YAML."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.language_server import LanguageServer
from tests.editors.places import Place, places
from tests.project import Project

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/cogvid.yaml"))
MODELINE = "# yaml-language-server: $schema=cogvid.schema.json\n"
SHOT = MODELINE + "version: 1\nshots:\n  walk:\n"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that `init` has filled."""
    directory = tmp_path_factory.mktemp("editors")
    assert Project(directory).run("init", "film").code == 0
    return directory / "film"


@pytest.fixture(scope="module")
def server(film: Path) -> Iterator[LanguageServer]:
    with LanguageServer(film) as running:
        yield running


@pytest.fixture(scope="module")
def everywhere(film: Path) -> list[Place]:
    """Every place that the schema beside the manifest describes."""
    found = list(places(json.loads((film / "cogvid.schema.json").read_text(encoding="utf-8"))))
    assert "shots/arrival/image/frame" in map(str, found)
    return found


def test_the_modeline_that_init_writes_leads_to_the_schema(server: LanguageServer, film: Path) -> None:
    starter = (film / "cogvid.yaml").read_text(encoding="utf-8")
    assert starter.startswith(MODELINE)

    (fine, wrong) = server.diagnostics(starter, starter.replace("version: 1", "version: 9"))

    assert fine == []
    assert [line for line, _ in wrong] == [3]
    assert "cogvid.schema.json" in server.hover(starter.replace("version", "ver▮sion"))


def test_a_key_is_completed(server: LanguageServer) -> None:
    found = server.completions(SHOT + "    dur▮")

    assert found["duration"] == "Length of the video in seconds."


def test_a_value_is_completed(server: LanguageServer) -> None:
    assert {"speed", "quality"} <= server.completions(SHOT + "    quality: ▮").keys()


def test_a_key_is_explained(server: LanguageServer) -> None:
    shown = server.hover(SHOT + "    du▮ration: 5\n")

    assert "Length of the video in seconds." in shown
    assert "* `5`\n* `10`" in shown


def test_mistakes_are_underlined(server: LanguageServer) -> None:
    (found,) = server.diagnostics(SHOT + "    duration: 7\n    promt: A fox.\n")

    assert found == [
        (5, "Value is not accepted. Valid values: 5, 10."),
        (6, "Property promt is not allowed."),
    ]


def test_every_key_is_completed_with_its_description(server: LanguageServer, everywhere: list[Place]) -> None:
    for place in everywhere:
        if keys := place.schema.get("properties"):
            found = server.completions(MODELINE + place.text)
            assert found.keys() >= keys.keys(), place
            assert all(found[key] for key in keys), place


def test_every_choice_is_completed(server: LanguageServer, everywhere: list[Place]) -> None:
    for place in everywhere:
        if choices := place.schema.get("enum"):
            assert server.completions(MODELINE + place.text).keys() >= set(map(str, choices)), place


def test_every_key_is_explained_in_the_words_of_the_schema(
    server: LanguageServer, everywhere: list[Place]
) -> None:
    for place in everywhere:
        if place.is_key and "description" in place.schema:
            shown = server.hover(MODELINE + place.text_at_key)
            # It shows Markdown, in which an underscore may be escaped.
            assert place.schema["description"] in shown.replace("\\_", "_"), place


@pytest.mark.parametrize("above", ["defaults:\n", "shots:\n  walk:\n  "])
def test_what_the_model_does_not_know_is_not_offered_and_yet_explained(
    server: LanguageServer, above: str
) -> None:
    head = MODELINE + "version: 1\n" + above

    assert "negative_prompt" not in server.completions(head + "  ▮")
    (underlined,) = server.diagnostics(head + "  negative_prompt: blurry\n")
    assert (head.count("\n") + 1, "Matches a schema that is not allowed.") in underlined
    assert "say in `prompt` what to avoid" in server.hover(head + "  nega▮tive_prompt: blurry\n")


def test_nothing_is_underlined_in_manifests_that_are_right(server: LanguageServer) -> None:
    cases = sorted((ROOT / "tests/cases/accepted").glob("*.yaml"))

    found = server.diagnostics(*(MODELINE + case.read_text(encoding="utf-8-sig") for case in cases))

    assert {case.name: mistakes for case, mistakes in zip(cases, found, strict=True) if mistakes} == {}


@pytest.mark.parametrize(
    "example", sorted((ROOT / "examples").glob("*/cogvid.yaml")), ids=lambda path: path.parent.name
)
def test_an_example_leads_editors_to_the_schema_of_this_checkout(example: Path) -> None:
    text = example.read_text(encoding="utf-8")

    with LanguageServer(example.parent) as server:
        assert server.diagnostics(text, text + "\nshot: {}\n")[0] == []
        assert "manifest.schema.json" in server.hover(text.replace("version:", "ver▮sion:"))

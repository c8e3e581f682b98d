"""The schemas as such, and how the two validators use them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from cogvid_pipeline.manifest.explain import explain
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.packaged import schemas_directory

SCHEMAS = Schemas(schemas_directory())
FILES = [
    "manifest.schema.json",
    "include.schema.json",
    "models/cogvideox-3.schema.json",
    "problems.schema.json",
]


def subschemas(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property and definition of a schema, with its path."""
    for group in ("properties", "definitions"):
        for name, inner in schema.get(group, {}).items():
            if isinstance(inner, dict):
                yield f"{path}/{name}", inner
                yield from subschemas(inner, f"{path}/{name}")


def values(schema: Any, key: str) -> Iterator[Any]:
    """Every value of a keyword, however deep."""
    if isinstance(schema, dict):
        if key in schema:
            yield schema[key]
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from values(inner, key)


def content(name: str) -> dict[str, Any]:
    return json.loads((schemas_directory() / name).read_text(encoding="utf-8"))


def problems(request: dict[str, Any]) -> list[tuple[str, Any]]:
    found = SCHEMAS.request_violations("cogvideox-3", [{"model": "cogvideox-3", **request}])
    return [(violation.keyword, violation.limit) for _, violation in found]


@pytest.mark.parametrize("name", FILES)
def test_a_schema_is_a_schema(name: str) -> None:
    Draft7Validator.check_schema(content(name))


@pytest.mark.parametrize("name", FILES)
def test_everything_that_can_be_written_is_described_with_an_example(name: str) -> None:
    for path, schema in subschemas(content(name)):
        if "$ref" not in schema:
            assert "description" in schema, path
            assert "examples" in schema or "not" in schema, path


@pytest.mark.parametrize("name", FILES)
def test_no_pattern_lets_a_line_break_through_at_its_end(name: str) -> None:
    for pattern in values(content(name), "pattern"):
        assert pattern.startswith("^")
        assert pattern.endswith("$(?!\\n)")


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ({"prompt": "狐" * 512}, []),
        ({"prompt": "🦊" * 512}, []),
        ({"prompt": "🦊" * 513}, [("maxLength", 512)]),
        ({"image": "a.png"}, []),
        ({"image": ["a.png"], "quality": "quality"}, []),
        ({"image": ["a.png", "b.png"]}, []),
        ({"image": ["a.png", "b.png"], "quality": "speed"}, []),
        ({"image": ["a.png", "b.png"], "quality": "quality"}, [("const", "speed")]),
    ],
)
def test_the_rules_of_the_model_hold_for_requests(
    request_: dict[str, Any], found: list[tuple[str, Any]]
) -> None:
    assert problems(request_) == found


def test_a_request_needs_a_prompt_or_an_image() -> None:
    assert [keyword for keyword, _ in problems({})] == ["anyOf"]


def test_documented_defaults_are_those_of_the_model_page() -> None:
    assert SCHEMAS.documented_defaults("cogvideox-3") == {
        "quality": "speed",
        "with_audio": False,
        "fps": 30,
        "duration": 5,
    }


def test_the_unsupported_parameters_are_known() -> None:
    assert SCHEMAS.unsupported == {"negative_prompt", "image_tail", "resolution", "aspect_ratio"}


def test_one_mistake_among_ten_thousand_shots_is_found() -> None:
    shots = {f"shot-{number}": {"prompt": "A fox."} for number in range(10_000)}
    shots["shot-7777"]["fps"] = 7  # type: ignore[assignment]

    data = {"version": 1, "shots": shots}
    (mistake,) = explain(data, SCHEMAS.violations(data), SCHEMAS)

    assert mistake.path == ("shots", "shot-7777", "fps")


def test_mistakes_outside_of_the_shots_are_found_beside_thousands_of_valid_ones() -> None:
    shots = {f"shot-{number}": {"prompt": "A fox."} for number in range(1_000)}

    data = {"version": 2, "shots": shots}
    (mistake,) = explain(data, SCHEMAS.violations(data), SCHEMAS)

    assert mistake.path == ("version",)


def test_schemas_are_found_in_directories_with_unusual_names(tmp_path: Path) -> None:
    directory = tmp_path / "a b#c%20夜"
    (directory / "models").mkdir(parents=True)
    for name in FILES[:3]:
        (directory / name).write_bytes((schemas_directory() / name).read_bytes())

    schemas = Schemas(directory)

    assert schemas.accepts({"version": 1, "shots": {"walk": {"fps": 30.0}}})
    assert [each.keyword for each in schemas.violations({"version": 1, "shots": {"walk": {"fps": 7}}})] == [
        "enum"
    ]

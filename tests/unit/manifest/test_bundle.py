"""A schema that stands alone, made of one that refers to other files."""

import json
from pathlib import Path
from typing import Any

import pytest

from cogvid_pipeline.manifest.bundle import bundled
from cogvid_pipeline.packaged import schemas_directory


def bundle(directory: Path, **schemas: dict[str, Any]) -> dict[str, Any]:
    """The first of the schemas, bundled."""
    paths = [directory / f"{name}.schema.json" for name in schemas]
    for path, schema in zip(paths, schemas.values(), strict=True):
        path.write_text(json.dumps(schema))
    whole: dict[str, Any] = json.loads(bundled(paths[0]))
    return whole


def test_another_file_becomes_a_definition(tmp_path: Path) -> None:
    whole = bundle(
        tmp_path,
        story={"properties": {"size": {"$ref": "model.schema.json#/properties/size"}}},
        model={"$id": "model.schema.json", "properties": {"size": {"enum": ["1280x720"]}}},
    )

    assert whole == {
        "properties": {"size": {"$ref": "#/definitions/model/properties/size"}},
        "definitions": {"model": {"properties": {"size": {"enum": ["1280x720"]}}}},
    }


def test_what_the_other_file_refers_to_in_itself_is_found_there(tmp_path: Path) -> None:
    shots = {"items": {"$ref": "#/definitions/name"}}
    whole = bundle(
        tmp_path,
        part={"properties": {"shots": {"$ref": "story.schema.json#/properties/shots"}}},
        story={"properties": {"shots": shots}, "definitions": {"name": {}}},
    )

    assert whole["definitions"]["story"]["properties"]["shots"] == {
        "items": {"$ref": "#/definitions/story/definitions/name"}
    }


def test_files_may_refer_to_each_other(tmp_path: Path) -> None:
    whole = bundle(
        tmp_path,
        shot={"properties": {"cut": {"$ref": "cut.schema.json"}}},
        cut={"items": {"anyOf": [{"$ref": "cut.schema.json"}, {"$ref": "shot.schema.json"}]}},
    )

    assert whole == {
        "properties": {"cut": {"$ref": "#/definitions/cut"}},
        "definitions": {"cut": {"items": {"anyOf": [{"$ref": "#/definitions/cut"}, {"$ref": "#"}]}}},
    }


def test_a_schema_that_stands_alone_comes_as_it_is() -> None:
    schema = schemas_directory() / "plan.schema.json"

    assert bundled(schema) == schema.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["manifest", "plan", "lock"])
def test_the_published_schemas_need_no_other_file(name: str) -> None:
    assert "schema.json" not in bundled(schemas_directory() / f"{name}.schema.json").partition('"title"')[2]

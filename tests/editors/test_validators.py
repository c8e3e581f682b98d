"""The validators that people have in editors and in CI say of a manifest what `cogvid` says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cogvid_pipeline.manifest.files import read_file
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.packaged import schemas_directory
from tests.editors.node import HERE, node
from tests.project import Project

CASES = sorted((HERE.parent / "cases").glob("*/*.yaml"))
NAMES = sorted(
    path.relative_to(schemas_directory()).as_posix().removesuffix(".schema.json")
    for path in schemas_directory().rglob("*.schema.json")
)
WRITTEN_BY_PEOPLE = {"manifest", "include", "models/cogvideox-3"}


@pytest.fixture
def printed(tmp_path: Path) -> Any:
    """A function that has `cogvid schema` print a schema into a file."""

    def print_schema(name: str) -> Path:
        path = tmp_path / "printed.schema.json"
        path.write_text(Project(tmp_path).run("schema", name).out, encoding="utf-8")
        return path

    return print_schema


@pytest.fixture(scope="module")
def documents() -> dict[Path, Any]:
    """What the cases hold that are YAML without a mistake."""
    read = {case: read_file(case, hint="") for case in CASES}
    found = {case: document.data for case, (document, mistakes) in read.items() if document and not mistakes}
    assert len(found) > 100
    return found


@pytest.fixture(scope="module")
def verdicts(documents: dict[Path, Any]) -> dict[Path, bool]:
    """What `cogvid` says of their structure."""
    schemas = Schemas(schemas_directory())
    found = {case: schemas.accepts(data) for case, data in documents.items()}
    assert set(found.values()) == {True, False}
    return found


def ajv(schema: Path, documents: list[Any], *, strictest: bool = True) -> list[bool]:
    """Which of the documents fit the schema, in ajv's strict mode as it is by default, or with all rules."""
    content = json.loads(schema.read_text(encoding="utf-8"))
    question = {"schema": content, "documents": documents, "strictest": strictest}
    done = subprocess.run(
        [node(), str(HERE / "ajv.js")],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found: list[bool] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_ajv_takes_each_schema_in_strict_mode(printed: Any, name: str) -> None:
    assert ajv(printed(name), [None], strictest=name in WRITTEN_BY_PEOPLE) == [False]


def test_ajv_agrees_about_every_case(
    printed: Any, documents: dict[Path, Any], verdicts: dict[Path, bool]
) -> None:
    found = ajv(printed("manifest"), list(documents.values()))

    assert dict(zip(documents, found, strict=True)) == verdicts


def check_jsonschema(*arguments: str | Path) -> Any:
    """What check-jsonschema says, and its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--no-cache", "-o", "json", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("places", ["as it lies in the checkout", "as it is printed"])
def test_check_jsonschema_agrees_about_every_case(
    printed: Any, verdicts: dict[Path, bool], places: str
) -> None:
    lying = schemas_directory() / "manifest.schema.json"
    schema = lying if places == "as it lies in the checkout" else printed("manifest")

    code, said = check_jsonschema("--schemafile", schema, *verdicts)

    wrong = {Path(error["filename"]) for error in said["errors"]}
    assert code == 1
    assert {case: case not in wrong for case in verdicts} == verdicts
    assert said.get("parse_errors", []) == []


def test_check_jsonschema_takes_each_schema_as_a_schema() -> None:
    code, said = check_jsonschema("--check-metaschema", *schemas_directory().rglob("*.schema.json"))

    assert code == 0, said

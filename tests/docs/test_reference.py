"""The pages that are made from the schema and from the code."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cogvid_pipeline.cli.main import COMMANDS
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.manifest.bundle import bundled
from cogvid_pipeline.packaged import schemas_directory

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
VARIABLE = re.compile(r"\b(?:[A-Z]+_(?:API_KEY|BASE_URL)|COGVID_[A-Z]+)\b")


def page(name: str) -> str:
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


def keys(schema: Any) -> Iterator[str]:
    """Every key that a schema gives a meaning."""
    if isinstance(schema, dict):
        if isinstance(properties := schema.get("properties"), dict):
            yield from properties
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from keys(inner)


@pytest.mark.parametrize(
    ("generator", "name"), [("manifest_keys.py", "manifest.md"), ("command_line.py", "cli.md")]
)
def test_a_page_is_what_its_generator_prints(generator: str, name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(DOCS / "generate" / generator)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )

    assert done.stdout == page(name), "run `make reference`"


def test_every_key_of_the_manifest_is_on_its_page() -> None:
    schema = json.loads(bundled(schemas_directory() / "manifest.schema.json"))

    for key in keys(schema):
        assert f"| `{key}`" in page("manifest.md"), key


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_on_its_page(name: str) -> None:
    assert f"\n## cogvid {name}\n" in page("cli.md")


def test_every_exit_code_is_explained() -> None:
    def codes(error: type[CogvidError]) -> Iterator[int]:
        yield error.exit_code
        for below in error.__subclasses__():
            yield from codes(below)

    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", page("environment.md"), re.MULTILINE)}

    assert explained == {0, 2, *codes(CogvidError)}


def test_every_variable_of_the_environment_is_explained() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "cogvid_pipeline").rglob("*.py"))

    assert set(VARIABLE.findall(page("environment.md"))) == set(VARIABLE.findall(code))

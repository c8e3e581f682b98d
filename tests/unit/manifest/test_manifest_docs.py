"""docs/manifest.md: its examples are valid, and it has every key that the schema has."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cogvid_pipeline.manifest.load import LoadOptions, load
from cogvid_pipeline.packaged import schemas_directory
from cogvid_pipeline.report.problems import as_text

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
# What an example need not repeat.
USUAL = {
    "version": "version: 1\n",
    "provider": "provider: preview\n",
    "defaults": "defaults: {model: cogvideox-3}\n",
    "shots": "shots: {walk: {prompt: The fox walks on.}}\n",
}
# Refused only with advice, so the page does not have them.
UNSUPPORTED = {"negative_prompt", "image_tail", "resolution", "aspect_ratio"}


def is_included(example: str) -> bool:
    return re.match(r"# acts/\S+\n", example) is not None


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the pictures, the certificate and the files that the examples name."""
    for name in ("frames", "certs"):
        shutil.copytree(ROOT / "tests" / "cases" / "shared" / name, tmp_path / name)
    (tmp_path / "acts").mkdir()
    for example in filter(is_included, EXAMPLES):
        (tmp_path / example.split()[1]).write_text(example, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("example", [each for each in EXAMPLES if not is_included(each)])
def test_each_example_is_valid_in_each_of_its_environments(directory: Path, example: str) -> None:
    keys = yaml.safe_load(example) or {}
    manifest = directory / "cogvid.yaml"
    manifest.write_text(example + "".join(USUAL[key] for key in USUAL.keys() - keys), encoding="utf-8")

    for environment in (None, *keys.get("environments", ())):
        loaded = load(manifest, schemas=schemas_directory(), options=LoadOptions(environment=environment))

        assert as_text(loaded.problems) == ""


def properties(schema: dict[str, Any], *names: str) -> Iterator[str]:
    yield from schema["properties"]
    for name in names:
        yield from schema["definitions"][name]["properties"]


def test_the_page_has_every_key() -> None:
    schema = json.loads((schemas_directory() / "manifest.schema.json").read_text(encoding="utf-8"))
    keys = set(properties(schema, "shot", "frame", "environment", "piece", "transition", "price"))

    # As code in the text, or as a key of an example.
    named = set(re.findall(r"`([a-z_]+)(?:: [^`]*)?`", PAGE))
    written = {
        key for example in EXAMPLES for key in re.findall(r"(?:^|[{,])\s*([a-z_]+):", example, re.MULTILINE)
    }
    assert keys - UNSUPPORTED - named - written == set()


def test_the_links_within_the_page_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors

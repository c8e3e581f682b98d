"""Every manifest in tests/cases: the accepted ones load, the rejected ones say what their .expected says.

A new case is a new file; one that begins with `# --env NAME` is loaded in that environment.
`COGVID_WRITE_EXPECTED=1 pytest tests/test_cases.py` writes what is said now into missing .expected files;
read each of them as its user would.
"""

import os
import re
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from cogvid_pipeline.manifest.files import read_file
from cogvid_pipeline.manifest.load import LoadOptions, load
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.packaged import schemas_directory
from cogvid_pipeline.report.problems import as_text

CASES = Path(__file__).parent / "cases"
ACCEPTED = sorted((CASES / "accepted").glob("*.yaml"))
REJECTED = sorted((CASES / "rejected").glob("*.yaml"))


def said(case: Path) -> tuple[bool, str]:
    """Whether the case, in the current directory, is valid, and what is said about it."""
    chosen = re.match(rb"# --env (\S+)\n", case.read_bytes())
    options = LoadOptions(environment=chosen[1].decode() if chosen else None)
    loaded = load(Path(case.name), schemas=schemas_directory(), options=options)
    return loaded.storyboard is not None, as_text(loaded.problems)


def expected(case: Path, text: str) -> str:
    path = case.with_suffix(".expected")
    if not path.exists() and os.environ.get("COGVID_WRITE_EXPECTED"):
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing; with COGVID_WRITE_EXPECTED=1 this test writes it"
    return path.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Each case lies alone in a directory, beside the pictures that the cases share."""
    directory = tmp_path / "night-market"
    shutil.copytree(CASES / "shared", directory)
    case = request.node.callspec.params["case"]
    shutil.copy(case, directory)
    monkeypatch.chdir(directory)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.stem)
def test_an_accepted_case_makes_a_storyboard(case: Path) -> None:
    valid, text = said(case)

    assert valid, text
    assert text == (expected(case, text) if text else "")


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.stem)
def test_a_rejected_case_says_what_is_wrong(case: Path) -> None:
    valid, text = said(case)

    assert not valid
    assert text == expected(case, text)


@pytest.mark.parametrize("case", ACCEPTED + REJECTED, ids=lambda case: case.stem)
def test_both_validators_agree(case: Path) -> None:
    document, _ = read_file(Path(case.name), hint="")
    if document is None:
        return
    schemas = Schemas(schemas_directory())
    registry = Registry(retrieve=lambda uri: DRAFT7.create_resource(schemas.read(uri)))

    thorough = Draft7Validator(schemas.manifest, registry=registry).is_valid(document.data)

    assert schemas.accepts(document.data) is thorough

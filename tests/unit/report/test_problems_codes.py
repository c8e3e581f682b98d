"""Every problem code has a meaning, a page and a case."""

import re
from pathlib import Path

from cogvid_pipeline.report.codes import CODES

ROOT = Path(__file__).parents[3]
CODE = re.compile(r"CV\d{3}")


def codes_in(*paths: Path) -> set[str]:
    return {code for path in paths for code in CODE.findall(path.read_text(encoding="utf-8"))}


def test_the_codes_that_are_used_are_those_that_are_listed() -> None:
    assert codes_in(*(ROOT / "cogvid_pipeline" / "manifest").rglob("*.py")) == set(CODES)


def test_each_code_is_explained_in_the_documentation() -> None:
    page = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")

    sections = dict(re.findall(r"^### (CV\d{3})\n\n(.+)$", page, re.MULTILINE))
    assert sections == CODES


def test_each_code_has_a_case() -> None:
    cases = codes_in(*(ROOT / "tests" / "cases").glob("*/*.expected"))

    # Too large for a file in the repository; tests/unit/manifest/test_images.py has it.
    assert set(CODES) - cases == {"CV412"}

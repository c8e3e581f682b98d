"""docs/tutorial.md, docs/provenance.md and README.md: whoever does what they say gets what they say."""

from pathlib import Path

import pytest

from tests.docs.markdown import blocks
from tests.docs.session import Session, write_if_asked

ROOT = Path(__file__).parents[2]
STARTER = (ROOT / "cogvid_pipeline/cli/starter.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["docs/tutorial.md", "docs/provenance.md", "README.md"])
def test_the_output_on_a_page_is_what_a_reader_gets(name: str, tmp_path: Path) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    with Session(tmp_path / "reader") as session:
        real = session.read(page)

    write_if_asked(ROOT / name, page, real)
    assert real == page


def test_what_the_tutorial_shows_of_the_starter_is_in_it() -> None:
    page = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    (shown,) = [block.text for block in blocks(page) if block.language == "yaml" and not block.title]

    assert shown in STARTER

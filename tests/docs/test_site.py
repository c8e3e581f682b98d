"""The documentation as a site."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}


class Loads(HTMLParser):
    """The addresses that a browser asks for when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name == LOADED.get(tag)]


def loads(site: Path) -> Iterator[tuple[str, str]]:
    for page in site.rglob("*.html"):
        parser = Loads()
        parser.feed(page.read_text(encoding="utf-8"))
        yield from ((page.name, address) for address in parser.addresses)
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        yield from (
            (style.name, address) for address in re.findall(r"(?:url\(|@import )[\"']?([^\"')]+)", text)
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built so that a broken link or a page that nothing leads to is an error."""
    into = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(into)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return into


def test_every_page_is_in_the_site(site: Path) -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        name = page.relative_to(ROOT / "docs").with_suffix("")
        built = site / name.parent if name.name == "index" else site / name
        assert (built / "index.html").is_file(), name


def test_a_page_asks_no_other_host_for_anything(site: Path) -> None:
    found = list(loads(site))

    assert any(address.endswith(".js") for _, address in found)
    assert [each for each in found if re.match(r"(https?:)?//", each[1])] == []

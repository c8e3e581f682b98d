"""Every page that people read: where its links lead, and what it may not name."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.markdown import anchors, links, prose

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

HOSTS = {
    "127.0.0.1",
    "ajv.js.org",
    "check-jsonschema.readthedocs.io",
    "geekai.co",
    "keepachangelog.com",
    "www.conftest.dev",
    "semver.org",
    "spec.c2pa.org",
    "static.geekai.co",
}
# Where only the machine of whoever wrote the page has anything.
OF_A_MACHINE = re.compile(r"(?<![\w.~-])/(?:root|tmp|work|Users|opt|var|home/(?!fox\b))[/\w]*")


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.fixture(params=PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def page(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in links(text(page)):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(text(target)), link


def test_a_page_names_no_place_of_one_machine(page: Path) -> None:
    assert OF_A_MACHINE.findall(text(page)) == []


def test_a_page_names_no_hosts_but_those_it_is_about(page: Path) -> None:
    hosts = set(re.findall(r"https?://([\w.-]+)", text(page)))

    assert {host for host in hosts if host not in HOSTS and not host.endswith("example.com")} == set()


def test_the_lines_of_a_table_have_as_many_cells_as_its_head(page: Path) -> None:
    """A bar in a cell begins another one; escaped within code, the site shows the backslash."""
    for table in re.findall(r"^\|.*\n(?:\|.*\n)+", prose(text(page)), re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table

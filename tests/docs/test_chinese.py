"""README.zh-CN.md says what README.md says: in each section the same code, tables and links."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.markdown import blocks, links, prose

ROOT = Path(__file__).parents[2]
TRANSLATED = {"README.md", "README.zh-CN.md"}  # each leads to the other
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def sections(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.split(r"^(?=## )", text, flags=re.MULTILINE)


def without_remarks(code: str) -> str:
    """Code without what is said beside it, which is translated."""
    return re.sub(r" +# .*", "", code)


def words(section: str) -> Counter[str]:
    """The code within sentences, each as often as it occurs."""
    return Counter(re.findall(r"`([^`\n]+)`", prose(section)))


def shape(section: str) -> list[int]:
    """How many cells each line of the tables has."""
    return [line.count("|") for line in section.splitlines() if line.startswith("|")]


ENGLISH, TRANSLATION = sections("README.md"), sections("README.zh-CN.md")
PAIRS = list(zip(ENGLISH, TRANSLATION, strict=False))


def test_every_section_is_translated() -> None:
    assert len(ENGLISH) == len(TRANSLATION)
    assert all(CHINESE.search(section.partition("\n")[0]) for section in TRANSLATION[1:])


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda section: section.partition("\n")[0])
def test_a_section_has_the_same_code_tables_and_links(english: str, chinese: str) -> None:
    assert [without_remarks(block.text) for block in blocks(chinese)] == [
        without_remarks(block.text) for block in blocks(english)
    ]
    assert words(chinese) == words(english)
    assert shape(chinese) == shape(english)
    assert Counter(links(chinese)) - Counter(TRANSLATED) == Counter(links(english)) - Counter(TRANSLATED)
    assert chinese.count("\n- ") == english.count("\n- ")


def test_each_leads_to_the_other() -> None:
    assert "README.zh-CN.md" in links(ENGLISH[0])
    assert "README.md" in links(TRANSLATION[0])


def test_no_line_break_parts_chinese_text() -> None:
    """A browser would show it as a space in the middle of a sentence."""
    for section in TRANSLATION:
        assert not re.search(r"[\u4e00-\u9fff，。；：、]\n(?![|\n]|- |\d\. )", prose(section))

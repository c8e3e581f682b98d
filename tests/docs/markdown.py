"""What a page of the documentation is made of."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r'^```(\w*)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[(?:[^\]]|\](?!\())*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `title` is the file that its text is, or changes; `start` where the text begins."""

    language: str
    title: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a console block, and what the page says that it prints."""

    command: str
    output: str


def blocks(page: str) -> list[Block]:
    return [Block(found[1], found[2] or "", found[3], found.start(3)) for found in _FENCE.finditer(page)]


def steps(console: str) -> Iterator[Step]:
    """The commands of a console block. One that ends in a backslash goes on in the next line."""
    for text in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, _, output = text.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command += "\n" + more
        yield Step(command, output)


def prose(page: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page)


def links(page: str) -> list[str]:
    """Where the links and pictures of a page lead, code left out."""
    return _LINK.findall(re.sub(r"`[^`\n]*`", "", prose(page)))


def anchors(page: str) -> set[str]:
    """The places of a page that a link can lead to, as git hosts and the site name them."""
    headings = _HEADING.findall(prose(page))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

"""Text that tries to act on whatever shows it, and what must be true of the output all the same."""

import re
import unicodedata
from html.parser import HTMLParser

from markdown_it import MarkdownIt

# By what they are aimed at.
TERMINAL = (
    "\x1b[2J\x1b[Hgone",
    "\x1b]0;title\x07",
    "\x9b31mred",
    "fine\rEVIL",
    "fine\b\b\b\bEVIL",
    "fine\nEVIL: done",
    "fine\x85EVIL\u2028EVIL\u2029EVIL",
    "\u202egnp.exe",
    "\u2066hidden\u2069\u200b\u00ad\ufeff",
    "\x00\x7f",
    "[red]rich[/red] [link=https://evil.example.com]",
)
LOG = (
    "::error::owned",
    " \t\u00a0::add-mask::a",
    "fine\n::set-env name=PATH::/tmp",
    "fine\r::stop-commands::x",
    "##[error]owned",
    "fine ##[add-path]/tmp",
    "#\u034f#\u034f[add-mask]a",
    "\u034f:\u034f:error::owned",
    "\u3164::error::owned",
    "%0A::error::owned",
)
MARKDOWN = (
    "```\n# heading\n```",
    "~~~ ~~~",
    "</code></pre></details><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- --> --> <b>",
    "@octocat and @example/team",
    "a@example.com",
    "#1, example/film#1 and GH-1",
    "[text](https://evil.example.com)",
    "![picture](https://evil.example.com/x.png)",
    "https://evil.example.com www.evil.example.com <https://evil.example.com>",
    "| a | b |\n|---|---|",
    "`code` **bold** _slanted_ ~~gone~~ $x^2$ \\* :smile:",
    "&#64;octocat &lt;script&gt; &amp;",
    "- [ ] task\n/close",
)
DRAWING = (
    '"] --> n1["',
    '"; evil -> walk; "',
    "#quot;] #34;",
    "\\N \\G \\",
    "]:::pending\nclick n0 callback",
)
OTHER = ('"}, {"', "\\u0000", "%s {prompt} {{ hero }}", "' OR 1=1 --", "$(reboot) `reboot`")

HOSTILE = (*TERMINAL, *LOG, *MARKDOWN, *DRAWING, *OTHER)

_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_OURS = frozenset({"h3", "p", "strong", "code", "pre", "del", "ins", "details", "summary", "ul", "li"})
_MARKER = re.compile(r"<!-- cogvid-plan [a-z0-9-]+( [a-z0-9_-]+)? -->\n")


def acts_on_a_terminal(text: str) -> list[str]:
    """The lines with something in them that is invisible or acts on a terminal."""
    return [
        line
        for line in text.split("\n")
        if any(unicodedata.category(character) in _ACTING for character in line)
    ]


def obeyed_in_a_log(text: str) -> list[str]:
    """The lines that GitHub's runner, which does not see what is invisible, takes for workflow commands."""
    lines = [_seen(line) for line in re.split(r"\r\n|\n|\r", text)]
    return [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


def acts_in_markdown(text: str) -> list[str]:
    """What there is in a comment besides the elements that a plan consists of."""
    marker = _MARKER.match(text)
    if not marker:
        return ["it does not begin with the marker"]
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text[marker.end() :])
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


def _seen(line: str) -> str:
    return "".join(
        character
        for character in line
        if unicodedata.category(character) not in ("Mn", "Me", "Cf") and character not in "\u3164\uffa0"
    )


class _Reader(HTMLParser):
    """Notes elements that are not ours, and references in text that hosts would look for them in."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._open.append(tag)
        if tag not in _OURS or attrs:
            self.found.append(f"<{tag} {attrs}>")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.found.append(f"</{tag}> ends nothing")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"<!--{data}-->")

    def handle_data(self, data: str) -> None:
        if not {"code", "pre"} & set(self._open):
            self.found += re.findall(r"@\w+|#\d+|GH-\d+|https?://|www\.|[`$|]", data)

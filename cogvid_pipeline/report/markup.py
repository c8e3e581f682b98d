"""Text from manifests and vendors, made fit for Markdown and HTML."""

import re

from cogvid_pipeline.report.printable import printable

# What could mean something to Markdown, to HTML, or to what makes links, references and formulas of text.
_ACTIVE = re.compile(r"[!#$&*/:<>@\[\\\]^_`{|}~]|\.(?=[^\W\d])")


def inert(text: str) -> str:
    """The text on one line, in which nothing is markup.

    It belongs into a code element: elsewhere hosts look for mentions and references in what is shown, too.
    """
    return _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", printable(text))


def code(text: str) -> str:
    """The text as code within a line."""
    return f"<code>{inert(text)}</code>"

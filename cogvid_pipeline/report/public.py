"""Text from manifests, locks and vendors, made fit for a page that others are shown."""

import re

from cogvid_pipeline.report.printable import printable

# What may be secret in an address: a user and password, and the query of a signed one.
_USER = re.compile(r"(?<=://)[^\s/?#@]*@")
_QUERY = re.compile(r"(://[^\s?#]*)[?#]\S*")


def public(text: str) -> str:
    """The text with its line breaks, without what is invisible and without what may be secret."""
    lines = (printable(line) for line in text.replace("\r\n", "\n").split("\n"))
    return _QUERY.sub(r"\1?…", _USER.sub("", "\n".join(lines)))

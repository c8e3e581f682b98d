"""Text that GitHub Actions shows in a log and does not obey."""

import re

# The runner obeys `::command::` at the start of a line, behind white space, and `##[command]` anywhere. It
# compares as people do, who do not see what is invisible, so whatever is not ASCII may stand in between.
_COMMAND = re.compile(r"(?<![^\n\r])([^!-~\n\r]*):(?=[^ -~\n\r]*:)")
_OLD_COMMAND = re.compile(r"#(?=[^ -~\n\r]*#[^ -~\n\r]*\[)")


def harmless(text: str, *, within_line: bool = False) -> str:
    """The text with each workflow command broken up by an escape.

    `within_line` says that what was printed before it did not end its line.
    """
    before = "x" if within_line else ""
    return harmless_json(_COMMAND.sub(r"\1\\x3a", before + text)[len(before) :], escape=r"\\x23")


def harmless_json(text: str, *, escape: str = r"\\u0023") -> str:
    """The same for JSON, which stays JSON of the same meaning."""
    return _OLD_COMMAND.sub(escape, text) if "#" in text else text

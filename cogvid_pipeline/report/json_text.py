"""Documents as JSON text, for files, pipes and logs."""

import json
from typing import Any

from cogvid_pipeline.report.actions_log import harmless_json

FORMAT_VERSION = "1.0"


def json_text(document: Any) -> str:
    """The document over several lines."""
    return f"{_text(document, indent=2)}\n"


def json_line(document: Any) -> str:
    """The document on one line, without its end."""
    return _text(document, indent=None)


def _text(document: Any, *, indent: int | None) -> str:
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    # File names may have bytes that are no text; written like this they are still JSON.
    return harmless_json(text.encode("utf-8", "backslashreplace").decode("utf-8"))

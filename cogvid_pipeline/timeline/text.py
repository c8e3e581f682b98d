"""Text from manifests and vendors, made fit for files that other programs read."""

import re
from typing import Any

# What XML 1.0 has no way to write, and what is no text in any encoding.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT = "\ufffd"

# From here on a number is not the same for every reader.
_BEYOND = 2**53


def writable(text: str) -> str:
    """The text with a replacement character for each that no file could hold."""
    return _UNWRITABLE.sub(_REPLACEMENT, text)


def writable_data(data: Any) -> Any:
    """JSON data with all of its text made writable, and numbers as text where that keeps them whole."""
    if isinstance(data, str):
        return writable(data)
    if isinstance(data, dict):
        return {writable(name): writable_data(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [writable_data(value) for value in data]
    if isinstance(data, int | float) and not -_BEYOND < data < _BEYOND:
        return str(data)
    return data


def on_one_line(text: str) -> str:
    """The text with its lines joined, whatever ends them."""
    return " ".join(text.split())

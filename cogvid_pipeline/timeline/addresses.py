"""Say where clips lie, for whoever opens the timeline."""

import os
import re
from pathlib import Path
from urllib.parse import quote

# How a path of Windows begins: with a drive, or with a server's name.
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_PLAIN = "/@"
_PLAIN_IN_URLS = "/@:?#[]!$&'()*+,;=%~"


def relative_to(folder: Path, clips: Path) -> str:
    """The folder of clips as seen from the one that the timeline lies in."""
    return _quoted(os.path.relpath(clips, folder))


def absolute(clips: Path) -> str:
    """The folder of clips on this machine."""
    return f"file://{_quoted(str(clips.absolute()))}"


def elsewhere(folder: str) -> str:
    """A folder of clips on another machine: a URL as it is, a path of any system as a URL."""
    folder = folder.rstrip("/")
    if _URL.match(folder):
        return quote(folder, safe=_PLAIN_IN_URLS)
    if _WINDOWS.match(folder):
        folder = folder.replace("\\", "/").rstrip("/")
        server = folder.startswith("//")
        return f"file:{_quoted(folder, ':')}" if server else f"file:///{_quoted(folder, ':')}"
    return f"file://{_quoted(folder)}" if folder.startswith("/") else _quoted(folder)


def address_of(take: str, folder: str) -> str:
    """The address of a take's clip in a folder."""
    name = _quoted(f"{take}.mp4")
    return f"{folder}/{name}" if folder else name


def _quoted(path: str, more: str = "") -> str:
    return quote(path, safe=_PLAIN + more, errors="surrogateescape")

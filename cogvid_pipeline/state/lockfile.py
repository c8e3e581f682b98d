"""Read and write `cogvid.lock`."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cogvid_pipeline.durable import replace_durably
from cogvid_pipeline.model.attempt import Lock, LockEntry
from cogvid_pipeline.state.lockformat import Malformed, entry_data, read_entry
from cogvid_pipeline.state.locktext import VERSION, Document, load_document


def read_lock(path: Path) -> Lock:
    """The lock; empty when there is no such file.

    Raises StateError, which says where and what, unless all of it is well-formed.
    """
    document = load_document(path)
    return Lock({name: _entry(document, name) for name in document.entries}, document.digest)


class LockFile:
    """Changes a lock entry by entry, and leaves the text of all others alone.

    `output` is the folder, relative to the manifest, that clips are in.
    """

    def __init__(self, path: Path, output: str) -> None:
        self._path = path
        self._output = output
        self._changes: dict[str, LockEntry | None] = {}

    def put(self, name: str, entry: LockEntry | None) -> None:
        """Set an entry, or drop it (None), with the next `flush`."""
        self._changes[name] = entry

    def flush(self) -> None:
        """Bring what was put into the file as it is now. Raises StateError; nothing is lost then."""
        if not self._changes:
            return
        document = load_document(self._path)
        new = self._changed(document).encode("utf-8", "replace")
        if hashlib.sha256(new).hexdigest() != document.digest:
            replace_durably(self._path, new)
        self._changes.clear()

    def _changed(self, document: Document) -> str:
        texts = {name: document.text_of(member) for name, member in document.entries.items()}
        for name, entry in self._changes.items():
            if entry is None:
                texts.pop(name, None)
            else:
                texts[name] = _indented(entry_data(name, entry, self._output), "    ")
        root = {name: document.text_of(member) for name, member in document.others.items()}
        return _object({**root, "version": str(VERSION), "shots": _object(texts, "  ")}, "") + "\n"


def _entry(document: Document, name: str) -> LockEntry:
    member = document.entries[name]
    try:
        return read_entry(name, member.data)
    except Malformed as error:
        where = ".".join(("shots", name, *error.path))
        raise document.broken(member, f"{where} {error.message}") from None


def _indented(data: Mapping[str, Any], indent: str) -> str:
    text = json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    return text.replace("\n", f"\n{indent}")


def _object(members: Mapping[str, str], indent: str) -> str:
    """The JSON object of these texts, as `json.dumps` would write it at that depth."""
    if not members:
        return "{}"
    lines = ",\n".join(f'{indent}  "{name}": {members[name]}' for name in sorted(members))
    return f"{{\n{lines}\n{indent}}}"

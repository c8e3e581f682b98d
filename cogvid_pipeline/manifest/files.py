"""A file on the disk to a YAML document."""

import codecs
import stat
from pathlib import Path

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.manifest.document import Document, place
from cogvid_pipeline.manifest.memory import Remembered, read_once
from cogvid_pipeline.manifest.mistakes import Mistake
from cogvid_pipeline.manifest.text import Text
from cogvid_pipeline.model.problem import Problem

MAX_BYTES = 64_000_000


def read_file(
    path: Path, *, hint: str, memory: Path | None = None, pipe: bool = False
) -> tuple[Document | Remembered | None, list[Problem]]:
    """The document, None when it cannot be used at all, and what is wrong with it.

    `memory` is where large files are remembered. What is no ordinary file is read only as a `pipe`: opening
    one may wait for ever. Raises UsageError, with the hint when there is no such file.
    """
    try:
        if not pipe and not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path} is not a file", hint=hint)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {path}", hint=hint) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot read {path}: {reason}", hint="check the path and the permissions"
        ) from error
    if len(data) > MAX_BYTES:
        mistake = Mistake(
            "CV107", f"this file is larger than {MAX_BYTES:,} bytes", (), "split it into several"
        )
        return None, [place(Text(str(path), ""), 0, mistake)]
    try:
        # Editors do not count the mark that some of them put first.
        text = Text(str(path), data.removeprefix(codecs.BOM_UTF8).decode("utf-8"))
    except UnicodeDecodeError as error:
        return None, [_not_utf8(str(path), data, error.start)]
    return read_once(text, memory)


def _not_utf8(file: str, data: bytes, start: int) -> Problem:
    hint = "save the file as UTF-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return place(Text(file, ""), 0, Mistake("CV110", "this file is UTF-16", (), hint))
    text = Text(file, data.decode("utf-8", errors="replace"))
    offset = len(data[:start].decode("utf-8"))
    mistake = Mistake("CV110", f"the byte 0x{data[start]:02x} here is not UTF-8", (), hint)
    return place(text, offset, mistake)

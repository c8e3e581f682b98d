"""Find and read the files that a manifest includes."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.manifest import wording
from cogvid_pipeline.manifest.draft import Draft, prune
from cogvid_pipeline.manifest.explain import explain
from cogvid_pipeline.manifest.files import MAX_BYTES, read_file
from cogvid_pipeline.manifest.globs import ANY_DIRECTORIES, Globs, LeadsOut, TooMuchToSearch, is_pattern
from cogvid_pipeline.manifest.mistakes import Mistake
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.manifest.source import MAX_VALUES
from cogvid_pipeline.manifest.sources import SECTIONS, Included, Part, Readable, Whole, put_together
from cogvid_pipeline.manifest.suggest import Suggestions

MOST_FILES = 1_000
LONGEST_PATTERN = 500

_INSIDE = "include files of the manifest's directory; links must not lead out of it either"
_SPLIT = "make several manifests of it"
_EXAMPLE = "as in: include: [acts/*.yaml]"
_CODE = "CV116"
_ABSOLUTE = re.compile(r"/|~|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://")


def include(document: Readable, draft: Draft, manifest: Path, schemas: Schemas, memory: Path | None) -> Whole:
    """Read what `include` names, in that order and the files of a pattern sorted, and put it together."""
    found = Included()
    reader = _Reader(manifest, schemas, memory, found)
    for index, pattern in enumerate(draft.data["include"]):
        try:
            if pattern is not None:
                reader.include(pattern)
        except _Unusable as unusable:
            found.complete = False
            message, hint = unusable.args
            found.mistakes.append(Mistake(_CODE, message, ("include", index), hint))
            if unusable.fatal:
                break
    found.complete &= None not in draft.data["include"]
    return put_together(Part(document, draft), found)


class _Unusable(Exception):
    """Why a pattern or a file of it cannot be included, and what to write; when `fatal`, no other can."""

    def __init__(self, message: str, hint: str, *, fatal: bool = False) -> None:
        super().__init__(message, hint)
        self.fatal = fatal


class _Reader:
    def __init__(self, manifest: Path, schemas: Schemas, memory: Path | None, found: Included) -> None:
        self._directory = manifest.parent
        self._root = self._directory.resolve()
        self._schemas, self._memory, self._found = schemas, memory, found
        self._globs = Globs(self._directory)
        self._manifest = manifest.resolve()
        # Each file is read once, whatever leads to it.
        self._read = {self._manifest}
        self._bytes = self._values = 0

    def include(self, pattern: str) -> None:
        """Read the files of one pattern."""
        _check_form(pattern)
        for name in self._names("/".join(part for part in pattern.split("/") if part != ".")):
            real, size = self._real(name)
            if real == self._manifest and not is_pattern(pattern):
                raise _Unusable("the manifest cannot include itself", "name another file")
            if real in self._read:
                continue
            self._read.add(real)
            self._bytes += size
            self._check_files()
            self._part(name)

    def _names(self, pattern: str) -> list[str]:
        try:
            names = self._globs.matches(pattern)
        except LeadsOut as error:
            raise _Unusable(f"{error} leads out of the manifest's directory", _INSIDE) from None
        except TooMuchToSearch:
            message = f"there is too much to look through for {_short(pattern)}"
            raise _Unusable(message, "name the directory that the files are in", fatal=True) from None
        if not names:
            raise _Unusable(f"there is no file {_short(pattern)}", self._instead(pattern))
        return names

    def _real(self, name: str) -> tuple[Path, int]:
        """The file that a name leads to, and its size in bytes."""
        try:
            real = (self._directory / name).resolve(strict=True)
            if real.is_dir():
                raise _Unusable(f"{_short(name)} is a directory", f"write {name}/*.yaml")
            size = real.stat().st_size
        except FileNotFoundError:
            raise _Unusable(f"there is no file {_short(name)}", self._instead(name)) from None
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "the path cannot be followed"
            raise _Unusable(f"cannot read {_short(name)}: {reason}", "check the path and its links") from None
        if not real.is_relative_to(self._root):
            raise _Unusable(f"{_short(name)} leads out of the manifest's directory", _INSIDE)
        return real, size

    def _check_files(self) -> None:
        if len(self._read) > MOST_FILES + 1:
            message = f"this includes more than {MOST_FILES:,} files"
            raise _Unusable(message, "put several shots into a file", fatal=True)
        if self._bytes > MAX_BYTES:
            message = f"the included files have more than {MAX_BYTES:,} bytes together"
            raise _Unusable(message, _SPLIT, fatal=True)

    def _part(self, name: str) -> None:
        path = self._directory / name
        self._found.files.append(str(path))
        try:
            document, problems = read_file(path, hint=_EXAMPLE, memory=self._memory)
        except UsageError as error:
            raise _Unusable(str(error), error.hint) from error
        self._found.broken += problems
        if document is None:
            self._found.complete = False
            return
        self._values += document.values
        if self._values > MAX_VALUES:
            message = f"the included files have more than {MAX_VALUES:,} values together"
            raise _Unusable(message, _SPLIT, fatal=True)
        mistakes = list(self._mistakes(document))
        self._found.problems += map(document.problem, mistakes)
        self._found.parts.append(Part(document, prune(document.data, mistakes)))

    def _mistakes(self, document: Readable) -> Iterator[Mistake]:
        data = document.data
        if data is None:
            yield Mistake("CV109", "this file is empty", (), "write `shots:`, `prompts:` or `vars:` into it")
            return
        if strangers := _elsewhere(data, self._schemas):
            yield from _refused(strangers)
            data = {key: value for key, value in data.items() if key not in strangers}
        yield from explain(data, self._schemas.include_violations(data), self._schemas)

    def _instead(self, pattern: str) -> str:
        """What to write instead of a path or a pattern that nothing lies under."""
        path = PurePosixPath(pattern)
        others = [path.with_suffix(ending).as_posix() for ending in (".yaml", ".yml")]
        with suppress(LeadsOut, TooMuchToSearch):
            for other in others:
                if other != pattern and any(map(self._is_file, self._globs.matches(other))):
                    return f"write {other}"
            beside = [name for name in self._globs.matches(f"{path.parent}/*") if self._is_file(name)]
            if near := Suggestions().nearest(pattern, beside):
                return f"write {near}"
        return "paths are relative to the manifest's directory"

    def _is_file(self, name: str) -> bool:
        with suppress(OSError):
            return (self._directory / name).is_file()
        return False


def _check_form(pattern: str) -> None:
    if len(pattern) > LONGEST_PATTERN:
        message = f"this pattern has {len(pattern):,} characters; at most {LONGEST_PATTERN} are allowed"
        raise _Unusable(message, _EXAMPLE)
    if "\\" in pattern:
        message = f"{_short(pattern)} has a \\, and / goes between directories"
        raise _Unusable(message, f"write {pattern.replace(chr(92), '/')}")
    parts = pattern.split("/")
    if _ABSOLUTE.match(pattern) or ".." in parts:
        raise _Unusable(f"{_short(pattern)} lies outside the manifest's directory", _INSIDE)
    if parts[-1] in {"", ".", ANY_DIRECTORIES}:
        message = f"{_short(pattern)} stands for directories, not for files"
        raise _Unusable(message, f"write {pattern.rstrip('/.')}/*.yaml")


def _elsewhere(data: Any, schemas: Schemas) -> list[str]:
    """The keys that stand in the manifest and not in a file that it includes."""
    known = schemas.manifest["properties"].keys() - set(SECTIONS)
    return [key for key in data if key in known] if isinstance(data, dict) else []


def _refused(keys: Sequence[str]) -> Iterator[Mistake]:
    """Keys of a manifest; all together they are one mistake, for whoever includes a whole manifest."""
    if "include" in keys:
        hint = "name them in the manifest itself"
        yield Mistake("CV201", "an included file cannot include others", ("include",), hint, at_key=True)
    if others := [key for key in keys if key != "include"]:
        message = f"{wording.listed(others)} cannot stand in an included file"
        hint = f"leave that to the manifest; an included file has {wording.listed(SECTIONS)}"
        covers = tuple((key,) for key in others)
        yield Mistake("CV201", message, (others[0],), hint, at_key=True, covers=covers)


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"

"""Keep clips by their digest, and give them readable names."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from cogvid_pipeline.durable import (
    make_ignored_directory,
    move_durably,
    staging_beside,
    write_failures_named,
)
from cogvid_pipeline.effects import reached
from cogvid_pipeline.errors import MediaError, StateError
from cogvid_pipeline.model.attempt import Clip, Stored
from cogvid_pipeline.store.claims import Claims
from cogvid_pipeline.store.reflink import copy_file


class ClipStore:
    """The cache in a state directory, and the output folder of one manifest, or what is `below` it.

    Files of the cache are written once and can only be read; the readable names are copies, so that an
    editor cannot damage the cache. `probe` describes a file whose digest is given, or raises MediaError; who
    has a better one may exchange it.
    Methods may be called from several threads, and raise StateError when the disk refuses.
    """

    def __init__(
        self, state: Path, project: Path, output: str, probe: Callable[[Path, str], Clip], *, below: str = ""
    ) -> None:
        self._state = state
        self._folder = _inside(project, output)
        self._below = below
        self._output = self._folder / below
        self.probe = probe
        self._sizes: dict[str, int] | None = None
        self._of_size: dict[int, set[str]] = defaultdict(set)
        self._digests: dict[str, str] = {}
        self._own: dict[tuple[str, ...], Path] = {}
        self._copying_back = Lock()
        self._claims: Claims | None = None
        self._claiming = Lock()

    def find(self, clip: Stored) -> Path | None:
        """The clip's file in the cache, its bytes checked.

        A damaged file is set aside. What is missing is copied back from the output folder if it is there,
        under whatever name.
        """
        cached = self._cached(clip.sha256)
        if cached.exists():
            if digest_of_file(cached) == clip.sha256:
                return cached
            with write_failures_named(cached):
                cached.replace(cached.with_suffix(".damaged"))
        with self._copying_back:
            found = cached.exists() or any(
                self._copied_back(self._output / name, clip) for name in self._candidates(clip)
            )
        return cached if found else None

    def look(self, clip: Stored, take: str) -> Path | None:
        """The clip's file in the cache, else under the take's readable name, its bytes checked.

        Unlike `find` it changes nothing on the disk.
        """
        for path in (self._cached(clip.sha256), self._output / f"{take}.mp4"):
            there = path.is_file() and not path.is_symlink() and path.stat().st_size == clip.bytes
            if there and digest_of_file(path) == clip.sha256:
                return path
        return None

    def staging(self, key: str) -> Path:
        """Where a download with this key goes; the same key gives the same path in the next run.

        While another process has that path, this one gets one of its own.
        """
        name = staging_name(key)
        whose = "" if self._claimed(name) else f".{os.getpid()}"
        return self._own_directory("partial") / f"{name}{whose}.mp4"

    def adopt(self, staged: Path, *, expected: str | None = None) -> Clip:
        """Probe a finished file, move it into the cache and describe it.

        Raises MediaError when it is no playable MP4, StateError when its digest is not `expected`. The file
        is then removed, because going on with such a download is useless; after any other failure it stays.
        """
        digest = digest_of_file(staged)
        try:
            _check_expected(digest, expected)
        except StateError:
            staged.unlink()
            raise
        try:
            clip = self.probe(staged, digest)
        except MediaError:
            staged.unlink()
            raise
        self._keep(staged, digest)
        return clip

    def place(self, clip: Stored, take: str) -> Path:
        """Put a cached clip under the take's readable name, replacing what is there."""
        make_ignored_directory(self._folder, self._below)
        target = self._output / f"{take}.mp4"
        staging = staging_beside(target)
        try:
            with write_failures_named(target):
                copy_file(self._cached(clip.sha256), staging)
            reached("written", staging)
            move_durably(staging, target)
        finally:
            staging.unlink(missing_ok=True)
        self._by_name()[target.name] = clip.bytes
        self._of_size[clip.bytes].add(target.name)
        self._digests[target.name] = clip.sha256
        return target

    def displaced(self, clip: Stored, take: str) -> bool:
        """Whether the take's readable name is missing or is not this clip (judged by size)."""
        return self._by_name().get(f"{take}.mp4") != clip.bytes

    def digest_of(self, take: str) -> str | None:
        """The digest of the file under the take's readable name; None where there is no such file."""
        readable = self._output / f"{take}.mp4"
        return digest_of_file(readable) if readable.is_file() else None

    def _own_directory(self, *below: str) -> Path:
        """A directory in the state directory, where nobody else tidies up during a run: looked for once."""
        if below not in self._own:
            self._own[below] = make_ignored_directory(self._state, *below)
        return self._own[below]

    def _claimed(self, name: str) -> bool:
        with self._claiming:
            if self._claims is None:
                self._claims = Claims(self._own_directory() / "downloads.lock")
            return self._claims.take(name)

    def _cached(self, digest: str) -> Path:
        return self._state / "clips" / digest[:2] / f"{digest}.mp4"

    def _keep(self, staged: Path, digest: str) -> None:
        self._own_directory("clips", digest[:2])
        with write_failures_named(staged):
            staged.chmod(0o444)
        move_durably(staged, self._cached(digest))

    def _copied_back(self, readable: Path, clip: Stored) -> bool:
        staged = self.staging(f"back {clip.sha256}")
        staged.unlink(missing_ok=True)
        try:
            with write_failures_named(staged):
                copy_file(readable, staged)
            reached("written", staged)
            self._digests[readable.name] = digest_of_file(staged)
            if same := self._digests[readable.name] == clip.sha256:
                self._keep(staged, clip.sha256)
        finally:
            staged.unlink(missing_ok=True)
        return same

    def _by_name(self) -> dict[str, int]:
        """The sizes of the files in the output folder, looked up once; links stand for themselves."""
        if self._sizes is None:
            try:
                with os.scandir(self._output) as entries:
                    self._sizes = {
                        entry.name: entry.stat(follow_symlinks=False).st_size
                        for entry in entries
                        if entry.is_file(follow_symlinks=False)
                    }
            except FileNotFoundError:
                self._sizes = {}
            for name, size in self._sizes.items():
                self._of_size[size].add(name)
        return self._sizes

    def _candidates(self, clip: Stored) -> list[str]:
        """The files in the output folder that may be a clip, in the order of their names.

        They have its size, and are not known to be something else: of many clips of one size, each is looked
        into once.
        """
        sizes = self._by_name()
        return sorted(
            name
            for name in tuple(self._of_size[clip.bytes])
            if sizes[name] == clip.bytes and self._digests.get(name, clip.sha256) == clip.sha256
        )


def staging_name(key: str) -> str:
    """What the file of a download with this key is called, whatever ends it has."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]


def _inside(project: Path, output: str) -> Path:
    """The output folder, symbolic links resolved. Raises StateError unless the project contains it."""
    root = project.resolve()
    folder = (root / output).resolve()
    if not folder.is_relative_to(root):
        raise StateError(
            f"the output folder {output} leads to {folder}, which is outside {root}",
            hint="choose a folder inside the manifest's directory",
        )
    return folder


def _check_expected(digest: str, expected: str | None) -> None:
    if expected not in (None, digest):
        raise StateError(
            f"the clip that came is not the one that the lock describes: its digest is {digest}, "
            f"not {expected}",
            hint="the vendor changed the file; to pay for a new clip, use apply --replace",
        )


def digest_of_file(path: Path) -> str:
    """The SHA-256 of a file, in hex. Raises StateError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from error

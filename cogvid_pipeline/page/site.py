"""A folder with the storyboard page and all that it shows."""

import os
import re
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from cogvid_pipeline.durable import (
    make_directory_durably,
    make_ignored_directory,
    move_durably,
    replace_durably,
    staging_beside,
    write_failures_named,
)
from cogvid_pipeline.errors import MediaError, UsageError
from cogvid_pipeline.jobs import Crew, Job, draw, finished
from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.packaged import page_assets
from cogvid_pipeline.page.html import page_html
from cogvid_pipeline.report.page_view import Film, Page, Picture

# What says that a folder is ours, so that what is in it may be replaced.
_MARKER = "cogvid-site.txt"
_MARKED = b"`cogvid report` writes this folder: what is in it is replaced by the next run.\n"

# The names of the files that a site brings and removes, by folder.
_OURS = {
    "clips": re.compile(r"[0-9a-f]{24}\.mp4"),
    "posters": re.compile(r"[0-9a-f]{24}\.jpg"),
}

K = TypeVar("K", bound=Hashable)

# The job of drawing a picture into a file.
Draw: TypeAlias = Callable[[Path], Job[None]]


class Poster(Protocol):
    """Draws the picture that stands for a clip. Raises MediaError."""

    def __call__(self, clip: Path, into: Path, *, size: tuple[int, int]) -> None: ...


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip that is to be shown; `find` gives its file, or None where there is none, and is asked once."""

    clip: Clip
    find: Callable[[], Path | None]


class Site:
    """The folder, which is made where it is not there yet.

    Clips and posters are named by the digest of the clip, so what is there already stays as it is. `copy`
    copies a file to a name that is free, `poster` makes a JPEG of a clip, or raises MediaError.
    Raises UsageError for a folder that has something else in it, StateError when the disk refuses.
    """

    def __init__(
        self,
        folder: Path,
        *,
        copy: Callable[[Path, Path], None],
        poster: Poster,
    ) -> None:
        self._folder = folder
        self._copy = copy
        self._poster = poster
        self._used: set[str] = set()
        _refuse_foreign(folder)
        make_ignored_directory(folder)
        self._write(_MARKER, _MARKED)
        for name in _OURS:
            make_directory_durably(folder / name)

    def bring(
        self,
        footage: Mapping[K, Footage],
        crew: Crew,
        done: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> dict[K, Film]:
        """Put the clips and a poster of each into the folder; those that can be had and played, as films.

        The crew draws the posters; `done` hears how many are finished, and of how many.
        """
        each = {one.clip.sha256: one for one in footage.values()}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            there = dict(zip(each, pool.map(self._bring_clip, each.values()), strict=True))
        films = {digest: Film(one.clip) for digest, one in each.items() if there[digest]}
        drawn = self._draw({film.poster: partial(self._job, film) for film in films.values()}, crew, done)
        shown = {digest: film for digest, film in films.items() if film.poster in drawn}
        self._used |= {film.clip for film in shown.values()}
        return {key: Film(one.clip) for key, one in footage.items() if one.clip.sha256 in shown}

    def bring_pictures(self, pictures: Mapping[str, Draw], crew: Crew) -> frozenset[str]:
        """Have small copies of pictures in the folder, by digest; those that were made are returned."""
        names = {digest: Picture("", digest).poster for digest in pictures}
        drawn = self._draw({names[digest]: each for digest, each in pictures.items()}, crew)
        return frozenset(digest for digest, name in names.items() if name in drawn)

    def write(self, page: Page, *, live: bool = False) -> Path:
        """Write the page, then remove the clips and posters that it does not show any more."""
        for name in ("page.css", "page.js"):
            self._write(name, (page_assets() / name).read_bytes())
        self._write("index.html", page_html(page, live=live).encode())
        for name, pattern in _OURS.items():
            for path in (self._folder / name).iterdir():
                if f"{name}/{path.name}" not in self._used and pattern.fullmatch(path.name):
                    with write_failures_named(path):
                        path.unlink()
        return self._folder / "index.html"

    def _bring_clip(self, footage: Footage) -> bool:
        """Whether a clip is in the folder, brought now if need be."""
        target = self._folder / Film(footage.clip).clip
        if target.is_file() and target.stat().st_size == footage.clip.bytes:
            return True
        source = footage.find()
        if source is None:
            return False
        staging = staging_beside(target)
        try:
            with write_failures_named(target):
                self._copy(source, staging)
            move_durably(staging, target)
        finally:
            staging.unlink(missing_ok=True)
        return True

    def _job(self, film: Film, into: Path) -> Job[None]:
        make = partial(self._poster, size=film.poster_size)
        return draw(make, film.facts.sha256, self._folder / film.clip, into)

    def _draw(
        self, drawings: Mapping[str, Draw], crew: Crew, done: Callable[[int, int], None] = lambda *_: None
    ) -> set[str]:
        """Have pictures drawn that are not there yet; the names of all that are then."""
        missing = {
            name: staging_beside(path) for name in drawings if not (path := self._folder / name).is_file()
        }
        there = drawings.keys() - missing.keys()
        begun = {crew.begin(drawings[name](staging)): name for name, staging in missing.items()}
        try:
            for number, future in enumerate(finished(begun), 1):
                done(number, len(begun))
                with suppress(MediaError):
                    future.result()
                    move_durably(missing[begun[future]], self._folder / begun[future])
                    there.add(begun[future])
        except BaseException:
            crew.drop(begun)
            raise
        finally:
            for staging in missing.values():
                staging.unlink(missing_ok=True)
        self._used |= there
        return there

    def _write(self, name: str, data: bytes) -> None:
        """Write a file unless it has these bytes already."""
        path = self._folder / name
        if not path.is_file() or path.read_bytes() != data:
            replace_durably(path, data)


def _refuse_foreign(folder: Path) -> None:
    """Raise UsageError unless the folder is free or a site, and all of it lies in it."""
    if not folder.exists() and not folder.is_symlink():
        return
    hint = "choose another folder for --out"
    if not folder.is_dir():
        raise UsageError(f"{folder} is there and is no folder", hint=hint)
    names = {path.name for path in folder.iterdir()} - {".gitignore"}
    if names and _MARKER not in names:
        raise UsageError(f"{folder} is there and is no site that cogvid wrote", hint=hint)
    # Whoever uploads the site follows links, wherever they lead to on this machine.
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise UsageError(f"{path} is a link, which a site has none of", hint=hint)

"""Keep what was encoded for films, so that the next film is encoded only where it differs."""

import os
from pathlib import Path

from cogvid_pipeline.durable import (
    make_ignored_directory,
    move_durably,
    replace_durably,
    write_failures_named,
)
from cogvid_pipeline.store.clips import digest_of_file


class StretchStore:
    """Encoded stretches, and the digests of whole films, in a state directory.

    A file's name has the key that it was made for and the digest that it must have; that of a film stands
    for the digest alone and is empty. Methods may be called from several threads, and raise StateError when
    the disk refuses.
    """

    def __init__(self, state: Path) -> None:
        self._state = state

    def find(self, key: str) -> Path | None:
        """The stretch with this key, its bytes checked; a damaged one is removed."""
        for path in self._shelf(key).glob(f"{key}-*.mp4"):
            with write_failures_named(path):
                if path.stem == f"{key}-{digest_of_file(path)}":
                    os.utime(path)  # for `gc`, which goes by age
                    return path
                path.unlink()
        return None

    def staging(self, key: str) -> Path:
        """Where to write a stretch with this key; no other process has the path."""
        return self._made_shelf(key) / f"{key}.{os.getpid()}.mp4"

    def keep(self, staged: Path, key: str) -> Path:
        """Take a finished stretch in."""
        path = self._shelf(key) / f"{key}-{digest_of_file(staged)}.mp4"
        with write_failures_named(path):
            staged.chmod(0o444)
        move_durably(staged, path)
        return path

    def remember(self, key: str, film: Path) -> None:
        """Note that this is the film with this key."""
        replace_durably(self._made_shelf(key) / f"{key}-{digest_of_file(film)}.film", b"")

    def is_made(self, key: str, film: Path) -> bool:
        """Whether this file is the film with this key."""
        noted = self._shelf(key)
        return film.is_file() and (noted / f"{key}-{digest_of_file(film)}.film").exists()

    def _shelf(self, key: str) -> Path:
        return self._state / "cuts" / key[:2]

    def _made_shelf(self, key: str) -> Path:
        return make_ignored_directory(self._state, "cuts", key[:2])

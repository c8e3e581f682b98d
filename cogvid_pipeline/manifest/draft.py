"""What is left of a manifest when its invalid values are taken out, so that the rest can be checked too."""

import re
from collections.abc import Iterable, KeysView, Mapping
from dataclasses import dataclass
from typing import Any

from cogvid_pipeline.manifest.mistakes import Mistake, Path

BAD_NAME = "CV206"
DEFAULTS: Path = ("defaults",)
# How long the path of a value is that can be left out without making its parent invalid.
_DEPTHS = {"shots": 3, "budget": 1}


@dataclass(frozen=True, slots=True)
class Draft:
    """Structurally valid data, and the paths of what was `removed`, misspelled keys by their right names.

    `misnamed` are the paths of the values that are there under bad names.
    """

    data: Mapping[str, Any]
    removed: frozenset[Path]
    misnamed: frozenset[Path]

    @property
    def intact(self) -> bool:
        return not self.removed

    @property
    def defaults(self) -> Mapping[str, Any]:
        defaults: Mapping[str, Any] = self.data.get("defaults", {})
        return defaults

    @property
    def shots(self) -> Mapping[str, Mapping[str, Any]]:
        shots: Mapping[str, Mapping[str, Any]] = self.data.get("shots", {})
        return shots

    @property
    def names(self) -> KeysView[str]:
        """The names of all shots, also of those that are not usable."""
        broken = sorted(str(path[1]) for path in self.removed if path[:1] == ("shots",) and path[1:])
        return dict.fromkeys((*self.shots, *broken)).keys()

    def has(self, shot: str, key: str) -> bool:
        """Whether the shot has a value for a key, be it by default."""
        return key in self.shots[shot] or key in self.defaults

    def origin(self, shot: str, key: str) -> Path:
        """Where the value was written that a shot has for a key."""
        return ("shots", shot, key) if key in self.shots[shot] else ("defaults", key)

    def lacks(self, key: str) -> bool:
        """Whether the manifest has no such key, and not because of a mistake that is known already."""
        return key not in self.data and not self._hidden(key, ())

    def is_certain(self, shot: str, key: str) -> bool:
        """Whether what the shot has for a key, or that it has nothing, is what the user wants."""
        return not self._hidden(key, (), DEFAULTS, ("shots", shot))

    def may_define(self, name: str) -> bool:
        """Whether templates may lack a name only because of a mistake that is known already."""
        # A template takes the - of a bad name for a minus.
        pieces = {piece for path in self.misnamed for piece in re.findall(r"\w+", str(path[-1]))}
        return name in pieces or self._hidden(name, ("vars",), ("prompts",))

    def images(self, shot: str) -> list[tuple[Path, Any]]:
        """The images of a shot as they are written, each with its path."""
        path = self.origin(shot, "image")
        image = self.shots[shot].get("image", self.defaults.get("image"))
        if isinstance(image, list):
            return [((*path, index), each) for index, each in enumerate(image)]
        return [] if image is None else [(path, image)]

    def _hidden(self, key: str, *homes: Path) -> bool:
        return not self.removed.isdisjoint((*homes, *((*home, key) for home in homes)))


def prune(data: Any, mistakes: Iterable[Mistake]) -> Draft:
    """Take out every value that a mistake is about; a list or a frame goes as a whole."""
    left = dict(data) if isinstance(data, dict) else {}
    removed: set[Path] = set() if isinstance(data, dict) else {()}
    misnamed: set[Path] = set()
    copied: set[Path] = set()
    for mistake in mistakes:
        # A value under a bad name is worth checking all the same.
        if mistake.code == BAD_NAME and mistake.at_key:
            misnamed.add(mistake.path)
            continue
        if mistake.meant:
            removed.add((*mistake.path[:-1], mistake.meant))
        for path in (mistake.path, *mistake.covers):
            if path := path[: _DEPTHS.get(str(path[0]), 2)] if path else ():
                removed.add(path)
                _take_out(left, path, copied)
    return Draft(left, frozenset(removed), frozenset(misnamed))


def _take_out(left: dict[str, Any], path: Path, copied: set[Path]) -> None:
    here = left
    for length, step in enumerate(path[:-1], 1):
        if path[:length] not in copied:
            copied.add(path[:length])
            here[str(step)] = dict(here[str(step)])
        here = here[str(step)]
    here.pop(str(path[-1]), None)

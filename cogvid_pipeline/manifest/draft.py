"""What is left of a manifest when its invalid values are taken out, so that the rest can be checked too."""

import re
from collections.abc import Iterable, KeysView, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cogvid_pipeline.manifest.mistakes import Mistake, Path
from cogvid_pipeline.model.shot import Scalar

BAD_NAME = "CV206"
# How long the path of a value is that can be left out without making its parent invalid.
_DEPTHS = {"shots": 3, "budget": 1, "environments": 4}


@dataclass(frozen=True)
class Draft:
    """Structurally valid data, and the paths of what was `removed`, misspelled keys by their right names.

    Items that were removed from a list are None. `misnamed` are the paths of the values that are there
    under bad names. `matrices` has, by the name that a shot is written under, the shots that its matrix
    makes, each with its values. Wherever a method takes a shot, one of those will do.
    """

    data: Mapping[str, Any]
    removed: frozenset[Path]
    misnamed: frozenset[Path]
    environment: str = ""
    matrices: Mapping[str, Mapping[str, Mapping[str, Scalar]]] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        return not self.removed

    @cached_property
    def chosen(self) -> Mapping[str, Any]:
        """What the chosen environment says."""
        chosen: Mapping[str, Any] = self.data.get("environments", {}).get(self.environment, {})
        return chosen

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        return {**self.data.get("defaults", {}), **self.chosen.get("defaults", {})}

    @cached_property
    def shots(self) -> Mapping[str, Mapping[str, Any]]:
        """The shots as they are written."""
        shots: Mapping[str, Mapping[str, Any]] = self.data.get("shots", {})
        return shots

    @property
    def names(self) -> KeysView[str]:
        """The names of all shots as they are written, also of those that are not usable."""
        broken = sorted(str(path[1]) for path in self.removed if path[:1] == ("shots",) and path[1:])
        return dict.fromkeys((*self.shots, *broken)).keys() if broken else self.shots.keys()

    @cached_property
    def cast(self) -> tuple[str, ...]:
        """The names of all usable shots in the story's order, those of a matrix one by one."""
        return tuple(name for shot in self.shots for name in self.matrices.get(shot, (shot,)))

    @cached_property
    def _homes(self) -> Mapping[str, str]:
        return {name: shot for shot, made in self.matrices.items() for name in made}

    @cached_property
    def _own(self) -> Mapping[str, Mapping[str, Any]]:
        return {**self.shots, **{name: self.shots[shot] for name, shot in self._homes.items()}}

    def written(self, shot: str) -> str:
        """The name that a shot is written under: that of its matrix, if it comes from one."""
        return self._homes.get(shot, shot)

    def own(self, shot: str) -> Mapping[str, Any]:
        """What is written under the shot itself."""
        return self._own[shot]

    def home(self, shot: str) -> Path:
        return ("shots", self.written(shot))

    def picked(self, shot: str) -> int:
        """The take that stands for a shot when no number is given."""
        return self._picks.get(self._homes.get(shot, shot), 1)

    @cached_property
    def _picks(self) -> Mapping[str, int]:
        return {shot: int(settings["pick"]) for shot, settings in self.shots.items() if "pick" in settings}

    def has(self, shot: str, key: str) -> bool:
        """Whether the shot has a value for a key, be it by default."""
        return key in self.own(shot) or key in self.defaults

    def value(self, shot: str, key: str) -> Any:
        """What a shot has for a key, be it by default; None where there is nothing, or no such shot."""
        return self._own.get(shot, {}).get(key, self.defaults.get(key))

    def origin(self, shot: str, key: str) -> Path:
        """Where the value was written that a shot has for a key."""
        if key in self._own[shot]:
            return ("shots", self._homes.get(shot, shot), key)
        if key in self.chosen.get("defaults", {}):
            return ("environments", self.environment, "defaults", key)
        return ("defaults", key)

    def lacks(self, key: str) -> bool:
        """Whether the manifest has no such key, and not because of a mistake that is known already."""
        return key not in self.data and not self._hidden(key, ())

    def is_certain(self, shot: str, key: str) -> bool:
        """Whether what the shot has for a key, or that it has nothing, is what the user wants."""
        if self.intact:
            return True
        environment = ("environments", self.environment)
        homes = ((), ("defaults",), environment, (*environment, "defaults"), self.home(shot))
        return not self._hidden(key, *homes)

    def may_define(self, name: str) -> bool:
        """Whether templates may lack a name only because of a mistake that is known already."""
        if name == "matrix":
            return any(path[0] == "shots" and path[2:] == ("matrix",) for path in self.removed if path)
        # A template takes the - of a bad name for a minus.
        pieces = {piece for path in self.misnamed for piece in re.findall(r"\w+", str(path[-1]))}
        environment = ("environments", self.environment)
        homes = (("vars",), ("prompts",), environment, (*environment, "vars"))
        return name in pieces or ("include",) in self.removed or self._hidden(name, *homes)

    @property
    def all_shots_known(self) -> bool:
        """Whether a name that no shot has is wrong for certain."""
        return self.removed.isdisjoint({(), ("shots",), ("include",)})

    def images(self, shot: str) -> list[tuple[Path, Any]]:
        """The images of a shot as they are written, each with its path."""
        image = self._own[shot].get("image", self._default_image)
        if image is None:
            return []
        path = self.origin(shot, "image")
        return (
            [((*path, index), each) for index, each in enumerate(image)]
            if isinstance(image, list)
            else [(path, image)]
        )

    def image_count(self, shot: str) -> int:
        """How many images a shot has."""
        image = self._own[shot].get("image", self._default_image)
        return len(image) if isinstance(image, list) else int(image is not None)

    @cached_property
    def _default_image(self) -> Any:
        return self.defaults.get("image")

    def _hidden(self, key: str, *homes: Path) -> bool:
        return not self.removed.isdisjoint((*homes, *((*home, key) for home in homes)))


def prune(data: Any, mistakes: Iterable[Mistake]) -> Draft:
    """Take out every value that a mistake is about; a list or a frame of a shot goes as a whole."""
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
    here: Any = left
    for length, step in enumerate(path[:-1], 1):
        if path[:length] not in copied:
            copied.add(path[:length])
            here[step] = copy(here[step])
        here = here[step]
    if isinstance(here, list):  # whose other items keep their places
        here[int(path[-1])] = None
    else:
        here.pop(path[-1], None)

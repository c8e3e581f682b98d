"""Which takes a name stands for."""

import re
from collections import defaultdict
from collections.abc import Iterable

from cogvid_pipeline.model.shot import Shot, matrix_of, take_name, takes_of

_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


class TakeNames:
    """Looks up takes by the name of a shot, of a matrix, which stands for all of its shots, or of a take."""

    def __init__(self, shots: Iterable[Shot]) -> None:
        self._shots = {shot.name: shot for shot in shots}
        self._matrices: dict[str, list[Shot]] = defaultdict(list)
        for name, shot in self._shots.items():
            if matrix := matrix_of(name):
                self._matrices[matrix].append(shot)

    @property
    def known(self) -> tuple[str, ...]:
        """The names of all matrices and shots."""
        return (*self._matrices, *self._shots)

    def shots(self, name: str) -> tuple[Shot, ...]:
        """The shots with this name; none when there are none."""
        if shot := self._shots.get(name):
            return (shot,)
        return tuple(self._matrices.get(name, ()))

    def takes(self, name: str) -> tuple[str, ...]:
        """The names of the takes that are meant; none when there are none. `walk@1` is take 1 alone."""
        if shots := self.shots(name):
            return tuple(take.name for shot in shots for take in takes_of(shot))
        shot, _, number = name.partition("@")
        known = self._shots.get(shot)
        if known and _NUMBER.fullmatch(number) and int(number) <= known.takes:
            return (take_name(shot, int(number)),)
        return ()

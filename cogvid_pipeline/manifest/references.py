"""Names of shots and numbers of takes, wherever the manifest refers to them."""

from collections.abc import Iterable
from itertools import islice

from cogvid_pipeline.manifest.draft import Draft
from cogvid_pipeline.manifest.mistakes import Mistake, Notes, Path
from cogvid_pipeline.manifest.suggest import Suggestions

_SHOWN = 4


class References:
    """Notes what is wrong with a reference; each method says whether nothing is."""

    def __init__(self, draft: Draft, notes: Notes) -> None:
        self._draft, self._notes = draft, notes
        self._names = draft.names
        self._cast = frozenset(draft.cast) if draft.matrices else draft.shots.keys()
        self._suggestions = Suggestions()

    def is_take(self, shot: str, take: float | None, at: Path, take_at: Path, *, more: str = "") -> bool:
        """Whether a take is meant, the shot's pick when there is no number; `more` is for the hint."""
        if not self.is_shot(shot, at):
            return False
        if shot not in self._cast:
            return True
        settings = self._draft.own(shot)
        if take is None and "takes" not in settings:
            return True
        if not (self._draft.is_certain(shot, "takes") and self._draft.is_certain(shot, "pick")):
            return True
        takes = int(settings.get("takes", 1))
        if take is not None:
            return self.has_take(shot, takes, take, take_at)
        if takes > 1 and "pick" not in settings:
            message = f"{shot} has {takes} takes, and none is picked"
            hint = f"add `pick: 1` to {shot}, or name a take: {{shot: {shot}, take: 1{more}}}"
            return self._wrong("CV419", message, at, hint)
        return True

    def has_take(self, shot: str, takes: int, take: float, at: Path) -> bool:
        """Whether a shot with so many takes has this one."""
        if take <= takes:
            return True
        count = "one take" if takes == 1 else f"{takes} takes"
        message = f"{shot} has {count}, so there is no take {take:g}"
        lower = "1" if takes == 1 else f"1 to {takes}"
        return self._wrong("CV423", message, at, f"write {lower}, or `takes: {take:g}` in {shot}")

    def is_shot(self, name: str, at: Path, *, or_matrix: bool = False) -> bool:
        """Whether there is a shot, or a matrix where that will do."""
        matrix = self._draft.matrices.get(name)
        if matrix and not or_matrix:
            count = "one shot" if len(matrix) == 1 else f"{len(matrix)} shots"
            message = f"{name} has a matrix and stands for {count}"
            return self._wrong("CV419", message, at, f"name one: {_some(matrix)}")
        if name in self._cast or name in self._names:
            return True
        written, _, values = name.partition(".")
        if values and written in self._names:
            return self._is_of_matrix(name, written, at)
        if not self._draft.all_shots_known:
            return True
        near = self._suggestions.nearest(written, self._names)
        hint = f"write {near}{name[len(written) :]}" if near else "name one of the shots, or add this one"
        return self._wrong("CV406", f"there is no shot {name}", at, hint)

    def _is_of_matrix(self, name: str, written: str, at: Path) -> bool:
        if not self._draft.is_certain(written, "matrix"):
            return True
        matrix = self._draft.matrices.get(written)
        if not matrix:
            message = f"there is no shot {name}: {written} has no matrix"
            return self._wrong("CV406", message, at, f"write {written}")
        near = self._suggestions.nearest(name, matrix)
        hint = f"write {near}" if near else f"the shots of {written} are {_some(matrix)}"
        return self._wrong("CV406", f"there is no shot {name}", at, hint)

    def _wrong(self, code: str, message: str, at: Path, hint: str) -> bool:
        self._notes.add(Mistake(code, message, at, hint))
        return False


def _some(names: Iterable[str]) -> str:
    """The first few of many names."""
    shown = list(islice(names, _SHOWN + 1))
    return ", ".join([*shown[:_SHOWN], *(["…"] if len(shown) > _SHOWN else [])])

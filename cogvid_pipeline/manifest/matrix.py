"""The shots that a matrix makes, and what they are called."""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, TypeAlias

from cogvid_pipeline.manifest import wording
from cogvid_pipeline.manifest.draft import Draft
from cogvid_pipeline.manifest.mistakes import Mistake, Notes, Path
from cogvid_pipeline.manifest.suggest import Suggestions
from cogvid_pipeline.model.shot import Scalar

# Of one matrix, before any are excluded.
MOST_COMBINATIONS = 1_000
# Of all shots with a matrix or several takes, together.
MOST_CLIPS = 10_000
# A take and an ending have to fit into the name of a file, too.
LONGEST_NAME = 200

Combination: TypeAlias = Mapping[str, Scalar]
Matrix: TypeAlias = Mapping[str, Sequence[Scalar]]

_MULTIPLIES = frozenset({"matrix", "exclude", "takes"})
_OTHERS = re.compile(r"[^a-z0-9_]+")
_SHOWN = 8


def spell_out(draft: Draft, notes: Notes) -> Draft:
    """The draft with the shots of every matrix; what is wrong with a matrix is noted, and it makes none."""
    matrices: dict[str, dict[str, Combination]] = {}
    broken: set[Path] = set()
    suggestions = Suggestions()
    clips = 0
    for shot, settings in draft.shots.items():
        if _MULTIPLIES.isdisjoint(settings):
            continue
        matrix: Matrix = settings.get("matrix", {})
        mistakes = list(_mistakes(draft, shot, matrix, suggestions))
        made: dict[str, Combination] = {}
        if not mistakes:
            before, clips = clips, clips + _size(matrix) * int(settings.get("takes", 1))
            if clips > MOST_CLIPS >= before:
                mistakes = [_too_many_clips(shot, clips, "matrix" if matrix else "takes")]
            elif matrix and clips <= MOST_CLIPS:
                made, mistakes = _shots(shot, matrix, settings.get("exclude", ()))
        for mistake in mistakes:
            notes.add(mistake)
        if made and not mistakes:
            matrices[shot] = made
        elif matrix:
            broken.add(("shots", shot, "matrix"))
    return replace(draft, matrices=matrices, removed=draft.removed | broken)


def word(value: Scalar) -> str:
    """How a value stands in the name of a shot; "" when it has nothing that can.

    Numbers, true and false as they are written; text in lower case and without accents, with a - for each
    run of anything but a-z, 0-9 and _.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value).removesuffix(".0").replace("+", "")
    plain = "".join(each for each in unicodedata.normalize("NFKD", value) if not unicodedata.combining(each))
    return _OTHERS.sub("-", plain.lower()).strip("-")


def _mistakes(draft: Draft, shot: str, matrix: Matrix, suggestions: Suggestions) -> Iterator[Mistake]:
    """What is wrong with the values of a matrix, and with what is to be excluded from it."""
    at: Path = ("shots", shot)
    excluded = draft.shots[shot].get("exclude", ())
    if excluded and not matrix and (*at, "matrix") not in draft.removed:
        hint = "add a `matrix`, or remove `exclude`"
        yield Mistake("CV422", f"{shot} has no matrix to exclude from", (*at, "exclude"), hint, at_key=True)
    if (size := _size(matrix)) > MOST_COMBINATIONS:
        message = f"this matrix makes {size:,} shots; at most {MOST_COMBINATIONS:,} are allowed"
        hint = "give it fewer values, or make several shots of it"
        yield Mistake("CV420", message, (*at, "matrix"), hint, at_key=True)
        return
    for axis, values in matrix.items():
        yield from _alike((*at, "matrix", axis), values)
    for index, combination in enumerate(excluded if matrix else ()):
        for axis, value in combination.items():
            yield from _never(matrix, axis, value, (*at, "exclude", index, axis), suggestions)


def _alike(at: Path, values: Sequence[Scalar]) -> Iterator[Mistake]:
    """Values that no name can be told by."""
    seen: dict[str, Scalar] = {}
    instead = f"write a short name here, and the text under `vars:`, for {{{{ texts[matrix.{at[-1]}] }}}}"
    for index, value in enumerate(values):
        if not (name := word(value)):
            message = f"{wording.described(value)} has no letter a-z and no digit to make a name of"
            yield Mistake("CV421", message, (*at, index), instead)
        elif len(name) > LONGEST_NAME:
            message = f"{wording.shown(value)} is too long for the name of a shot"
            yield Mistake("CV421", message, (*at, index), instead)
        elif name not in seen:
            seen[name] = value
        elif _key(seen[name]) == _key(value):
            message = f"`{at[-1]}` has {wording.shown(value)} twice"
            yield Mistake("CV421", message, (*at, index), "remove one of the two")
        else:
            first, second = (wording.described(each) for each in (seen[name], value))
            message = f"{first} and {second} are the same in the name of a shot: {name}"
            yield Mistake("CV421", message, (*at, index), "write one that differs in letters or digits")


def _never(matrix: Matrix, axis: str, value: Scalar, at: Path, suggestions: Suggestions) -> Iterator[Mistake]:
    """What is to be excluded and never comes up."""
    if axis not in matrix:
        near = suggestions.nearest(axis, matrix)
        hint = f"write {near}" if near else f"the matrix has {wording.listed(list(matrix)[:_SHOWN])}"
        yield Mistake("CV422", f"the matrix has no `{wording.shown(axis)}`", at, hint, at_key=True)
    elif _key(value) not in set(map(_key, matrix[axis])):
        hint = wording.choice_hint(value, matrix[axis][:_SHOWN], "")
        yield Mistake("CV422", f"`{axis}` is never {wording.shown(value)}", at, hint)


def _shots(
    shot: str, matrix: Matrix, excluded: Sequence[Combination]
) -> tuple[dict[str, Combination], list[Mistake]]:
    """The shots by name, in the order of the values, the last of which changes first."""
    at: Path = ("shots", shot, "matrix")
    without: dict[tuple[str, ...], set[tuple[Any, ...]]] = defaultdict(set)
    for each in excluded:
        without[tuple(each)].add(tuple(map(_key, each.values())))
    words = [[(value, word(value)) for value in values] for values in matrix.values()]
    made: dict[str, Combination] = {}
    for pairs in product(*words):
        combination = {axis: value for axis, (value, _) in zip(matrix, pairs, strict=True)}
        keys = {axis: _key(value) for axis, value in combination.items()}
        if any(tuple(keys[axis] for axis in axes) in values for axes, values in without.items()):
            continue
        name = f"{shot}.{'-'.join(part for _, part in pairs)}"
        if name in made:
            message = f"two shots of this matrix would be called {wording.shown(name)}"
            hint = "write values that differ more, without - where they meet"
            return made, [Mistake("CV421", message, at, hint, at_key=True)]
        if len(name) > LONGEST_NAME:
            message = f"{wording.shown(name)} has {len(name)} characters; a name has {LONGEST_NAME} at most"
            hint = "write short names here, and longer texts under `vars:`"
            return made, [Mistake("CV421", message, at, hint, at_key=True)]
        made[name] = combination
    if not made:
        hint = "remove a combination from it"
        message = f"`exclude` leaves no shot of {shot}"
        return made, [Mistake("CV422", message, ("shots", shot, "exclude"), hint, at_key=True)]
    return made, []


def _size(matrix: Matrix) -> int:
    """How many combinations there are."""
    return math.prod(map(len, matrix.values()))


def _too_many_clips(shot: str, clips: int, key: str) -> Mistake:
    message = f"with {shot}, matrices and takes make {clips:,} clips; at most {MOST_CLIPS:,} are allowed"
    hint = "make fewer of them, or several manifests"
    return Mistake("CV420", message, ("shots", shot, key), hint, at_key=True)


def _key(value: Scalar) -> tuple[bool, Any]:
    """What two equal values have in common: true is not 1."""
    return isinstance(value, bool), value

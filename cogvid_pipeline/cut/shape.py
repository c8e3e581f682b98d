"""Decide what a film looks like where nobody says: like most of what it shows."""

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.edit import Size
from cogvid_pipeline.model.shot import Scalar

K = TypeVar("K", bound=Hashable)

_USUAL_SIZE = (1920, 1080)
_USUAL_RATE = Fraction(30)

# What is written down of a clip's rate is rounded: 29.97 stands for 30000/1001.
_ROUNDED = Fraction(2, 1000)


@dataclass(frozen=True, slots=True)
class Material:
    """What a piece of the cut is taken from: a clip, or what one is planned to be.

    `seconds` is how long it lasts, `shown` how much of that is in the cut. `size` and `rate` are None where
    the plan leaves them open.
    """

    seconds: Fraction
    shown: Fraction
    size: Size | None
    rate: Fraction | None


def material_of(
    clip: Clip | None, parameters: Mapping[str, Scalar], start: float, end: float | None
) -> Material:
    """The material of a piece; `parameters` are those of its shot, with the documented defaults."""
    seconds = exact(clip.duration if clip else float(parameters["duration"]))
    size = (clip.width, clip.height) if clip else _planned_size(parameters)
    rate = exact_rate(clip.fps if clip else float(parameters["fps"]))
    until = seconds if end is None else min(exact(end), seconds)
    return Material(seconds, until - exact(start), size, rate)


def film_size(materials: Iterable[Material]) -> Size:
    """The size that is shown longest, the largest of several; even, as video has half as much chroma."""
    shown = _shown((each.size, each.shown) for each in materials)
    width, height = max(shown, key=lambda size: (shown[size], size[0] * size[1]), default=_USUAL_SIZE)
    return max(width // 2 * 2, 2), max(height // 2 * 2, 2)


def film_rate(materials: Iterable[Material]) -> Fraction:
    """The rate that is shown longest, the highest of several."""
    shown = _shown((each.rate, each.shown) for each in materials)
    return max(shown, key=lambda rate: (shown[rate], rate), default=_USUAL_RATE)


def exact(seconds: float) -> Fraction:
    """The number that was written: as a float 0.1 is a little more."""
    return Fraction(repr(seconds))


def exact_rate(fps: float) -> Fraction | None:
    """The rate that a number stands for; one that nobody uses counts as the next whole one above.

    None for 0, which means that the rate is not known.
    """
    whole = Fraction(round(fps))
    for rate in (whole, whole * 1000 / 1001):
        if rate and abs(rate - exact(fps)) < _ROUNDED:
            return rate
    return Fraction(math.ceil(fps)) or None


def _planned_size(parameters: Mapping[str, Scalar]) -> Size | None:
    if "size" not in parameters:
        return None
    width, height = map(int, str(parameters["size"]).split("x"))
    return width, height


def _shown(choices: Iterable[tuple[K | None, Fraction]]) -> dict[K, Fraction]:
    """How long each choice is shown."""
    shown: dict[K, Fraction] = {}
    for choice, seconds in choices:
        if choice is not None:
            shown[choice] = shown.get(choice, Fraction(0)) + seconds
    return shown

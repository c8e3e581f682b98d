"""What can be said about a film's shape, alike for the film itself and for its timeline."""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import wraps
from typing import Any

import click

from cogvid_pipeline.cli.options import Option, with_options
from cogvid_pipeline.cut.edit_list import EditOptions
from cogvid_pipeline.cut.shape import exact_rate
from cogvid_pipeline.model.edit import Size

_LARGEST = 8192
_FASTEST = 240


def _size(_: click.Context, __: click.Parameter, text: str | None) -> Size | None:
    if text is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", text)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(2 <= side <= _LARGEST and side % 2 == 0 for side in size):
        raise click.BadParameter(f"{text!r} is no WIDTHxHEIGHT in even numbers of pixels, as in 1920x1080")
    return size


def _rate(_: click.Context, __: click.Parameter, text: str | None) -> Fraction | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}([./][0-9]{1,6})?", text) or text.endswith("/0"):
        raise click.BadParameter(f"{text!r} is no frame rate, as in 24, 29.97 or 30000/1001")
    rate = Fraction(text) if "/" in text else exact_rate(float(text))
    if rate is None or not 1 <= rate <= _FASTEST:
        raise click.BadParameter(f"{text} frames a second is not between 1 and {_FASTEST}")
    return rate


_FILM_OPTIONS: tuple[Option, ...] = (
    click.option(
        "--drop-repeats",
        is_flag=True,
        help="Leave out the frame that a shot made from the last frame of the one before begins with.",
    ),
    click.option(
        "--size", metavar="WxH", callback=_size, help="The film's size instead of that of most of its clips."
    ),
    click.option(
        "--fps",
        "rate",
        metavar="N",
        callback=_rate,
        help="The film's frame rate instead of that of most clips.",
    ),
)


def gathers_film_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what shapes a film; it arrives as the argument `shape`."""

    @wraps(function)
    def gather(*args: Any, drop_repeats: bool, size: Size | None, rate: Fraction | None, **rest: Any) -> Any:
        return function(*args, shape=EditOptions(size=size, rate=rate, drop_repeats=drop_repeats), **rest)

    return with_options(_FILM_OPTIONS)(gather)

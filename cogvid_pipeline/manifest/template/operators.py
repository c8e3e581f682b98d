"""Operators on plain data, each paid for before its result is made."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from jinja2 import nodes

from cogvid_pipeline.manifest.template import TemplateMistake
from cogvid_pipeline.manifest.template.meter import Meter
from cogvid_pipeline.manifest.template.values import (
    Number,
    finite,
    is_scalar,
    kind,
    limited,
    misfit,
    number_of,
    whole,
)

Operator: TypeAlias = Callable[[object, object, Meter], object]

_SURROGATE = re.compile("[\\ud800-\\udfff]")


def constant(value: object, meter: Meter) -> object:
    """A literal as the parser read it."""
    if isinstance(value, str) and _SURROGATE.search(meter.read(value)):
        raise TemplateMistake(
            "CV301", "a text has half of a surrogate pair", hint="write the character itself"
        )
    return finite(value) if isinstance(value, float) else value


def add(left: object, right: object, meter: Meter) -> object:
    if isinstance(left, str) and isinstance(right, str):
        meter.room(len(left) + len(right))
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        meter.items(len(left) + len(right))
        return left + right
    if isinstance(left, str) or isinstance(right, str):
        raise misfit(f"{kind(left)} and {kind(right)} cannot be added", "'~' joins anything as text")
    return computed(operator.add, left, right)


def multiply(left: object, right: object, meter: Meter) -> object:
    if isinstance(right, (str, list)):
        left, right = right, left
    if isinstance(left, str):
        meter.room(len(left) * max(whole(right), 0))
        return left * whole(right)
    if isinstance(left, list):
        meter.items(len(left) * max(whole(right), 0))
        return left * whole(right)
    return computed(operator.mul, left, right)


def subtract(left: object, right: object, _meter: Meter) -> object:
    return computed(operator.sub, left, right)


def divide(left: object, right: object, _meter: Meter) -> object:
    return computed(operator.truediv, left, divisor(right))


def divide_down(left: object, right: object, _meter: Meter) -> object:
    return computed(operator.floordiv, left, divisor(right))


def remainder(left: object, right: object, _meter: Meter) -> object:
    if isinstance(left, str):
        raise TemplateMistake("CV303", "'%' does not format text in a template", hint="join texts with '~'")
    return computed(operator.mod, left, divisor(right))


def computed(work: Callable[[Number, Number], Number], left: object, right: object) -> Number:
    """The result of arithmetic on two numbers that are small enough for it, if it is small enough too."""
    try:
        result = work(number_of(left), number_of(right))
    except OverflowError as error:
        raise misfit("the result is too large a number") from error
    return finite(result) if isinstance(result, float) else limited(result)


def divisor(value: object) -> Number:
    number = number_of(value)
    if number == 0:
        raise misfit("a division by zero", "guard it with: if … != 0")
    return number


def equal(left: object, right: object, meter: Meter) -> bool:
    if not (is_scalar(left) or is_scalar(right)):
        raise misfit(
            "lists and mappings cannot be compared as a whole", "compare their items, or use | length"
        )
    if isinstance(left, str) and isinstance(right, str):
        meter.room(min(len(left), len(right)))
    return left == right


def contains(item: object, container: object, meter: Meter) -> bool:
    if isinstance(container, str):
        if not isinstance(item, str):
            raise misfit(f"{kind(item)} cannot be in a text", "write | string after it")
        meter.search(meter.read(item), meter.read(container))
        return item in container
    if not is_scalar(item):
        raise misfit(f"whether {kind(item)} is in a list cannot be asked", "ask for a text or a number")
    if isinstance(container, Mapping):
        return item in container
    if isinstance(container, (list, tuple)):
        meter.items(len(container))
        meter.charge(len(container) * (len(item) >> 10 if isinstance(item, str) else 0))
        return item in container
    raise misfit(f"'in' needs a list, a mapping or a text, not {kind(container)}")


def in_order(work: Callable[[Number | str, Number | str], bool]) -> Callable[[object, object, Meter], bool]:
    """The comparison of two numbers or two texts."""

    def compared(left: object, right: object, meter: Meter) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return work(meter.read(left), meter.read(right))
        if isinstance(left, str) or isinstance(right, str):
            raise misfit(
                f"{kind(left)} and {kind(right)} have no order", "write | int or | float after the text"
            )
        return work(number_of(left), number_of(right))

    return compared


ARITHMETIC: dict[type[nodes.BinExpr], Operator] = {
    nodes.Add: add,
    nodes.Sub: subtract,
    nodes.Mul: multiply,
    nodes.Div: divide,
    nodes.FloorDiv: divide_down,
    nodes.Mod: remainder,
}

# By the names of the parser's operands.
COMPARISONS: dict[str, Callable[[object, object, Meter], bool]] = {
    "eq": equal,
    "ne": lambda left, right, meter: not equal(left, right, meter),
    "lt": in_order(operator.lt),
    "lteq": in_order(operator.le),
    "gt": in_order(operator.gt),
    "gteq": in_order(operator.ge),
    "in": contains,
    "notin": lambda left, right, meter: not contains(left, right, meter),
}

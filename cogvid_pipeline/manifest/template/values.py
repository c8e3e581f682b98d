"""The plain values that templates work on: numbers, texts, lists and mappings."""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from cogvid_pipeline.manifest.template import Deferred, TemplateMistake
from cogvid_pipeline.manifest.template.meter import MAX_NUMBER, Meter

Number: TypeAlias = int | float
Items: TypeAlias = list[object] | tuple[object, ...]

# For what an empty list has not got.
OR_ELSE = "write | default('…') after it"

_NAMES_COMPARED = 200
_NAMES_LISTED = 8
_NAME_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Missing:
    """What a lookup gives that finds nothing: a mistake, unless a default or a test takes it."""

    message: str
    name: str = ""
    known: Callable[[], Iterable[object]] = tuple
    hint: str = ""

    def mistake(self, meter: Meter) -> TemplateMistake:
        hint = self.hint or suggestion(self.name, self.known(), meter)
        return TemplateMistake("CV302", self.message, hint=hint, name=self.name)


def misfit(message: str, hint: str = "") -> TemplateMistake:
    """The mistake of an operation that does not fit its values."""
    return TemplateMistake("CV305", message, hint=hint)


def suggestion(name: str, known: Iterable[object], meter: Meter) -> str:
    """Which of the known names may have been meant."""
    names = [each for each in islice(known, _NAMES_COMPARED) if isinstance(each, str)]
    names = sorted(each for each in names if len(each) <= _NAME_LENGTH)
    meter.charge(4 * len(names))
    if near := difflib.get_close_matches(name[:_NAME_LENGTH], names, n=1):
        return f"did you mean '{near[0]}'?"
    more = ", …" if len(names) > _NAMES_LISTED else ""
    return f"known here: {', '.join(names[:_NAMES_LISTED])}{more}" if names else ""


def quoted(name: object) -> str:
    """A name or key as messages show it."""
    words = str(name) if not isinstance(name, int) or abs(name) < MAX_NUMBER else "…"
    return f"'{words[:_NAME_LENGTH]}{'…' if len(words) > _NAME_LENGTH else ''}'"


def kind(value: object) -> str:
    """What messages call a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"


def is_scalar(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float))


def settled(value: object) -> object:
    """The value itself, where it is one that is worked out on demand."""
    return value.value() if isinstance(value, Deferred) else value


def pairs(mapping: Mapping[object, object], meter: Meter) -> list[tuple[object, object]]:
    meter.items(len(mapping))
    return [(key, settled(value)) for key, value in mapping.items()]


def items_of(value: object, meter: Meter) -> Sequence[object]:
    """What a loop over the value goes through: items, keys or characters."""
    if isinstance(value, (list, tuple)):
        meter.items(len(value))
        return value
    if isinstance(value, (str, Mapping)):
        meter.items(len(value))
        return list(value)
    raise misfit(f"a list is needed here, not {kind(value)}", "write several values as [a, b]")


def text_of(value: object, meter: Meter) -> str:
    """How the value is written into a prompt; lists, mappings and null are not."""
    if isinstance(value, str):
        return meter.read(value)
    if isinstance(value, float):
        return str(finite(value))
    if isinstance(value, int):
        return str(value if isinstance(value, bool) else limited(value))
    if value is None:
        raise misfit("null cannot be written as text", "give it a value, or write | default('…', true)")
    if isinstance(value, Mapping):
        raise misfit("a mapping cannot be written as text", "name one of its keys, as in city.name")
    raise misfit("a list cannot be written as text", "write | join(', ') after it, or loop over it")


def number_of(value: object) -> Number:
    """The value as an operand of arithmetic."""
    if isinstance(value, float):
        return finite(value)
    if isinstance(value, int):
        return limited(value)
    hint = "write | int or | float after it" if isinstance(value, str) else ""
    raise misfit(f"a number is needed here, not {kind(value)}", hint)


def whole(value: object) -> int:
    """The value as a count or an index."""
    if isinstance(value, int) and not isinstance(value, bool):
        return limited(value)
    raise misfit(f"a whole number is needed here, not {kind(value)}")


def limited(value: int) -> int:
    """The number, where arithmetic with it stays cheap."""
    if abs(value) >= MAX_NUMBER:
        raise TemplateMistake(
            "CV304",
            f"a number of more than {len(str(MAX_NUMBER)) - 1} digits is too large for templates",
            hint="write it in quotes if it is only to be shown",
        )
    return value


def finite(value: float) -> float:
    if not math.isfinite(value):
        raise misfit("a number here is infinite or undefined", "use numbers below 1e308")
    return value


def attribute_of(item: object, path: object, meter: Meter, default: object = None) -> object:
    """What a filter's `attribute` names in an item, as `light.colour`; the item itself without one."""
    if path is None:
        return item
    names = path.split(".", 10) if isinstance(path, str) else [str(whole(path))]
    meter.charge(1 + len(names))
    for name in names:
        if isinstance(item, Mapping) and name in item:
            item = settled(item[name])
        elif isinstance(item, (list, tuple)) and name.isdecimal() and len(name) < 6 and int(name) < len(item):
            item = item[int(name)]
        elif default is not None:
            item = default
        else:
            raise Missing(f"an item has no {quoted(name)}", name).mistake(meter)
    return item

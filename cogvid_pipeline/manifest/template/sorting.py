"""The filters that put values in order."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from cogvid_pipeline.manifest.template.meter import Meter
from cogvid_pipeline.manifest.template.values import (
    OR_ELSE,
    Missing,
    attribute_of,
    items_of,
    kind,
    misfit,
    number_of,
    pairs,
)

Key: TypeAlias = str | int | float


def sort(
    meter: Meter,
    value: object,
    reverse: object = False,
    case_sensitive: object = False,
    attribute: object = None,
) -> object:
    items = items_of(value, meter)
    return _ordered(
        items, [attribute_of(item, attribute, meter) for item in items], case_sensitive, reverse, meter
    )


def dictsort(
    meter: Meter, value: object, case_sensitive: object = False, by: object = "key", reverse: object = False
) -> object:
    if not isinstance(value, Mapping):
        raise misfit(f"a mapping is needed here, not {kind(value)}")
    if by not in ("key", "value"):
        raise misfit("a mapping is sorted by 'key' or by 'value'")
    items = pairs(value, meter)
    return _ordered(items, [item[by == "value"] for item in items], case_sensitive, reverse, meter)


def unique(meter: Meter, value: object, case_sensitive: object = False, attribute: object = None) -> object:
    items = items_of(value, meter)
    keys = _keys([attribute_of(item, attribute, meter) for item in items], case_sensitive, meter)
    first = dict(zip(reversed(keys), reversed(items), strict=True))
    return [first[key] for key in dict.fromkeys(keys)]


def smallest(meter: Meter, value: object, case_sensitive: object = False, attribute: object = None) -> object:
    return _extreme(min, items_of(value, meter), case_sensitive, attribute, meter)


def largest(meter: Meter, value: object, case_sensitive: object = False, attribute: object = None) -> object:
    return _extreme(max, items_of(value, meter), case_sensitive, attribute, meter)


def _extreme(
    pick: Callable[..., int], items: Sequence[object], case_sensitive: object, attribute: object, meter: Meter
) -> object:
    if not items:
        return Missing("there is no smallest or largest item; the list is empty", hint=OR_ELSE)
    keys = _comparable(_keys([attribute_of(item, attribute, meter) for item in items], case_sensitive, meter))
    return items[pick(range(len(keys)), key=keys.__getitem__)]


def _ordered(
    items: Sequence[object], keys: Sequence[object], case_sensitive: object, reverse: object, meter: Meter
) -> list[object]:
    ready = _comparable(_keys(keys, case_sensitive, meter))
    longest = max((len(key) for key in ready if isinstance(key, str)), default=0)
    meter.charge(len(items) * len(items).bit_length() * (1 + (longest >> 8)) // 8)
    order = sorted(range(len(items)), key=ready.__getitem__, reverse=bool(reverse))
    return [items[index] for index in order]


def _keys(values: Sequence[object], case_sensitive: object, meter: Meter) -> list[Key]:
    """What items are compared by: numbers, and texts without their case unless it counts."""
    keys: list[Key] = []
    for value in values:
        meter.charge(1)
        if isinstance(value, str):
            meter.read(value)
            keys.append(value if case_sensitive else value.lower())
        else:
            keys.append(number_of(value))
    return keys


def _comparable(keys: list[Key]) -> list[Any]:
    if len({isinstance(key, str) for key in keys}) > 1:
        raise misfit("texts and numbers have no common order", "write | map('string') before it")
    return keys

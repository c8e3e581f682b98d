"""The filters that follow `|` in a template, each paid for before its result is made."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import filters

from cogvid_pipeline.manifest.template import TemplateMistake
from cogvid_pipeline.manifest.template.meter import Meter
from cogvid_pipeline.manifest.template.operators import computed
from cogvid_pipeline.manifest.template.sorting import dictsort, largest, smallest, sort, unique
from cogvid_pipeline.manifest.template.values import (
    OR_ELSE,
    Missing,
    attribute_of,
    finite,
    items_of,
    kind,
    limited,
    misfit,
    number_of,
    pairs,
    suggestion,
    text_of,
    whole,
)

# The longest text that is read as a number; longer ones would only be refused afterwards.
_DIGITS = 400

_PER_CALL = 5


def apply_filter(
    name: str, meter: Meter, value: object, arguments: Sequence[object], named: Mapping[str, object]
) -> object:
    """Raises TemplateMistake for an unknown filter and for what does not fit it."""
    if name not in FILTERS:
        hint = _INSTEAD.get(name) or suggestion(name, FILTERS, meter)
        raise TemplateMistake("CV303", f"there is no filter '{name}' in a template", hint=hint)
    meter.charge(_PER_CALL)
    try:
        bound = _signature(name).bind(meter, value, *arguments, **named)
    except TypeError as error:
        takes = ", ".join(list(_signature(name).parameters)[2:]) or "nothing"
        raise misfit(f"the filter '{name}' cannot be used so: {error}", f"it takes {takes}") from error
    return FILTERS[name](*bound.args, **bound.kwargs)


@cache
def _signature(name: str) -> inspect.Signature:
    return inspect.signature(FILTERS[name])


# --- texts -------------------------------------------------------------------------------------------


def _cased(change: Callable[[str], str]) -> Callable[[Meter, object], object]:
    """A filter that changes letters; some, such as ß, become several."""

    def changed(meter: Meter, value: object) -> object:
        text = text_of(value, meter)
        meter.charge(len(text) // 8)
        return meter.read(change(text))

    return changed


def _string(meter: Meter, value: object) -> object:
    return text_of(value, meter)


def _trim(meter: Meter, value: object, chars: object = None) -> object:
    text = text_of(value, meter)
    if chars is None:
        return text.strip()
    ends = text_of(chars, meter)
    meter.search(ends, text)
    return text.strip(ends)


def _replace(meter: Meter, s: object, old: object, new: object, count: object = None) -> object:
    text, before, after = text_of(s, meter), text_of(old, meter), text_of(new, meter)
    limit = -1 if count is None else whole(count)
    meter.search(before, text)
    times = text.count(before) if limit < 0 else min(limit, text.count(before))
    meter.room(len(text) + times * (len(after) - len(before)))
    return text.replace(before, after, limit)


def _indent(
    meter: Meter, s: object, width: object = 4, first: object = False, blank: object = False
) -> object:
    text = text_of(s, meter)
    step = len(text_of(width, meter)) if isinstance(width, str) else max(whole(width), 0)
    meter.charge(len(text) // 8)
    meter.room(len(text) + step * (len(text.splitlines()) + 1))
    return filters.do_indent(text, width, bool(first), bool(blank))  # type: ignore[arg-type]


def _truncate(
    meter: Meter,
    s: object,
    length: object = 255,
    killwords: object = False,
    end: object = "...",
    leeway: object = 5,
) -> object:
    text, ellipsis, limit = text_of(s, meter), text_of(end, meter), whole(length)
    if limit < len(ellipsis):
        raise misfit(f"a text cannot be cut to {limit} characters", f"'{ellipsis[:20]}' has to fit")
    if len(text) <= limit + max(whole(leeway), 0):
        return text
    kept = text[: limit - len(ellipsis)]
    meter.room(limit)
    return (kept if killwords else kept.rsplit(" ", 1)[0]) + ellipsis


def _title(meter: Meter, value: object) -> object:
    text = text_of(value, meter)
    meter.charge(len(text) // 4)
    return meter.read(filters.do_title(text))


def _wordcount(meter: Meter, value: object) -> object:
    text = text_of(value, meter)
    meter.charge(len(text) // 16)
    return filters.do_wordcount(text)


# --- numbers -----------------------------------------------------------------------------------------


def _abs(_meter: Meter, value: object) -> object:
    return abs(number_of(value))


def _int(meter: Meter, value: object, default: object = 0, base: object = 10) -> object:
    if isinstance(value, str) and len(meter.read(value)) > _DIGITS:
        return default
    if not 2 <= whole(base) <= 36:
        raise misfit("the base of a number is from 2 to 36")
    found: object = filters.do_int(_readable(value), default, base)  # type: ignore[arg-type]
    return limited(found) if isinstance(found, int) else found


def _float(meter: Meter, value: object, default: object = 0.0) -> object:
    if isinstance(value, str):
        meter.read(value)
    found: object = filters.do_float(_readable(value), default)  # type: ignore[arg-type]
    return finite(found) if isinstance(found, float) else found


def _readable(value: object) -> str | int | float:
    return value if isinstance(value, str) else number_of(value)


def _round(_meter: Meter, value: object, precision: object = 0, method: object = "common") -> object:
    if not -15 <= whole(precision) <= 15:
        raise misfit("numbers are rounded to at most 15 digits")
    if method not in ("common", "ceil", "floor"):
        raise misfit("a number is rounded by 'common', 'ceil' or 'floor'")
    return computed(lambda number, digits: filters.do_round(number, int(digits), method), value, precision)


# --- lists and mappings ------------------------------------------------------------------------------


def _default(_meter: Meter, value: object, default_value: object = "", boolean: object = False) -> object:
    return default_value if isinstance(value, Missing) or (boolean and not value) else value


def _first(meter: Meter, value: object) -> object:
    return next(
        iter(items_of(value, meter)), Missing("there is no first item; the list is empty", hint=OR_ELSE)
    )


def _last(meter: Meter, value: object) -> object:
    return next(
        reversed(items_of(value, meter)), Missing("there is no last item; the list is empty", hint=OR_ELSE)
    )


def _length(_meter: Meter, value: object) -> object:
    if isinstance(value, (str, list, tuple, Mapping)):
        return len(value)
    raise misfit(f"{kind(value)} has no length")


def _list(meter: Meter, value: object) -> object:
    return list(items_of(value, meter))


def _reverse(meter: Meter, value: object) -> object:
    if isinstance(value, str):
        return meter.read(value)[::-1]
    return list(reversed(items_of(value, meter)))


def _items(meter: Meter, value: object) -> object:
    if isinstance(value, Mapping):
        return pairs(value, meter)
    raise misfit(f"a mapping is needed here, not {kind(value)}")


def _join(meter: Meter, value: object, d: object = "", attribute: object = None) -> object:
    items = [attribute_of(item, attribute, meter) for item in items_of(value, meter)]
    between, parts = text_of(d, meter), [text_of(item, meter) for item in items]
    meter.room(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def _map(
    meter: Meter, value: object, *arguments: object, attribute: object = None, default: object = None
) -> object:
    items = items_of(value, meter)
    if not arguments:
        return [attribute_of(item, attribute, meter, default) for item in items]
    name, *rest = arguments
    if not isinstance(name, str) or name not in FILTERS or name == "map":
        raise TemplateMistake("CV303", "'map' needs the name of another filter, or attribute='…'")
    return [apply_filter(name, meter, item, rest, {}) for item in items]


def _sum(meter: Meter, iterable: object, attribute: object = None, start: object = 0) -> object:
    total = number_of(start)
    for item in items_of(iterable, meter):
        meter.charge(1)
        total = computed(lambda left, right: left + right, total, attribute_of(item, attribute, meter))
    return total


FILTERS: dict[str, Callable[..., Any]] = {
    "abs": _abs,
    "capitalize": _cased(str.capitalize),
    "count": _length,
    "d": _default,
    "default": _default,
    "dictsort": dictsort,
    "first": _first,
    "float": _float,
    "indent": _indent,
    "int": _int,
    "items": _items,
    "join": _join,
    "last": _last,
    "length": _length,
    "list": _list,
    "lower": _cased(str.lower),
    "map": _map,
    "max": largest,
    "min": smallest,
    "replace": _replace,
    "reverse": _reverse,
    "round": _round,
    "sort": sort,
    "string": _string,
    "sum": _sum,
    "title": _title,
    "trim": _trim,
    "truncate": _truncate,
    "unique": unique,
    "upper": _cased(str.upper),
    "wordcount": _wordcount,
}

_LOOP = "write {% for item in list if … %}"
_INSTEAD = {
    "attr": "write value.name",
    "format": "join texts with '~'",
    "pprint": "write | join(', ')",
    "random": "a prompt comes out the same each time; name an item, as in list[0]",
    "reject": _LOOP,
    "rejectattr": _LOOP,
    "select": _LOOP,
    "selectattr": _LOOP,
    "tojson": "write | join(', ')",
    **dict.fromkeys(
        ("e", "escape", "forceescape", "safe", "striptags", "urlencode"), "prompts are plain text"
    ),
}

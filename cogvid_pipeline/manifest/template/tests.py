"""The tests that follow `is` in a template."""

from collections.abc import Callable, Mapping, Sequence

from cogvid_pipeline.manifest.template import TemplateMistake
from cogvid_pipeline.manifest.template.meter import Meter
from cogvid_pipeline.manifest.template.operators import COMPARISONS, divisor
from cogvid_pipeline.manifest.template.values import Missing, number_of, suggestion

_OF_A_VALUE: dict[str, Callable[[object], bool]] = {
    "defined": lambda value: not isinstance(value, Missing),
    "undefined": lambda value: isinstance(value, Missing),
    "none": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, (int, float)),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, float),
    "mapping": lambda value: isinstance(value, Mapping),
    "sequence": lambda value: isinstance(value, (list, tuple, str, Mapping)),
    "iterable": lambda value: isinstance(value, (list, tuple, str, Mapping)),
    "even": lambda value: number_of(value) % 2 == 0,
    "odd": lambda value: number_of(value) % 2 == 1,
}

_WITH_ANOTHER: dict[str, Callable[[object, object, Meter], bool]] = {
    "divisibleby": lambda value, by, _meter: number_of(value) % divisor(by) == 0,
    "eq": COMPARISONS["eq"],
    "equalto": COMPARISONS["eq"],
    "ne": COMPARISONS["ne"],
    "lt": COMPARISONS["lt"],
    "lessthan": COMPARISONS["lt"],
    "le": COMPARISONS["lteq"],
    "gt": COMPARISONS["gt"],
    "greaterthan": COMPARISONS["gt"],
    "ge": COMPARISONS["gteq"],
    "in": COMPARISONS["in"],
}


def apply_test(
    name: str, meter: Meter, value: object, arguments: Sequence[object], named: Mapping[str, object]
) -> bool:
    """Raises TemplateMistake for an unknown test and for what does not fit it."""
    if name in _OF_A_VALUE and not arguments and not named:
        return _OF_A_VALUE[name](value)
    if name in _WITH_ANOTHER and len(arguments) == 1 and not named:
        return _WITH_ANOTHER[name](value, arguments[0], meter)
    known = {**_OF_A_VALUE, **_WITH_ANOTHER}
    if name in known:
        wanted = "nothing" if name in _OF_A_VALUE else "one value"
        raise TemplateMistake("CV303", f"the test '{name}' takes {wanted} after its name")
    raise TemplateMistake(
        "CV303", f"there is no test '{name}' in a template", hint=suggestion(name, known, meter)
    )

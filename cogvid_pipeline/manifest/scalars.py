"""What an unquoted YAML word means: the core schema of YAML 1.2."""

import math
import re
from typing import TypeAlias

Plain: TypeAlias = str | int | float | bool | None

_WORDS: dict[str, Plain] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


class UnusableNumber(ValueError):
    """A number that JSON has no way to write or that does not fit into 64 bits; `str()` says which."""


def plain(text: str) -> Plain:
    """The value of an unquoted scalar. Raises UnusableNumber."""
    if text[:1] in _NUMBER_STARTS:
        return _number(text)
    return _WORDS.get(text, text)


def _number(text: str) -> Plain:
    if _INTEGER.fullmatch(text):
        return _bounded(text, 10)
    if _FLOAT.fullmatch(text):
        return _finite(float(text), text)
    if _OCTAL.fullmatch(text):
        return _bounded(text, 8)
    if _HEXADECIMAL.fullmatch(text):
        return _bounded(text, 16)
    if _NOT_FINITE.fullmatch(text):
        return _finite(math.inf, text)
    return text


def _bounded(text: str, base: int) -> int:
    # int() is quadratic in the number of digits and refuses more than 4,300 of them.
    if len(text) <= 70 and _SMALLEST <= (value := int(text, base)) <= _LARGEST:
        return value
    raise UnusableNumber("this whole number is too large")


def _finite(value: float, text: str) -> float:
    if math.isfinite(value):
        return value
    word = "not a number" if "nan" in text.lower() else "infinite"
    raise UnusableNumber(f"{text if len(text) <= 20 else 'this number'} is {word}")

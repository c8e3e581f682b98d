"""Name some of many, and say how many there are."""

from collections.abc import Sequence


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first of these names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def counted(count: int, noun: str) -> str:
    """Such as `1 shot`, `3 shots`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"

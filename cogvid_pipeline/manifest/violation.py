"""A rule of a JSON Schema that does not hold, free of the validator that found it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cogvid_pipeline.manifest.mistakes import Path

if TYPE_CHECKING:
    from jsonschema import ValidationError


@dataclass(frozen=True, slots=True)
class Violation:
    """`keyword` and its `limit` stand in `schema`; `value` is at `path`, or a key there when `of_key`.

    `forms` has, for a value that may have several forms, what keeps it from having each.
    """

    keyword: str
    limit: Any
    value: Any
    schema: dict[str, Any]
    path: Path
    of_key: bool
    forms: tuple[tuple["Violation", ...], ...] = ()

    def rules_out(self, path: Path) -> bool:
        """Whether the value at the path is of another type altogether."""
        return self.keyword == "type" and self.path == path


def violation(error: "ValidationError") -> Violation:
    """What `jsonschema` says, as plain data."""
    inners: dict[Any, list[Violation]] = {}
    for inner in error.context or ():
        inners.setdefault(inner.schema_path[0], []).append(violation(inner))
    schema: Any = error.schema
    return Violation(
        keyword=str(error.validator),
        limit=error.validator_value,
        value=error.instance,
        schema=schema,
        path=tuple(error.absolute_path),
        of_key="propertyNames" in error.schema_path,
        forms=tuple(tuple(form) for form in inners.values()),
    )

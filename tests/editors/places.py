"""Where in a document each thing that a schema describes can be written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.editors.language_server import CURSOR

INDENT = "  "

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a document: the keys on the way to it, where 0 is the first entry of a list."""

    path: Path
    schema: Mapping[str, Any]

    def __str__(self) -> str:
        return "/".join(map(str, self.path)) or "the whole"

    @property
    def is_key(self) -> bool:
        return bool(self.path) and isinstance(self.path[-1], str)

    @property
    def text(self) -> str:
        """A document with nothing but this place, and the cursor where its value begins."""
        return self._way + CURSOR

    @property
    def text_at_key(self) -> str:
        """The same with the cursor in front of the key."""
        before, colon, after = self._way.rpartition(f"{self.path[-1]}:")
        return f"{before}{CURSOR}{colon}{after}"

    @property
    def _way(self) -> str:
        way = ""
        for depth, step in enumerate(self.path):
            way += _line(way, depth) + (f"{step}:" if isinstance(step, str) else "- ")
        if "properties" in self.schema:
            return way + _line(way, len(self.path))
        return way if way.endswith("- ") else f"{way} "


def _line(way: str, depth: int) -> str:
    """What parts a key from what stands before it: in a list, the first one follows the dash."""
    return "" if not way or way.endswith("- ") else "\n" + INDENT * depth


def places(root: Mapping[str, Any]) -> Iterator[Place]:
    """Every place of a schema that needs no other file; of forms that a value may have, each is one."""

    def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            found: Any = root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def below(path: Path, schema: Mapping[str, Any]) -> Iterator[Place]:
        schema = resolved(schema)
        yield Place(path, schema)
        for name, inner in schema.get("properties", {}).items():
            yield from below((*path, name), inner)
        if isinstance(others := schema.get("additionalProperties"), dict):
            name = resolved(schema["propertyNames"])["examples"][0] if "propertyNames" in schema else "any"
            yield from below((*path, name), others)
        if "items" in schema:
            yield from below((*path, 0), schema["items"])
        for form in schema.get("anyOf", ()):
            yield from below(path, form)

    return below((), root)

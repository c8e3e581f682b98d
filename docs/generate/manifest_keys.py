"""Print docs/reference/manifest.md: every key of the manifest, from its schema."""

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from cogvid_pipeline.manifest.bundle import bundled
from cogvid_pipeline.packaged import schemas_directory

Schema = Mapping[str, Any]

HEAD = """\
# Manifest keys

<!-- `make reference` makes this page from schemas/manifest.schema.json; changes belong there. -->

Every key that a manifest may have, from the schema that [editors](../editors.md) use. A key with * has to be
there. What a schema cannot say, such as whether an image exists, `cogvid validate` checks as well: the
[problem codes](../problems.md) list all of it.
"""

TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a mapping",
}


class Reference:
    """The parts of the page: a heading for each mapping with keys of its own and each kind of name."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._headings: dict[str, Schema] = {}
        self._meet()

    def page(self) -> str:
        mappings = [schema for schema in self._headings.values() if "properties" in schema]
        names = [schema for schema in self._headings.values() if "properties" not in schema]
        parts = [HEAD, *map(self._keys, mappings), "## Names\n", *map(self._name, names)]
        return "\n".join(parts)

    def _meet(self) -> None:
        """Find what gets a heading: what a mapping has comes before what is in that."""
        waiting = deque([self._root])
        while waiting:
            schema = waiting.popleft()
            if _has_heading(schema):
                if schema["title"] in self._headings:
                    assert self._headings[schema["title"]] is schema, (
                        f"two parts are called {schema['title']}"
                    )
                    continue
                self._headings[schema["title"]] = schema
            waiting.extend(self._below(schema))

    def _below(self, schema: Schema) -> Iterator[Schema]:
        others = (schema.get(keyword) for keyword in ("propertyNames", "additionalProperties", "items"))
        for inner in (*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *others):
            if isinstance(inner, dict):
                yield self._resolved(inner)

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            found: Any = self._root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def _keys(self, mapping: Schema) -> str:
        """A section about a mapping, with a table of its keys."""
        required = mapping.get("required", ())
        keys = {key: self._resolved(schema) for key, schema in mapping["properties"].items()}
        rows = [
            (f"`{key}`{'*' if key in required else ''}", self._value(schema), _meaning(schema))
            for key, schema in keys.items()
        ]
        refused = [
            (f"`{pattern.strip('^$')}`", self._resolved(schema)["description"])
            for pattern, schema in mapping.get("patternProperties", {}).items()
            if self._resolved(schema).get("not") == {}
        ]
        text = f"## {mapping['title']}\n\n{mapping['description']}\n\n" + _table(("key", "value", ""), rows)
        if refused:
            text += "\nRecognised, and refused:\n\n" + _table(("key", ""), refused)
        return text

    def _name(self, name: Schema) -> str:
        return f"### {name['title']}\n\n{name['description']} For example {_examples(name)}.\n"

    def _value(self, schema: Schema) -> str:
        """What may stand there, in a few words."""
        schema = self._resolved(schema)
        if _has_heading(schema):
            return f"[{schema['title'].lower()}](#{_anchor(schema['title'])})"
        match schema:
            case {"enum": [*choices]}:
                return _either([f"`{_flow(choice)}`" for choice in choices])
            case {"anyOf": [*forms]}:
                return _either(list(dict.fromkeys(map(self._value, forms))))
            case {"type": "array", "items": items}:
                return f"a list{_count(schema)}: {self._value(items)}"
            case {"type": "object"}:
                names = self._value(schema["propertyNames"]) if "propertyNames" in schema else "any name"
                values = schema.get("additionalProperties")
                return f"a mapping: {names} → {self._value(values) if values else 'anything'}"
            case _:
                return TYPES[schema["type"]] + _bounds(schema)


def _has_heading(schema: Schema) -> bool:
    return "properties" in schema or "pattern" in schema


def _meaning(schema: Schema) -> str:
    text: str = schema["description"]
    if "default" in schema:
        text += f" Default: `{_flow(schema['default'])}`."
    if "enum" not in schema and schema.get("type") != "boolean" and "properties" not in schema:
        text += f" For example {_examples(schema)}."
    return text


def _examples(schema: Schema) -> str:
    """The examples of a schema, long ones left out where there is a short one."""
    first, *more = (f"`{_flow(example)}`" for example in schema["examples"])
    return _either([first, *(example for example in more if len(example) < 80)])


def _either(choices: list[str]) -> str:
    *most, last = choices
    return f"{', '.join(most)} or {last}" if most else last


def _count(schema: Schema) -> str:
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    return f" of {max(least, 1)} to {most}" if most else ""


def _bounds(schema: Schema) -> str:
    words = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
    return "".join(f", {word} {schema[keyword]}" for keyword, word in words.items() if keyword in schema)


def _flow(value: Any) -> str:
    """A value as it may be written in a manifest, on one line."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ("---",) * len(head), *rows))


if __name__ == "__main__":
    print(Reference(json.loads(bundled(schemas_directory() / "manifest.schema.json"))).page(), end="")

"""The JSON documents of the tool, held against their published schemas by two validators."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import jsonschema_rs
from jsonschema import Draft7Validator, FormatChecker

from cogvid_pipeline.packaged import schemas_directory

Place = tuple[str | int, ...]

FORMATS = FormatChecker()


@FORMATS.checks("date-time", raises=ValueError)
def _is_time(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


@cache
def schema(name: str) -> dict[str, Any]:
    """The published schema of a document."""
    text = (schemas_directory() / f"{name}.schema.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def fits(name: str, document: Any) -> bool:
    """Whether a document is as its schema says. Both validators must say the same."""
    thorough, quick = _validators(name)
    verdict = quick.is_valid(document)
    assert thorough.is_valid(document) is verdict, f"the validators differ about {document}"
    return verdict


def check(name: str, document: Any) -> None:
    """Fail with what is wrong with a document."""
    thorough, quick = _validators(name)
    thorough.validate(document)
    quick.validate(document)


def paths(document: Any, above: Place = ()) -> Iterator[Place]:
    """The place of everything inside a document."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for step, value in inner:
        yield (*above, step)
        if isinstance(value, dict | list):
            yield from paths(value, (*above, step))


def without(document: Any, path: Place) -> Any:
    """A copy of the document that lacks what is at the path."""
    copy, parent = _copied(document, path)
    del parent[path[-1]]
    return copy


def with_value(document: Any, path: Place, value: Any) -> Any:
    """A copy of the document with another value at the path."""
    copy, parent = _copied(document, path)
    parent[path[-1]] = value
    return copy


def _copied(document: Any, path: Place) -> tuple[Any, Any]:
    copy = parent = json.loads(json.dumps(document))
    for step in path[:-1]:
        parent = parent[step]
    return copy, parent


@cache
def _validators(name: str) -> tuple[Draft7Validator, jsonschema_rs.Draft7Validator]:
    thorough = Draft7Validator(schema(name), format_checker=FORMATS)
    return thorough, jsonschema_rs.Draft7Validator(schema(name), validate_formats=True)

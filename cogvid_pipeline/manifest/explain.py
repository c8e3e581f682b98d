"""What a JSON Schema's verdict means, in the words of someone who writes manifests."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cogvid_pipeline.manifest import wording
from cogvid_pipeline.manifest.advice import key_advice
from cogvid_pipeline.manifest.mistakes import Mistake, Path
from cogvid_pipeline.manifest.schema import Schemas

if TYPE_CHECKING:
    from jsonschema import ValidationError


def explain(errors: Iterable["ValidationError"], schemas: Schemas) -> list[Mistake]:
    """One mistake for each thing that is wrong: a value of the wrong type is not also a wrong value."""
    mistakes: dict[Mistake, None] = {}
    wrong_type: set[Path] = set()
    for error in errors:
        for leaf in _leaves(error):
            path: Path = tuple(leaf.absolute_path)
            if leaf.validator == "type":
                wrong_type.add(path)
            mistakes.update(dict.fromkeys(_mistakes(leaf, path, schemas)))
    return [each for each in mistakes if each.code != "CV203" or each.path not in wrong_type]


def _leaves(error: "ValidationError") -> Iterator["ValidationError"]:
    """Of the forms that a value may have, only the one that was tried is worth explaining."""
    if error.validator != "anyOf":
        yield error
        return
    forms: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        forms.setdefault(inner.schema_path[0], []).append(inner)
    tried = [form for form in forms.values() if not any(_is_other_type(inner) for inner in form)]
    if not tried:
        yield error
    for inner in tried[0] if tried else ():
        yield from _leaves(inner)


def _is_other_type(error: "ValidationError") -> bool:
    return error.validator == "type" and not error.path


def _mistakes(error: "ValidationError", path: Path, schemas: Schemas) -> Iterator[Mistake]:
    if "propertyNames" in error.schema_path:
        yield _bad_name(error, path)
        return
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(error, path, schemas)
        case "required":
            yield from _missing(error, path)
        case "type" | "anyOf":
            yield _wrong_type(error, path)
        case "enum":
            yield _wrong_choice(error, path, schemas)
        case "pattern":
            yield _malformed(error, path)
        case "not":
            message = f"`{path[-1]}` is not supported by {wording.either(schemas.models)}"
            yield Mistake("CV204", message, path, error.schema["description"], at_key=True)
        case _:
            yield _out_of_bounds(error, path)


def _bad_name(error: "ValidationError", container: Path) -> Mistake:
    """A key that is not made as its schema says."""
    key = error.instance
    path = (*container, key)
    if error.validator == "not":
        message = f"`{key}` has a meaning of its own in templates"
        return Mistake("CV206", message, path, "choose another name", at_key=True)
    variable = container != ("shots",)
    hint = _name_hint(key, error.schema, separator="_" if variable else "-")
    return Mistake(
        "CV206", f"`{wording.shown(key)}` cannot be {_what(error.schema)}", path, hint, at_key=True
    )


def _what(schema: dict[str, Any]) -> str:
    return wording.with_article(wording.noun(schema["title"]))


def _name_hint(text: str, schema: dict[str, Any], *, separator: str) -> str:
    """The rule, and the nearest name that keeps it where there is one."""
    rule: str = schema["description"].partition(". ")[0].rstrip(".")
    pattern = re.compile(schema["pattern"])
    for candidate in (text, text.lower(), text.upper()):
        near = re.sub(r"[^A-Za-z0-9_-]+" if separator == "-" else r"\W+", separator, candidate, flags=re.A)
        near = near.strip("-_")[:64]
        if pattern.search(near):
            return f"write {near}: {rule[0].lower()}{rule[1:]}"
    return rule


def _unknown_keys(error: "ValidationError", path: Path, schemas: Schemas) -> Iterator[Mistake]:
    properties = error.schema["properties"]
    where = f"in {wording.name(path)}" if path else "at the top level"
    for key in error.instance:
        if key not in properties and (path or not key.startswith("x-")):
            hint = key_advice(key, path, properties.keys() - schemas.unsupported, schemas.manifest)
            message = f"`{wording.shown(key)}` is not known {where}"
            yield Mistake("CV201", message, (*path, key), hint, at_key=True)


def _missing(error: "ValidationError", path: Path) -> Iterator[Mistake]:
    for key in error.validator_value:
        if key not in error.instance:
            schema = error.schema["properties"][key]
            hint = f"add `{key}: {wording.example(schema)}`" if "examples" in schema else f"add `{key}:`"
            yield Mistake("CV205", f"{wording.name(path)} has no `{key}`", path, hint, at_key=True)


def _wrong_type(error: "ValidationError", path: Path) -> Mistake:
    """The value is of none of the types that may stand there."""
    value = error.instance
    expected = (
        [error.validator_value]
        if error.validator == "type"
        else [inner.validator_value for inner in error.context if _is_other_type(inner)]
    )
    if value is None and not path:
        return Mistake("CV109", "this file is empty", path, "`cogvid init` writes one to start from")
    if value is None:
        hint = f"write {wording.kinds(expected)} there, or remove the line"
        return Mistake("CV207", f"{wording.name(path)} is empty", path, hint)
    message = f"{wording.name(path)} must be {wording.kinds(expected)}, not {wording.described(value)}"
    return Mistake("CV202", message, path, wording.type_hint(value, expected, error.schema))


def _wrong_choice(error: "ValidationError", path: Path, schemas: Schemas) -> Mistake:
    value, title = error.instance, error.schema["title"]
    words = wording.noun(title)
    if error.schema == schemas.parameters.get(path[-1]) and path[-1] != "model":
        message = (
            f"{wording.shown(value)} is not {wording.with_article(words)} of {wording.either(schemas.models)}"
        )
    else:
        message = f"{wording.shown(value)} is not a known {words}"
    return Mistake("CV203", message, path, wording.choice_hint(value, error.validator_value, title))


def _malformed(error: "ValidationError", path: Path) -> Mistake:
    message = f"{wording.shown(error.instance)} cannot be {_what(error.schema)}"
    return Mistake("CV206", message, path, _name_hint(error.instance, error.schema, separator="-"))


def _out_of_bounds(error: "ValidationError", path: Path) -> Mistake:
    """Too little or too much of something that is otherwise right."""
    value, limit, subject = error.instance, error.validator_value, wording.name(path)
    match error.validator:
        case "minimum":
            return Mistake("CV208", f"{subject} is {value}, below {limit}", path, f"write {limit} or more")
        case "maxItems":
            message = f"{subject} lists {len(value)} things, {limit} at most"
            return Mistake("CV209", message, path, error.schema["description"])
        case _:
            hint = f"as in: {wording.example(error.schema)}, or remove the line"
            return Mistake("CV207", f"{subject} is empty", path, hint)

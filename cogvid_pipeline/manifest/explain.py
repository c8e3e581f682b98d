"""What a JSON Schema's verdict means, in the words of someone who writes manifests."""

import re
from collections.abc import Iterable, Iterator, Set
from typing import Any

from cogvid_pipeline.manifest import wording
from cogvid_pipeline.manifest.advice import advise
from cogvid_pipeline.manifest.mistakes import Mistake, Path, parents
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.manifest.slips import slips
from cogvid_pipeline.manifest.violation import Violation

# The name of a take, as the lock and the clips have it.
_TAKE = re.compile(r"([a-z0-9][a-z0-9._-]*)@([1-9][0-9]*)")


def explain(data: Any, violations: Iterable[Violation], schemas: Schemas) -> list[Mistake]:
    """One mistake for each thing that is wrong, in no particular order."""
    leaves = [leaf for violation in violations for leaf in _leaves(violation)]
    unknown = [
        mistake
        for leaf in leaves
        if leaf.keyword == "additionalProperties"
        for mistake in _unknown_keys(leaf, schemas)
    ]
    found = list(slips(data, leaves, schemas))
    told = {path for slip in found for path in (slip.path, *slip.covers)}
    misspelled = {(*mistake.path[:-1], mistake.meant) for mistake in unknown}
    mistyped = {leaf.path for leaf in leaves if leaf.keyword == "type"}
    others = (
        mistake
        for leaf in leaves
        # A value of the wrong type is a wrong choice, too; that goes without saying.
        if not (leaf.keyword == "enum" and leaf.path in mistyped)
        for mistake in _mistakes(leaf, misspelled, schemas)
    )
    rest = (each for each in (*unknown, *others) if told.isdisjoint(parents(each.path)))
    return list(dict.fromkeys((*found, *rest)))


def _leaves(violation: Violation) -> Iterator[Violation]:
    """Of the forms that a value may have, only the one that was tried is worth explaining."""
    tried = [form for form in violation.forms if not any(each.rules_out(violation.path) for each in form)]
    others = {each.limit for form in violation.forms for each in form if each.rules_out(violation.path)}
    if not tried or (not others.isdisjoint(wording.NUMBERS) and wording.is_number(violation.value)):
        yield violation
        return
    for each in tried[0]:
        yield from _leaves(each)


def _mistakes(rule: Violation, misspelled: Set[Path], schemas: Schemas) -> Iterator[Mistake]:
    if rule.of_key:
        yield _bad_name(rule)
        return
    match rule.keyword:
        case "additionalProperties":
            pass
        case "required":
            yield from _missing(rule, misspelled, schemas)
        case "type" | "anyOf":
            yield _wrong_type(rule)
        case "enum":
            yield _wrong_choice(rule, schemas)
        case "pattern":
            message = f"{wording.shown(rule.value)} cannot be {_what(rule)}"
            yield Mistake("CV206", message, rule.path, _name_hint(rule))
        case "not":
            message = f"{wording.name(rule.path)} is not supported by {wording.either(schemas.models)}"
            yield Mistake("CV204", message, rule.path, rule.schema["description"].rstrip("."), at_key=True)
        case _:
            yield _out_of_bounds(rule)


def _unknown_keys(rule: Violation, schemas: Schemas) -> Iterator[Mistake]:
    properties = rule.schema["properties"]
    missing = [key for key in rule.schema.get("required", ()) if key not in rule.value]
    where = f"in {wording.name(rule.path)}" if rule.path else "at the top level"
    for key in rule.value:
        if key not in properties and (rule.path or not key.startswith("x-")):
            known = properties.keys() - schemas.unsupported
            hint, meant = advise(key, rule.path, known, schemas.manifest)
            # Of a pair such as a price, the key that is wrong is most likely the one that is missing.
            if rule.path and len(missing) == 1 and len(rule.value) == len(rule.schema["required"]):
                meant = missing[0]
                hint = f"write `{meant}`"
            message = f"`{wording.shown(key)}` is not known {where}"
            yield Mistake("CV201", message, (*rule.path, key), hint, at_key=True, meant=meant)


def _missing(rule: Violation, misspelled: Set[Path], schemas: Schemas) -> Iterator[Mistake]:
    """What is required and not there, unless it is there under a name with a typing error."""
    for key in rule.limit:
        if key not in rule.value and (*rule.path, key) not in misspelled:
            # That there are no shots is said by a rule without properties of its own.
            properties = rule.schema.get("properties", schemas.manifest["properties"])
            example = wording.example(schemas.definition(properties[key]))
            hint = f"add `{key}: {example}`"
            yield Mistake("CV205", f"{wording.name(rule.path)} has no `{key}`", rule.path, hint, at_key=True)


def _wrong_type(rule: Violation) -> Mistake:
    """The value is of none of the types that may stand there."""
    value, subject = rule.value, wording.name(rule.path)
    others = [each.limit for form in rule.forms for each in form if each.rules_out(rule.path)]
    expected = others or [rule.limit]
    if value is None and not rule.path:
        return Mistake("CV109", "this file is empty", rule.path, "`cogvid init` writes one to start from")
    if value is None:
        return _empty(rule)
    message = f"{subject} must be {wording.kinds(expected)}, not {wording.described(value)}"
    return Mistake("CV202", message, rule.path, wording.type_hint(value, expected, rule.schema))


def _wrong_choice(rule: Violation, schemas: Schemas) -> Mistake:
    title = rule.schema["title"]
    words = wording.noun(title)
    if rule.path[-1] in schemas.parameters and rule.path[-1] != "model":
        what = f"{wording.with_article(words)} of {wording.either(schemas.models)}"
    else:
        what = f"a known {words}"
    message = f"{wording.shown(rule.value)} is not {what}"
    return Mistake("CV203", message, rule.path, wording.choice_hint(rule.value, rule.limit, title))


def _bad_name(rule: Violation) -> Mistake:
    """A key that is not made as its schema says; the rule's path is that of the mapping."""
    path = (*rule.path, rule.value)
    if rule.keyword == "not":
        message = f"`{rule.value}` has a meaning of its own in templates"
        return Mistake("CV206", message, path, "choose another name", at_key=True)
    message = f"`{wording.shown(rule.value)}` cannot be {_what(rule)}"
    return Mistake("CV206", message, path, _name_hint(rule), at_key=True)


def _what(rule: Violation) -> str:
    return wording.with_article(wording.noun(rule.schema["title"]))


def _name_hint(rule: Violation) -> str:
    """How such names are made, and the nearest one where there is one."""
    words: str = rule.schema["description"].partition(". ")[0].rstrip(".")
    words = words[0].lower() + words[1:]
    pattern = re.compile(rule.schema["pattern"])
    if (take := _TAKE.fullmatch(rule.value)) and not rule.of_key:
        return f"write the take beside it, as in {{shot: {take[1]}, take: {take[2]}}}"
    separator = "-" if pattern.search("a-b") else "_"
    kept = f".{separator}" if pattern.search("a.b") else separator
    for text in (rule.value, rule.value.lower(), rule.value.upper()) if "/" not in rule.value else ():
        near = re.sub(rf"[^A-Za-z0-9_{kept}]+", separator, text).strip("-_.")[:64]
        if pattern.search(near):
            return f"write {near}: {words}"
    return f"use {words}"


def _out_of_bounds(rule: Violation) -> Mistake:
    """Too little or too much of something that is otherwise right."""
    value, limit, subject = rule.value, rule.limit, wording.name(rule.path)
    match rule.keyword:
        case "minimum":
            return Mistake(
                "CV208", f"{subject} is {value}, below {limit}", rule.path, f"write {limit} or more"
            )
        case "exclusiveMinimum":
            message, hint = f"{subject} is {value}, not above {limit}", f"write more than {limit}"
            return Mistake("CV208", message, rule.path, hint)
        case "maximum":
            message, hint = f"{subject} is {value}, above {limit}", f"write {limit} or less"
            return Mistake("CV210", message, rule.path, hint)
        case "maxItems":
            message = f"{subject} lists {len(value)} things, {limit} at most"
            return Mistake("CV209", message, rule.path, rule.schema["description"].rstrip("."))
        case _:
            return _empty(rule)


def _empty(rule: Violation) -> Mistake:
    hint = f"remove the line, or write something as in: {wording.example(rule.schema)}"
    return Mistake("CV207", f"{wording.name(rule.path)} is empty", rule.path, hint)

"""Slips that break several rules at once, each told as the one mistake that it is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from cogvid_pipeline.manifest import wording
from cogvid_pipeline.manifest.advice import advise
from cogvid_pipeline.manifest.mistakes import Mistake, Path
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.manifest.violation import Violation


def slips(data: Any, broken: Sequence[Violation], schemas: Schemas) -> Iterator[Mistake]:
    """The slips among what is broken; nothing more is to be said about what they are about and cover."""
    yield from _beside_their_shot(data, broken, schemas)
    for rule in broken:
        if rule.keyword == "additionalProperties":
            if not rule.path:
                yield from _beside_their_section(rule, schemas)
            elif rule.schema == schemas.manifest["definitions"]["frame"]:
                yield from _no_frame(rule)


def _beside_their_shot(data: Any, broken: Sequence[Violation], schemas: Schemas) -> Iterator[Mistake]:
    """Keys of a shot that stand in the column of the shot's own name."""
    strays = {rule.path[1] for rule in broken if rule.path[:1] == ("shots",) and rule.path[1:]}
    strays &= schemas.manifest["definitions"]["shot"]["properties"].keys()
    if strays:
        shots = data["shots"]
        yield from _unindented(
            ("shots",), shots, lambda key: shots[key] is None, lambda _, key: key in strays
        )


def _beside_their_section(rule: Violation, schemas: Schemas) -> Iterator[Mistake]:
    """Keys of a part of the manifest that stand at the top level."""
    sections = schemas.manifest["properties"]

    def is_empty(key: str) -> bool:
        return rule.value[key] is None and sections.get(key, {}).get("type") == "object"

    def belongs(section: str, key: str) -> bool:
        if key in sections or key.startswith("x-"):
            return False
        known = sections[section].get("properties")
        return key in known if known else not advise(key, (), sections.keys(), schemas.manifest)[1]

    yield from _unindented((), rule.value, is_empty, belongs)


def _unindented(
    at: Path, keys: Iterable[str], is_empty: Callable[[str], bool], belongs: Callable[[str, str], bool]
) -> Iterator[Mistake]:
    """For each empty value the keys after it that belong into it."""
    homes: dict[str, list[str]] = {}
    home = ""
    for key in keys:
        if is_empty(key):
            home = key
        elif home and belongs(home, key):
            homes.setdefault(home, []).append(key)
    for home, strays in homes.items():
        message = f"`{home}` is empty, and `{strays[0]}` stands beside it"
        hint = f"indent {wording.listed(strays)} under `{home}`"
        covers = tuple((*at, stray) for stray in strays)
        yield Mistake("CV207", message, (*at, home), hint, at_key=True, covers=covers)


def _no_frame(rule: Violation) -> Iterator[Mistake]:
    """A mapping around a picture, where a path is enough."""
    image = rule.value
    if not image.keys().isdisjoint(rule.schema["required"]):
        return
    message = f"{wording.name(rule.path)} takes no mapping with {wording.listed(image)}"
    key = f"{rule.path[-1]}: " if isinstance(rule.path[-1], str) else ""
    hint = f"write the path itself, or a frame as in: {key}{wording.example(rule.schema)}"
    if image.keys() == {"first", "last"}:
        hint = f"write {key}{wording.flow([image['first'], image['last']])}"
    elif len(image) == 1 and isinstance(path := next(iter(image.values())), str):
        hint = f"write the path itself: {key}{wording.flow(path)}"
    yield Mistake("CV202", message, rule.path, hint)

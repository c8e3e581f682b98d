"""From a draft to the storyboard: defaults applied, templates rendered, pictures found."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any

from cogvid_pipeline.manifest.draft import Draft
from cogvid_pipeline.manifest.images import ImageMistake, Pictures
from cogvid_pipeline.manifest.mistakes import Mistake, Notes
from cogvid_pipeline.manifest.rules import check
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.manifest.scope import Scope
from cogvid_pipeline.model.shot import Image, Money, Shot, ShotFrame, Storyboard

# What a shot has that is no parameter of its own in a request.
_NO_PARAMETER = frozenset({"model", "prompt", "image", "tags"})
# Directories of Git's and of cogvid's own.
_RESERVED = frozenset({".git", ".cogvid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a manifest is resolved with: variables from outside win over its own, as does the provider."""

    directory: FilePath
    schemas: Schemas
    variables: Mapping[str, Any]
    provider: str | None


def resolve(draft: Draft, setting: Setting) -> tuple[Storyboard, list[Mistake]]:
    """The storyboard, and what is wrong with it beyond its structure: it is usable when nothing is."""
    notes = Notes()
    data = draft.data
    project = data.get("project") or _project_name(setting.directory)
    provider = setting.provider or data.get("provider", "")
    if not provider and draft.lacks("provider"):
        hint = "add `provider: preview` to try it out for free, or give --provider"
        notes.add(Mistake("CV405", "the manifest has no `provider`", (), hint))
    variables = {**data.get("vars", {}), **setting.variables}
    scope = Scope(variables, data.get("prompts", {}), project, notes, unsure=draft.may_define)
    scope.check_fragments()
    shots = _Shots(draft, scope, Pictures(setting.directory, draft.names), notes)
    board = Storyboard(
        project=project,
        title=data.get("title", ""),
        provider=provider,
        output=_output(draft, setting, notes),
        shots=tuple(shots.resolve(name) for name in draft.shots),
        documented_defaults={
            model: setting.schemas.documented_defaults(model) for model in setting.schemas.models
        },
        budget=_money(data["budget"], "max_cost") if "budget" in data else None,
        prices={name: _money(price, "amount") for name, price in data.get("prices", {}).items()},
    )
    check(board, draft, setting.schemas, shots.unrendered, notes)
    return board, notes.mistakes


class _Shots:
    """Fills in one shot after the other; `unrendered` are those whose prompt is wrong."""

    def __init__(self, draft: Draft, scope: Scope, pictures: Pictures, notes: Notes) -> None:
        self._draft, self._scope, self._pictures, self._notes = draft, scope, pictures, notes
        self.unrendered: set[str] = set()

    def resolve(self, name: str) -> Shot:
        own = self._draft.shots[name]
        values = {**self._draft.defaults, **own}
        return Shot(
            name=name,
            model=values.get("model", ""),
            prompt=self._prompt(name, values["prompt"]) if "prompt" in values else "",
            images=tuple(self._images(name)) if "image" in values else (),
            # A whole number may be written as 30.0, too.
            parameters={
                key: int(value) if isinstance(value, float) else value
                for key, value in values.items()
                if key not in _NO_PARAMETER
            },
            tags=tuple(own.get("tags", ())),
        )

    def _prompt(self, name: str, text: str) -> str:
        prompt = self._scope.render(text, self._draft.origin(name, "prompt"))
        if prompt is None:
            self.unrendered.add(name)
            return ""
        return prompt.strip()

    def _images(self, name: str) -> Iterator[Image]:
        """The pictures of a shot, without those that are wrong."""
        for where, each in self._draft.images(name):
            if isinstance(each, dict):
                frame = each["frame"]
                yield ShotFrame(each["shot"], float(frame) if isinstance(frame, int) else frame)
            elif (address := self._scope.render(each, where)) is not None:
                try:
                    yield self._pictures.find(address)
                except ImageMistake as mistake:
                    self._notes.add(Mistake(mistake.code, str(mistake), where, mistake.hint))


def _output(draft: Draft, setting: Setting, notes: Notes) -> str:
    output: str = draft.data.get("output", setting.schemas.manifest["properties"]["output"]["default"])
    if why := _unusable(output, setting.directory.resolve()):
        hint = "let `output` name a directory of its own below the manifest's, as in: output: renders"
        notes.add(Mistake("CV416", f"clips cannot go to {output}{why}", ("output",), hint))
    return output


def _unusable(output: str, root: FilePath) -> str:
    """Why clips cannot go to a path below the root; "" when they can."""
    written = FilePath(os.path.normpath(root / output))
    try:
        real = (root / output).resolve()
        taken = real.exists() and not real.is_dir()
    except (OSError, RuntimeError, ValueError):
        return ": this path cannot be followed"
    if not written.is_relative_to(root):
        return ": it lies outside the manifest's directory"
    if not real.is_relative_to(root):
        return f": a link there leads out of the manifest's directory, to {real}"
    if real == root:
        return ": it is the manifest's own directory"
    for part in (*written.relative_to(root).parts, *real.relative_to(root).parts):
        # Some file systems take .GIT for the same.
        if part.lower() in _RESERVED:
            return f": {part} is not for clips"
    return ": it is a file" if taken else ""


def _project_name(directory: FilePath) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")[:64]
    return name or "project"


def _money(value: Mapping[str, Any], amount: str) -> Money:
    # The shortest text of a float is what was written.
    return Money(Decimal(str(value[amount])), value["currency"])

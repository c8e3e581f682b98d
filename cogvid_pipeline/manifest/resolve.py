"""From a draft to the storyboard: defaults applied, templates rendered, pictures found."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from cogvid_pipeline.manifest.draft import Draft
from cogvid_pipeline.manifest.fit import fit_of, unfit
from cogvid_pipeline.manifest.images import ImageMistake, Pictures, subject_of
from cogvid_pipeline.manifest.matrix import spell_out
from cogvid_pipeline.manifest.mistakes import Mistake, Notes, Path
from cogvid_pipeline.manifest.output import check_output
from cogvid_pipeline.manifest.preflight import preflight
from cogvid_pipeline.manifest.rules import check
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.manifest.scope import Scope, Words, make_scope
from cogvid_pipeline.model.shot import (
    Fit,
    Image,
    ImageUrl,
    Money,
    Provenance,
    Shot,
    ShotFrame,
    Storyboard,
)

if TYPE_CHECKING:
    from cogvid_pipeline.model.cut import Segment

# What a shot says about its clips, each with what makes it so: a whole number may be written as 2.0.
_CHOICES: Mapping[str, Callable[[Any], Any]] = {
    "takes": int,
    "pick": int,
    "protect": bool,
    "freeze": bool,
    "depends_on": tuple,
}
# What a shot has that is no parameter of its own in a request.
_NO_PARAMETER = frozenset({"model", "prompt", "image", "fit", "tags", "matrix", "exclude", *_CHOICES})


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
    draft = spell_out(draft, notes)
    data = draft.data
    project = data.get("project") or _project_name(setting.directory)
    variables = {**data.get("vars", {}), **draft.chosen.get("vars", {}), **setting.variables}
    scope = make_scope(Words(variables, data.get("prompts", {}), project, notes, draft.may_define))
    scope.check_fragments()
    shots = _Shots(draft, scope, Pictures(setting.directory, draft.names), notes)
    board = Storyboard(
        project=project,
        title=data.get("title", ""),
        provider=_provider(draft, setting, notes),
        output=_output(draft, setting, notes),
        shots=tuple(shots.resolve_all()),
        documented_defaults={
            model: setting.schemas.documented_defaults(model) for model in setting.schemas.models
        },
        budget=_money(data["budget"], "max_cost") if "budget" in data else None,
        prices={name: _money(price, "amount") for name, price in data.get("prices", {}).items()},
        environment=draft.environment,
        remote=_remote(data.get("remote", ""), notes),
        sequence=_sequence(draft),
        provenance=_provenance(draft, setting, notes),
    )
    check(board, draft, setting.schemas, shots.unrendered, notes)
    return board, notes.mistakes


class _Shots:
    """Fills in one shot after the other; `unrendered` are those whose prompt is wrong."""

    def __init__(self, draft: Draft, scope: Scope, pictures: Pictures, notes: Notes) -> None:
        self._draft, self._scope, self._pictures, self._notes = draft, scope, pictures, notes
        self.unrendered: set[str] = set()

    def resolve_all(self) -> Iterator[Shot]:
        for written in self._draft.shots:
            if written in self._draft.matrices:
                for name, values in self._draft.matrices[written].items():
                    yield self._resolve(name, self._scope.of_matrix(values))
            else:
                yield self._resolve(written, self._scope)

    def _resolve(self, name: str, scope: Scope) -> Shot:
        own = self._draft.own(name)
        values = {**self._draft.defaults, **own}
        shot = Shot(
            name=name,
            model=values.get("model", ""),
            prompt=self._prompt(name, values["prompt"], scope) if "prompt" in values else "",
            images=tuple(self._images(name, scope)) if "image" in values else (),
            # A whole number may be written as 30.0, too.
            parameters={
                key: int(value) if isinstance(value, float) else value
                for key, value in values.items()
                if key not in _NO_PARAMETER
            },
            tags=tuple(own.get("tags", ())),
        )
        chosen = _CHOICES.keys() & own.keys()
        return replace(shot, **{key: _CHOICES[key](own[key]) for key in chosen}) if chosen else shot

    def _prompt(self, name: str, text: str, scope: Scope) -> str:
        prompt = scope.render(text, self._draft.origin(name, "prompt"))
        if prompt is None:
            self.unrendered.add(name)
            return ""
        return prompt.strip()

    def _images(self, name: str, scope: Scope) -> Iterator[Image]:
        """The pictures of a shot, without those that are wrong."""
        fit = fit_of(name, self._draft, self._notes)
        for where, each in self._draft.images(name):
            if isinstance(each, dict):
                frame, shot = each["frame"], each["shot"]
                take = int(each["take"]) if "take" in each else self._draft.picked(shot)
                # A frame of a clip that is asked for in the same size needs nothing.
                its = fit if fit and fit.size != self._draft.value(shot, "size") else None
                yield ShotFrame(shot, float(frame) if isinstance(frame, int) else frame, take, its)
            elif (address := scope.render(each, where)) is not None:
                try:
                    yield self._picture(name, address, where, fit)
                except ImageMistake as mistake:
                    self._notes.add(Mistake(mistake.code, str(mistake), where, mistake.hint))

    def _picture(self, name: str, address: str, where: Path, fit: Fit | None) -> Image:
        fitted = self._draft.value(name, "fit") in ("pad", "crop")
        certain = self._draft.is_certain(name, "fit")
        picture = self._pictures.find(address, prepared=fitted or not certain)
        if isinstance(picture, ImageUrl):
            if fit:
                raise unfit(fit)
            return picture
        if certain and self._draft.is_certain(name, "size"):
            pixels, size = self._pictures.pixels(picture), self._draft.value(name, "size")
            for warning in preflight(subject_of(address), pixels, size, where, fitted=fitted):
                self._notes.add(warning)
        return replace(picture, fit=fit) if fit else picture


def _provider(draft: Draft, setting: Setting, notes: Notes) -> str:
    provider: str = setting.provider or draft.chosen.get("provider") or draft.data.get("provider", "")
    if not provider and draft.lacks("provider"):
        named = draft.data.get("environments", {}).items()
        with_one = next((name for name, each in named if "provider" in each), "")
        hint = "add `provider: preview` to try it out for free, or give --provider"
        if with_one and not draft.environment:
            hint = f"add `provider: preview`, or choose an environment that has one, as in --env {with_one}"
        notes.add(Mistake("CV405", "the manifest has no `provider`", (), hint))
    return provider


def _output(draft: Draft, setting: Setting, notes: Notes) -> str:
    output: str = draft.data.get("output", setting.schemas.manifest["properties"]["output"]["default"])
    if draft.environment:
        output = f"{output.rstrip('/')}/{draft.environment}"
    if mistake := check_output(output, setting.directory):
        notes.add(mistake)
    return output


def _sequence(draft: Draft) -> tuple["Segment", ...]:
    if "sequence" not in draft.data:
        return ()
    from cogvid_pipeline.manifest.sequence import make_sequence  # many manifests have none

    return make_sequence(draft)


def _remote(remote: str, notes: Notes) -> str:
    if remote:
        from cogvid_pipeline.manifest.remote import check_remote  # few manifests have one

        if mistake := check_remote(remote):
            notes.add(mistake)
    return remote


def _provenance(draft: Draft, setting: Setting, notes: Notes) -> Provenance | None:
    if "provenance" not in draft.data:
        return None
    from cogvid_pipeline.manifest.certificate import check_certificate  # few manifests have one

    provenance = Provenance(**draft.data["provenance"])
    if provenance.certificate and (
        mistake := check_certificate(provenance.certificate, setting.directory.resolve())
    ):
        notes.add(mistake)
    return provenance


def _project_name(directory: FilePath) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")[:64]
    return name or "project"


def _money(value: Mapping[str, Any], amount: str) -> Money:
    # The shortest text of a float is what was written.
    return Money(Decimal(str(value[amount])), value["currency"])

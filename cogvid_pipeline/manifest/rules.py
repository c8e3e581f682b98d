"""The rules that hold for the storyboard as a whole, each mistake put where its value was written."""

from collections.abc import Set
from typing import Any

from cogvid_pipeline.manifest.draft import Draft
from cogvid_pipeline.manifest.mistakes import Mistake, Notes, Path
from cogvid_pipeline.manifest.references import References
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.manifest.suggest import Suggestions
from cogvid_pipeline.manifest.upstream import check_upstream
from cogvid_pipeline.manifest.violation import Violation
from cogvid_pipeline.model.shot import Money, Shot, Storyboard

# Names of currencies that look like codes.
_OTHER_CURRENCIES = {"RMB": "CNY", "CNH": "CNY", "YEN": "JPY"}


def check(board: Storyboard, draft: Draft, schemas: Schemas, unrendered: Set[str], notes: Notes) -> None:
    """Note what is wrong; prompts of `unrendered` shots are not known, which is noted already."""
    rules = _Rules(board, draft, schemas, unrendered, notes)
    rules.check_models()
    rules.check_requests()
    references = References(draft, notes)
    check_upstream(draft, references, rules.seconds, notes)
    if "sequence" in draft.data:
        from cogvid_pipeline.manifest.sequence import check_sequence  # many manifests have none

        check_sequence(draft, references, rules.seconds, notes)
    rules.check_currencies()
    if draft.intact and not notes.mistakes:
        rules.warn_of_twins()
    rules.warn_of_unused_prices()


class _Rules:
    def __init__(
        self, board: Storyboard, draft: Draft, schemas: Schemas, unrendered: Set[str], notes: Notes
    ) -> None:
        self.board, self.draft, self.schemas, self.notes = board, draft, schemas, notes
        self.unrendered = unrendered
        self.too_long: set[Path] = set()
        self.suggestions = Suggestions()
        self.shots = {shot.name: shot for shot in board.shots}

    def check_models(self) -> None:
        names = [
            shot.name
            for shot in self.board.shots
            if not shot.model and self.draft.is_certain(shot.name, "model")
        ]
        if names:
            more = f" and {len(names) - 1} more have" if names[1:] else " has"
            message = f"{names[0]}{more} no `model`"
            hint = f"write `model: {self.schemas.models[0]}` under `defaults:`"
            self.notes.add(Mistake("CV404", message, self.draft.home(names[0]), hint, at_key=True))

    def check_requests(self) -> None:
        """What each model's schema says about what would be asked of it."""
        for model in self.schemas.models:
            # A shot with no model of its own is told so; beyond that it may have the mistakes of any model.
            shots = [shot for shot in self.board.shots if (shot.model or self.schemas.models[0]) == model]
            requests = [self.request(shot, model) for shot in shots]
            for index, rule in self.schemas.request_violations(model, requests):
                self.broken_rule(shots[index].name, model, rule)

    def request(self, shot: Shot, model: str) -> dict[str, Any]:
        """A request in the form of the model's schema, with stand-ins for what is wrong in itself."""
        request: dict[str, Any] = {"model": model, **shot.parameters}
        if prompt := "…" if shot.name in self.unrendered else shot.prompt:
            request["prompt"] = prompt
        if images := self.draft.image_count(shot.name):
            request["image"] = ["…"] * images
        return request

    def broken_rule(self, name: str, model: str, rule: Violation) -> None:
        limit = rule.limit
        match rule.keyword:
            case "maxLength":
                self.too_long_prompt(name, model, len(rule.value), limit)
            case "const":
                written = self.draft.written(name)
                message = f"a first and a last image, as {written} has them, need `quality: {limit}`"
                hint = f"write `quality: {limit}` in each shot with two images, or give it one"
                self.notes.add(Mistake("CV403", message, self.draft.origin(name, "quality"), hint))
            case _:
                if self.draft.is_certain(name, "prompt") and self.draft.is_certain(name, "image"):
                    self.nothing_to_show(name)

    def too_long_prompt(self, name: str, model: str, length: int, limit: int) -> None:
        path, written = self.draft.origin(name, "prompt"), self.draft.written(name)
        # One prompt that all shots of a matrix have is one mistake.
        if name != written and path in self.too_long:
            return
        self.too_long.add(path)
        where = f", filled in for {name}," if name != written else ""
        message = f"the prompt{where} has {length} characters; {model} takes at most {limit}"
        hint = f"shorten it by {length - limit}; what counts is the text with its templates filled in"
        self.notes.add(Mistake("CV402", message, path, hint))

    def nothing_to_show(self, name: str) -> None:
        if self.draft.has(name, "prompt"):
            message = "the prompt is empty once it is filled in"
            hint = "write what happens in the video, or remove the prompt and add `image:`"
            self.notes.add(Mistake("CV401", message, self.draft.origin(name, "prompt"), hint))
        else:
            message = f"{self.draft.written(name)} has neither a prompt nor an image"
            hint = "add `prompt:`, `image:` or both"
            self.notes.add(Mistake("CV401", message, self.draft.home(name), hint, at_key=True))

    def seconds(self, name: str) -> float | None:
        """How long the clip of a shot lasts, None where that is not known."""
        shot = self.shots.get(name)
        if shot is None or not self.draft.is_certain(name, "duration"):
            return None
        documented = self.board.documented_defaults.get(shot.model, {})
        seconds = shot.parameters.get("duration", documented.get("duration"))
        return None if seconds is None else float(seconds)

    def check_currencies(self) -> None:
        sums: dict[Path, Money | None] = {("budget",): self.board.budget}
        sums.update((("prices", name), price) for name, price in self.board.prices.items())
        for path, money in sums.items():
            if money and (code := _OTHER_CURRENCIES.get(money.currency)):
                message = f"{money.currency} is not the code of a currency"
                self.notes.add(Mistake("CV203", message, (*path, "currency"), f"write {code}"))

    def warn_of_unused_prices(self) -> None:
        """A price for a misspelled model would leave the right one without any."""
        for name in self.board.prices:
            prefix, _, model = name.rpartition("/")
            if model not in self.schemas.models:
                near = self.suggestions.nearest(model, self.schemas.models)
                home = f"{prefix}/" if prefix else ""
                hint = f"write {home}{near}" if near else f"the models are: {', '.join(self.schemas.models)}"
                message = f"no shot can have the model {model}, so this price counts for nothing"
                path = ("prices", name)
                self.notes.add(Mistake("CV418", message, path, hint, at_key=True, severity="warning"))

    def warn_of_twins(self) -> None:
        """Equal requests share one clip, which may not be what was meant."""
        alike: dict[Any, list[Shot]] = {}
        for shot in self.board.shots:
            alike.setdefault((shot.prompt, shot.images, shot.model), []).append(shot)
        for shots in alike.values():
            if len(shots) > 1:
                self.warn_of_twins_among(shots)

    def warn_of_twins_among(self, shots: list[Shot]) -> None:
        first: dict[Any, str] = {}
        for shot in shots:
            parameters = {**self.board.documented_defaults[shot.model], **shot.parameters}
            twin = first.setdefault(frozenset(parameters.items()), shot.name)
            if twin != shot.name:
                message = f"{shot.name} asks for the same as {twin}, so they share one clip"
                hint = "change the prompt of one, or make one shot with `takes: 2` of them"
                path = self.draft.home(shot.name)
                if path == self.draft.home(twin):
                    message = f"shots of {path[1]} ask for the same as others of its matrix, and share a clip"
                    hint = "write what is different about them into the prompt, as in {{ matrix.… }}"
                self.notes.add(Mistake("CV417", message, path, hint, at_key=True, severity="warning"))

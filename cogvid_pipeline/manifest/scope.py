"""Rendering the templates of one manifest: variables, fragments and the fuel that they share."""

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from cogvid_pipeline.manifest.mistakes import Mistake, Notes, Path
from cogvid_pipeline.manifest.template import Deferred, Fuel, TemplateMistake, is_template, render
from cogvid_pipeline.manifest.text import CONTROL_IN_VALUE

# About a second of work; ten thousand ordinary prompts take a fifth of it.
STEPS = 1_000_000
UNDEFINED = "CV302"
MATRIX = "matrix"


@dataclass(frozen=True)
class Words:
    """What all templates of a manifest have in common.

    `unsure` says whether a name may be missing because of another mistake.
    """

    variables: Mapping[str, Any]
    fragments: Mapping[str, str]
    project: str
    notes: Notes
    unsure: Callable[[str], bool]
    fuel: Fuel = field(default_factory=lambda: Fuel(STEPS))

    @cached_property
    def vary(self) -> bool:
        """Whether a fragment may come out differently for each shot of a matrix."""
        return any(MATRIX in text for text in self.fragments.values())


class Scope:
    """What templates may refer to: `names`, to which the fragments are added; `texts` are rendered ones."""

    def __init__(
        self, words: Words, names: MutableMapping[str, object], texts: dict[str, str | None]
    ) -> None:
        self._words, self._names, self._texts = words, names, texts
        self._notes = words.notes
        self._open: list[str] = []
        self._wanting: set[str] = set()
        names["prompts"] = _Fragments(words.fragments, self._rendered)

    def of_matrix(self, values: Mapping[str, Any]) -> "Scope":
        """The scope for one shot of a matrix."""
        # Nothing is copied: there may be many variables and fragments, and many shots.
        names: MutableMapping[str, object] = ChainMap({MATRIX: values}, self._names)
        return Scope(self._words, names, {} if self._words.vary else self._texts)

    def check_fragments(self) -> None:
        """Find the mistakes of fragments that no prompt uses, too."""
        for name in self._words.fragments:
            self.fragment(name)

    def fragment(self, name: str) -> str | None:
        """A rendered fragment; None when something is wrong with it, which is noted.

        That it wants a matrix is not wrong in itself: that is up to the shots that use it.
        """
        if name in self._open:
            self._notes.add(self._cycle(name))
            return None
        if name not in self._texts:
            self._open.append(name)
            self._texts[name] = self.render(self._words.fragments[name], ("prompts", name))
            self._open.pop()
        return self._texts[name]

    def render(self, text: str, path: Path) -> str | None:
        """The text that was written at the path, rendered; None when that fails, which is noted."""
        if not is_template(text):
            return text
        if self._words.fuel.spent:
            return None
        try:
            rendered = render(text, self._names, self._words.fuel)
        except TemplateMistake as mistake:
            if self._open and mistake.name == MATRIX and MATRIX not in self._names:
                self._wanting.add(self._open[-1])
            elif mistake.code != UNDEFINED or not self._words.unsure(mistake.name):
                self._notes.add(_located(mistake, path))
        except _Unusable as unusable:
            if unusable.fragment in self._wanting:
                self._want_matrix(unusable.fragment, path)
        else:
            if not (found := CONTROL_IN_VALUE.search(rendered)):
                return rendered
            message = f"filled in, this text has the control character U+{ord(found[0]):04X}"
            hint = "take it out of the template, or out of the variable that brings it in"
            self._notes.add(Mistake("CV111", message, path, hint))
        return None

    def _want_matrix(self, fragment: str, path: Path) -> None:
        if self._open:
            self._wanting.add(self._open[-1])
        elif not self._words.unsure(MATRIX):
            message = f"`prompts.{fragment}` is made for a shot with a matrix, and this one has none"
            hint = "add a `matrix` to the shot, or use another fragment"
            self._notes.add(Mistake(UNDEFINED, message, path, hint, snippet=fragment))

    def _rendered(self, name: str) -> str:
        text = self.fragment(name)
        if text is None:
            raise _Unusable(name)
        return text

    def _cycle(self, name: str) -> Mistake:
        names = [*self._open[self._open.index(name) :], name]
        way = " → ".join(names)
        hint = f"take {{{{ prompts.{name} }}}} out of `{names[-2]}`"
        return Mistake("CV306", f"these fragments are made of each other: {way}", ("prompts", name), hint)


def make_scope(words: Words) -> Scope:
    """The scope for shots without a matrix."""
    return Scope(words, {**words.variables, "project": words.project}, {})


class _Fragments(Mapping[str, Deferred]):
    """The fragments by name, each rendered when it is looked up."""

    def __init__(self, texts: Mapping[str, str], rendered: Callable[[str], str]) -> None:
        self._texts = texts
        self._rendered = rendered

    def __getitem__(self, name: str) -> Deferred:
        if name not in self._texts:
            raise KeyError(name)
        return Deferred(partial(self._rendered, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def _located(mistake: TemplateMistake, path: Path) -> Mistake:
    undefined = mistake.code == UNDEFINED
    elsewhere = (
        "define it under `vars:` or `prompts:`" if undefined else "change the template, or what it uses"
    )
    hint = mistake.hint or elsewhere
    if mistake.name == MATRIX:
        hint = "`matrix` has the values of a shot that has a `matrix:` of its own"
    return Mistake(mistake.code, mistake.message, path, hint, snippet=mistake.snippet)


class _Unusable(Exception):
    """A fragment that a template uses is wrong itself."""

    def __init__(self, fragment: str) -> None:
        super().__init__(fragment)
        self.fragment = fragment

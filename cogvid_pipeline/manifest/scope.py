"""Rendering the templates of one manifest: variables, fragments and the fuel that they share."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from cogvid_pipeline.manifest.mistakes import Mistake, Notes, Path
from cogvid_pipeline.manifest.template import Deferred, Fuel, TemplateMistake, is_template, render
from cogvid_pipeline.manifest.text import CONTROL_IN_VALUE

# About a second of work; ten thousand ordinary prompts take a fifth of it.
STEPS = 1_000_000
UNDEFINED = "CV302"


class Scope:
    """What templates may refer to; `unsure` says whether a name may be missing because of another mistake."""

    def __init__(
        self,
        variables: Mapping[str, Any],
        fragments: Mapping[str, str],
        project: str,
        notes: Notes,
        *,
        unsure: Callable[[str], bool],
    ) -> None:
        self._fragments = fragments
        self._notes = notes
        self._unsure = unsure
        self._fuel = Fuel(STEPS)
        self._texts: dict[str, str | None] = {}
        self._open: list[str] = []
        self._names: Mapping[str, object] = {
            **variables,
            "project": project,
            "prompts": {name: Deferred(partial(self._deferred, name)) for name in fragments},
        }

    def check_fragments(self) -> None:
        """Find the mistakes of fragments that no prompt uses, too."""
        for name in self._fragments:
            self.fragment(name)

    def fragment(self, name: str) -> str | None:
        """A rendered fragment; None when something is wrong with it, which is noted."""
        if name in self._open:
            self._notes.add(self._cycle(name))
            return None
        if name not in self._texts:
            self._open.append(name)
            self._texts[name] = self.render(self._fragments[name], ("prompts", name))
            self._open.pop()
        return self._texts[name]

    def render(self, text: str, path: Path) -> str | None:
        """The text that was written at the path, rendered; None when that fails, which is noted."""
        if not is_template(text):
            return text
        if self._fuel.spent:
            return None
        try:
            rendered = render(text, self._names, self._fuel)
        except TemplateMistake as mistake:
            if mistake.code != UNDEFINED or not self._unsure(mistake.snippet):
                self._notes.add(_located(mistake, path))
        except _Unusable:
            pass
        else:
            if not (found := CONTROL_IN_VALUE.search(rendered)):
                return rendered
            message = f"filled in, this text has the control character U+{ord(found[0]):04X}"
            hint = "take it out of the template, or out of the variable that brings it in"
            self._notes.add(Mistake("CV111", message, path, hint))
        return None

    def _deferred(self, name: str) -> str:
        text = self.fragment(name)
        if text is None:
            raise _Unusable
        return text

    def _cycle(self, name: str) -> Mistake:
        names = [*self._open[self._open.index(name) :], name]
        way = " → ".join(names)
        hint = f"take {{{{ prompts.{name} }}}} out of `{names[-2]}`"
        return Mistake("CV306", f"these fragments are made of each other: {way}", ("prompts", name), hint)


def _located(mistake: TemplateMistake, path: Path) -> Mistake:
    undefined = mistake.code == UNDEFINED
    elsewhere = (
        "define it under `vars:` or `prompts:`" if undefined else "change the template, or what it uses"
    )
    hint = mistake.hint or elsewhere
    return Mistake(mistake.code, mistake.message, path, hint, snippet=mistake.snippet)


class _Unusable(Exception):
    """A fragment that a template uses is wrong itself."""

"""Variables that come from the command line, and whether a manifest has any use for them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cogvid_pipeline.manifest.draft import Draft
from cogvid_pipeline.manifest.explain import explain
from cogvid_pipeline.manifest.files import read_file
from cogvid_pipeline.manifest.schema import Schemas
from cogvid_pipeline.manifest.suggest import Suggestions
from cogvid_pipeline.manifest.template import is_template
from cogvid_pipeline.model.problem import Problem

# Where templates are written in a shot and in defaults.
_TEMPLATES = ("prompt", "image")
# A template's words that no variable can have.
_RESERVED = frozenset({"prompts", "matrix", "project"})
_FIRST_NAME = re.compile(r"\{\{\s*([A-Za-z_]\w*)")


def read_variables(files: Sequence[Path], schemas: Schemas) -> tuple[dict[str, Any], list[Problem]]:
    """The variables of these files, later ones winning, and what is wrong with the files."""
    variables: dict[str, Any] = {}
    problems: list[Problem] = []
    for path in files:
        document, broken = read_file(path, hint="check the path after --var-file", pipe=True)
        problems += broken
        if document is not None and document.data is not None:
            mistakes = explain(document.data, schemas.variable_violations(document.data), schemas)
            places = {problem.location for problem in broken}
            found = [document.problem(mistake) for mistake in mistakes]
            problems += [problem for problem in found if problem.location not in places]
            variables.update(document.data if isinstance(document.data, dict) else {})
    return variables, problems


def useless(names: Mapping[str, Any], draft: Draft) -> dict[str, str]:
    """Which of these variables the manifest neither has nor uses, each with the one that was likely meant."""
    chosen = draft.data.get("environments", {}).values()
    declared = {*draft.data.get("vars", {}), *(name for each in chosen for name in each.get("vars", {}))}
    strangers = [name for name in names if name not in declared]
    if not strangers:
        return {}
    texts = list(filter(is_template, _texts(draft)))
    known = declared.union(*(_FIRST_NAME.findall(text) for text in texts)) - _RESERVED
    suggestions = Suggestions()
    return {
        name: suggestions.nearest(name, sorted(known))
        for name in strangers
        if name in _RESERVED or not any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)
    }


def _texts(draft: Draft) -> Iterator[str]:
    """Everything that may be a template."""
    yield from draft.data.get("prompts", {}).values()
    for settings in (draft.defaults, *draft.shots.values()):
        for key in _TEMPLATES:
            value = settings.get(key)
            yield from (
                each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)
            )

"""The files that a manifest is made of, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from cogvid_pipeline.manifest.draft import Draft
from cogvid_pipeline.manifest.mistakes import Mistake, Path
from cogvid_pipeline.model.problem import Problem

# What an included file may have.
SECTIONS = ("vars", "prompts", "shots")
_EVERYTHING = frozenset({("vars",), ("prompts",), ("shots",)})


class Readable(Protocol):
    """The data of a file, which knows where it was written."""

    @property
    def data(self) -> Any: ...

    @property
    def values(self) -> int:
        """How many there are in it."""
        ...

    def problem(self, mistake: Mistake) -> Problem:
        """Give a mistake its place."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A file, and what is usable of it."""

    document: Readable
    draft: Draft


@dataclass(slots=True)
class Included:
    """What came of the `include` of a manifest: its usable files, and what is wrong with them.

    `broken` has what the text itself of a file is wrong with, `problems` what else; `mistakes` are about
    `include` in the manifest. Not `complete`, there may be names that nobody knows of.
    """

    parts: list[Part] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    broken: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Whole:
    """A manifest with all that it includes; `homes` has the file of each variable, fragment and shot.

    `files` are the included ones in their order, `broken` and `problems` what is wrong with any of it.
    """

    draft: Draft
    main: Readable
    homes: Mapping[Path, Readable]
    files: Sequence[str]
    broken: Sequence[Problem]
    problems: Sequence[Problem]

    def problem(self, mistake: Mistake) -> Problem:
        """Give a mistake its place, in the file that it is about."""
        return self.homes.get(mistake.path[:2], self.main).problem(mistake)


def put_together(main: Part, included: Included) -> Whole:
    """One draft of all files, the included ones first; a name that is given twice is a problem."""
    data: dict[str, dict[str, Any]] = {}
    homes: dict[Path, Readable] = {}
    twice: list[Problem] = []
    for part in (*included.parts, main):
        for section in SECTIONS:
            for name, value in part.draft.data.get(section, {}).items():
                # The manifest's own variables win over included ones.
                if (first := homes.get((section, name))) and not (part is main and section == "vars"):
                    twice.append(part.document.problem(_given_twice((section, name), first)))
                else:
                    data.setdefault(section, {})[name] = value
                    homes[section, name] = part.document
    drafts = [main.draft, *(part.draft for part in included.parts)]
    draft = replace(
        main.draft,
        data={**main.draft.data, **data},
        removed=main.draft.removed.union(
            *map(_removed, drafts[1:]), () if included.complete else _EVERYTHING
        ),
        misnamed=frozenset().union(*(draft.misnamed for draft in drafts)),
    )
    mistakes = map(main.document.problem, included.mistakes)
    problems = [*included.problems, *twice, *mistakes]
    return Whole(draft, main.document, homes, included.files, included.broken, problems)


def _removed(draft: Draft) -> frozenset[Path]:
    """What is lacking because of an included file; one that is no mapping may have had anything."""
    if () in draft.removed:
        return _EVERYTHING
    return frozenset(path for path in draft.removed if path[0] in SECTIONS)


def _given_twice(path: Path, first: Readable) -> Mistake:
    place = first.problem(Mistake("", "", path, at_key=True)).location
    message = f"`{path[-1]}` is given twice; the first is at {place}"
    return Mistake("CV117", message, path, "remove one of the two, or give it another name", at_key=True)

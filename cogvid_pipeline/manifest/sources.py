"""The files that a manifest is made of, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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

    def problem(self, mistake: Mistake) -> Problem:
        """Give a mistake its place."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A file, and what is usable of it."""

    document: Readable
    draft: Draft


@dataclass(frozen=True, slots=True)
class Sources:
    """The manifest itself, and the file that each variable, fragment and shot comes from."""

    main: Readable
    homes: Mapping[Path, Readable]

    def problem(self, mistake: Mistake) -> Problem:
        """Give a mistake its place, in the file that it is about."""
        return self.homes.get(mistake.path[:2], self.main).problem(mistake)


def put_together(
    main: Part, included: Sequence[Part], *, complete: bool
) -> tuple[Draft, Sources, list[Problem]]:
    """One draft of all files, the included ones first, and the names that are given twice.

    Unless the files are `complete`, more names may be known than are there.
    """
    if complete and not included:
        return main.draft, Sources(main.document, {}), []
    data: dict[str, dict[str, Any]] = {}
    homes: dict[Path, Readable] = {}
    twice: list[Problem] = []
    for part in (*included, main):
        for section in SECTIONS:
            for name, value in part.draft.data.get(section, {}).items():
                # The manifest's own variables win over included ones.
                if (first := homes.get((section, name))) and not (part is main and section == "vars"):
                    twice.append(part.document.problem(_given_twice((section, name), first)))
                else:
                    data.setdefault(section, {})[name] = value
                    homes[section, name] = part.document
    drafts = [main.draft, *(part.draft for part in included)]
    draft = replace(
        main.draft,
        data={**main.draft.data, **data},
        removed=main.draft.removed.union(*map(_removed, drafts[1:]), () if complete else _EVERYTHING),
        misnamed=frozenset().union(*(draft.misnamed for draft in drafts)),
    )
    return draft, Sources(main.document, homes), twice


def _removed(draft: Draft) -> frozenset[Path]:
    """What is lacking because of an included file; one that is no mapping may have had anything."""
    return draft.removed if () not in draft.removed else _EVERYTHING


def _given_twice(path: Path, first: Readable) -> Mistake:
    place = first.problem(Mistake("", "", path, at_key=True)).location
    message = f"`{path[-1]}` is given twice; the first is at {place}"
    return Mistake("CV117", message, path, "remove one of the two, or give it another name", at_key=True)

"""Which takes a selection means: names, globs, tags and states, with what hangs together."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TypeAlias

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.model.plan import PlanOptions

STATES = ("new", "changed", "failed", "held")

_ATOM = re.compile(r"(?P<up>\+?)(?:(?P<method>[a-z]+):)?(?P<what>[^+:]+)(?P<down>\+?)")
_FORMS = "write a name, a glob such as 'skyline.*', tag:NAME or state:WORD; +x, x+ and +x+ take in more"
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A take that may be selected.

    `names` is all that it goes by besides its own name; `needs` has the names of the takes that it is made
    from, `after` any names of those that it comes after. What is `gone` is in the lock but not in the
    manifest, and is meant only when it is named.
    """

    name: str
    names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    states: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    gone: bool = False


def select(candidates: Iterable[Candidate], options: PlanOptions) -> frozenset[str]:
    """The names of the takes that are selected: the union of what `select` means, without `exclude`.

    Raises UsageError for what is no selector and for a name or a tag that nothing has. A state that nothing
    is in means nothing.
    """
    field = _Field(tuple(candidates))
    chosen = field.union("--select", options.select) if options.select else field.declared
    return frozenset(chosen - field.union("--exclude", options.exclude))


@dataclass(frozen=True, slots=True)
class _Group:
    """All takes that go by a name."""

    name: str


_Node: TypeAlias = str | _Group


class _Field:
    """The candidates, by all that selectors ask for."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates

    @cached_property
    def declared(self) -> set[str]:
        return {candidate.name for candidate in self._candidates if not candidate.gone}

    def union(self, option: str, selectors: Iterable[str]) -> set[str]:
        """What any of the selectors means; as in dbt, spaces unite and commas intersect."""
        chosen: set[str] = set()
        for selector in selectors:
            if not (parts := selector.split()):
                raise UsageError(f"{option} has nothing in it", hint=_FORMS)
            for part in parts:
                chosen |= set.intersection(*(self._atom(option, atom) for atom in part.split(",")))
        return chosen

    def _atom(self, option: str, text: str) -> set[str]:
        if not (found := _ATOM.fullmatch(text)):
            raise UsageError(f"{option}: {text!r} is no selector", hint=_FORMS)
        match found["method"]:
            case None:
                chosen = self._matching(option, found["what"], self._by_name, "is called")
            case "tag":
                chosen = self._matching(option, found["what"], self._by_tag, "has the tag")
            case "state":
                chosen = self._in_state(option, found["what"])
            case method:
                raise UsageError(f"{option}: there is no selecting by {method}:", hint=_FORMS)
        upstream = self._reach(chosen, self._needs) if found["up"] else set()
        downstream = self._reach(chosen, self._needed_by) if found["down"] else set()
        return chosen | upstream | downstream

    def _reach(self, names: Iterable[str], onward: Mapping[_Node, Iterable[_Node]]) -> set[str]:
        """The names and all that is reached from them."""
        reached: set[_Node] = set()
        waiting: list[_Node] = list(names)
        while waiting:
            if (node := waiting.pop()) not in reached:
                reached.add(node)
                waiting.extend(onward.get(node, ()))
        return {node for node in reached if isinstance(node, str)}

    def _matching(self, option: str, what: str, index: Mapping[str, set[str]], verb: str) -> set[str]:
        if what in index:
            return set(index[what])
        if _GLOB.search(what) and (keys := [key for key in index if fnmatchcase(key, what)]):
            return set.union(*(index[key] for key in keys))
        near = get_close_matches(what, index, n=3)
        raise UsageError(
            f"{option}: no shot {verb} {what!r}",
            hint=f"did you mean {' or '.join(map(repr, near))}?" if near else _listed(index),
        )

    def _in_state(self, option: str, state: str) -> set[str]:
        if state not in STATES:
            raise UsageError(f"{option}: {state!r} is no state", hint=f"the states are {', '.join(STATES)}")
        return {candidate.name for candidate in self._candidates if state in candidate.states}

    @cached_property
    def _by_name(self) -> dict[str, set[str]]:
        index: dict[str, set[str]] = defaultdict(set)
        for candidate in self._candidates:
            for name in (candidate.name, *candidate.names):
                index[name].add(candidate.name)
        return index

    @cached_property
    def _by_tag(self) -> dict[str, set[str]]:
        index: dict[str, set[str]] = defaultdict(set)
        for candidate in self._candidates:
            for tag in candidate.tags:
                index[tag].add(candidate.name)
        return index

    @cached_property
    def _edges(self) -> list[tuple[_Node, _Node]]:
        """Who waits for whom. A name that others come after is a node of its own: many may wait for many."""
        edges: list[tuple[_Node, _Node]] = []
        groups = {name for candidate in self._candidates for name in candidate.after}
        for candidate in self._candidates:
            edges += [(candidate.name, source) for source in candidate.needs]
            edges += [(candidate.name, _Group(name)) for name in candidate.after]
            edges += [(_Group(name), candidate.name) for name in groups.intersection(candidate.names)]
        return edges

    @cached_property
    def _needs(self) -> dict[_Node, list[_Node]]:
        index: dict[_Node, list[_Node]] = defaultdict(list)
        for node, source in self._edges:
            index[node].append(source)
        return index

    @cached_property
    def _needed_by(self) -> dict[_Node, list[_Node]]:
        index: dict[_Node, list[_Node]] = defaultdict(list)
        for node, source in self._edges:
            index[source].append(node)
        return index


def _listed(index: Iterable[str]) -> str:
    known = list(index)
    return (
        f"there are {', '.join(known[:20])}{', …' if len(known) > 20 else ''}" if known else "there are none"
    )

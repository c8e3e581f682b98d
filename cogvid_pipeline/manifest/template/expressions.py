"""Evaluation of expressions on plain data, node by node, over an allow-list of node classes."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from jinja2 import nodes

from cogvid_pipeline.manifest.template import TemplateMistake
from cogvid_pipeline.manifest.template.filters import FILTERS, apply_filter
from cogvid_pipeline.manifest.template.meter import Meter
from cogvid_pipeline.manifest.template.operators import ARITHMETIC, COMPARISONS, constant
from cogvid_pipeline.manifest.template.syntax import snippet
from cogvid_pipeline.manifest.template.tests import apply_test
from cogvid_pipeline.manifest.template.values import (
    Missing,
    is_scalar,
    kind,
    misfit,
    number_of,
    pairs,
    quoted,
    settled,
    text_of,
    whole,
)
from cogvid_pipeline.manifest.template.words import ALLOWED, label, refused, words_of

# Filters and tests that take a name which is not defined.
_LENIENT = frozenset({"default", "d", "defined", "undefined"})
_JINJA_GLOBALS = frozenset(
    {"range", "lipsum", "dict", "cycler", "joiner", "namespace", "self", "caller", "super"}
)
_METHODS = frozenset({"items", "keys", "values"})


class Evaluator:
    """The values of expressions in a scope, which assignments and loops shadow level by level."""

    def __init__(self, text: str, scope: Mapping[str, object], meter: Meter) -> None:
        self.meter = meter
        self.levels: list[dict[str, object]] = [{}]
        self._text = text
        self._scope = scope

    def value(self, node: nodes.Node) -> object:
        """Raises TemplateMistake, with its place, also for what is missing."""
        found = self.attempt(node)
        if isinstance(found, Missing):
            raise self.placed(found.mistake(self.meter), node)
        return found

    def attempt(self, node: nodes.Node) -> object:
        """The value, or Missing where the last look-up finds nothing."""
        evaluate = _EXPRESSIONS.get(type(node))
        if evaluate is None:
            raise self.placed(refused(node), node)
        self.meter.enter()
        try:
            found = evaluate(self, node)
        except TemplateMistake as mistake:
            raise self.placed(mistake, node) from mistake.__cause__
        self.meter.leave()
        return found

    def look_up(self, name: str) -> object:
        for level in reversed(self.levels):
            if name in level:
                return level[name]
        if name in self._scope:
            return settled(self._scope[name])
        if name in _JINJA_GLOBALS:
            raise TemplateMistake("CV303", f"{quoted(name)} is not available in a template", hint=ALLOWED)
        return Missing(f"{quoted(name)} is not defined", name, self._names)

    def placed(self, mistake: TemplateMistake, node: nodes.Node) -> TemplateMistake:
        """The mistake with the place of the node, unless it has one: further inside, or in a fragment."""
        if not mistake.line:
            mistake.line = node.lineno
            mistake.snippet = snippet(self._text, node.lineno, words_of(node))
        return mistake

    def _names(self) -> Iterator[object]:
        return chain(self._scope, *self.levels)


# --- one function for each node class ----------------------------------------------------------------


def _constant(run: Evaluator, node: nodes.Const) -> object:
    return constant(node.value, run.meter)


def _name(run: Evaluator, node: nodes.Name) -> object:
    return run.look_up(node.name)


def _attribute(run: Evaluator, node: nodes.Getattr) -> object:
    return _item(run, node.node, node.attr)


def _subscript(run: Evaluator, node: nodes.Getitem) -> object:
    if isinstance(node.arg, nodes.Slice):
        return _slice(run, run.value(node.node), node.arg)
    return _item(run, node.node, run.value(node.arg))


def _item(run: Evaluator, node: nodes.Expr, key: object) -> object:
    """An item of the node's value; never an attribute of a Python object."""
    container = run.value(node)
    if not is_scalar(key):
        raise misfit(f"an item is named by a text or a number, not by {kind(key)}")
    if isinstance(container, Mapping):
        if key in container:
            return settled(container[key])
        name = key if isinstance(key, str) else ""
        return Missing(f"{label(node)} has no {quoted(key)}", name, lambda: container)
    if isinstance(container, (list, tuple, str)) and not isinstance(key, str):
        index = whole(key)
        if -len(container) <= index < len(container):
            return container[index]
        return Missing(
            f"{label(node)} has no item {index}; it has {len(container)}", hint="items count from 0"
        )
    hint = "templates have no methods; write a filter, as in | upper" if isinstance(container, str) else ""
    return Missing(f"{label(node)} is {kind(container)} and has no {quoted(key)}", hint=hint)


def _slice(run: Evaluator, container: object, node: nodes.Slice) -> object:
    if not isinstance(container, (list, tuple, str)):
        raise misfit(f"only a list or a text can be sliced, not {kind(container)}")
    ends = [None if end is None else whole(run.value(end)) for end in (node.start, node.stop, node.step)]
    if ends[2] == 0:
        raise misfit("a slice cannot step by 0")
    if isinstance(container, str):
        run.meter.room(len(container))
    else:
        run.meter.items(len(container))
    return container[slice(*ends)]


def _list(run: Evaluator, node: nodes.List) -> object:
    return [run.value(item) for item in node.items]


def _tuple(run: Evaluator, node: nodes.Tuple) -> object:
    return tuple(run.value(item) for item in node.items)


def _mapping(run: Evaluator, node: nodes.Dict) -> object:
    result = {}
    for pair in node.items:
        key = run.value(pair.key)
        if not is_scalar(key):
            raise misfit(f"the key of a mapping cannot be {kind(key)}")
        result[key] = run.value(pair.value)
    return result


def _concatenation(run: Evaluator, node: nodes.Concat) -> object:
    parts = [text_of(run.value(part), run.meter) for part in node.nodes]
    run.meter.room(sum(map(len, parts)))
    return "".join(parts)


def _arithmetic(run: Evaluator, node: nodes.BinExpr) -> object:
    return ARITHMETIC[type(node)](run.value(node.left), run.value(node.right), run.meter)


def _negative(run: Evaluator, node: nodes.Neg) -> object:
    return -number_of(run.value(node.node))


def _positive(run: Evaluator, node: nodes.Pos) -> object:
    return +number_of(run.value(node.node))


def _not(run: Evaluator, node: nodes.Not) -> object:
    return not run.value(node.node)


def _and(run: Evaluator, node: nodes.And) -> object:
    return run.value(node.left) and run.attempt(node.right)


def _or(run: Evaluator, node: nodes.Or) -> object:
    return run.value(node.left) or run.attempt(node.right)


def _condition(run: Evaluator, node: nodes.CondExpr) -> object:
    if run.value(node.test):
        return run.attempt(node.expr1)
    if node.expr2 is None:
        return Missing("the condition is false, and there is no 'else'", hint="write … if … else ''")
    return run.attempt(node.expr2)


def _comparison(run: Evaluator, node: nodes.Compare) -> object:
    left = run.value(node.expr)
    for operand in node.ops:
        right = run.value(operand.expr)
        if not COMPARISONS[operand.op](left, right, run.meter):
            return False
        left = right
    return True


def _call(run: Evaluator, node: nodes.Call) -> object:
    """The only calls are `.items()`, `.keys()` and `.values()` of a mapping."""
    callee = node.node
    if isinstance(callee, nodes.Getattr) and callee.attr in _METHODS and not (node.args or node.kwargs):
        mapping = run.value(callee.node)
        if isinstance(mapping, Mapping):
            found = pairs(mapping, run.meter)
            return found if callee.attr == "items" else [pair[callee.attr == "values"] for pair in found]
    name = words_of(callee)
    hint = f"write it as a filter: | {name}" if name in FILTERS else ALLOWED
    raise TemplateMistake("CV303", f"{quoted(name)} cannot be called in a template", hint=hint)


def _applied(run: Evaluator, node: nodes.Filter | nodes.Test) -> object:
    """The value of a filter or a test."""
    if node.dyn_args or node.dyn_kwargs:
        raise TemplateMistake("CV303", "'*' and '**' cannot be used in arguments", hint="write each argument")
    evaluate: Callable[[Any], object] = run.attempt if node.name in _LENIENT else run.value
    apply = apply_filter if isinstance(node, nodes.Filter) else apply_test
    value, *arguments = [evaluate(each) for each in (node.node, *node.args)]
    return apply(
        node.name, run.meter, value, arguments, {str(each.key): evaluate(each.value) for each in node.kwargs}
    )


_EXPRESSIONS: dict[type[nodes.Node], Callable[[Evaluator, Any], object]] = {
    nodes.Const: _constant,
    nodes.Name: _name,
    nodes.Getattr: _attribute,
    nodes.Getitem: _subscript,
    nodes.List: _list,
    nodes.Tuple: _tuple,
    nodes.Dict: _mapping,
    nodes.Concat: _concatenation,
    nodes.Neg: _negative,
    nodes.Pos: _positive,
    nodes.Not: _not,
    nodes.And: _and,
    nodes.Or: _or,
    nodes.CondExpr: _condition,
    nodes.Compare: _comparison,
    nodes.Call: _call,
    nodes.Filter: _applied,
    nodes.Test: _applied,
    **dict.fromkeys(ARITHMETIC, _arithmetic),
}

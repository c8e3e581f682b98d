"""Rendering of statements: text, conditions, loops and assignments."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import nodes

from cogvid_pipeline.manifest.template import Fuel, TemplateMistake
from cogvid_pipeline.manifest.template.expressions import Evaluator
from cogvid_pipeline.manifest.template.meter import FREE_STEPS, MAX_STEPS, MAX_TEXT, SHORTER, Meter, too_deep
from cogvid_pipeline.manifest.template.syntax import parse
from cogvid_pipeline.manifest.template.values import items_of, misfit, text_of
from cogvid_pipeline.manifest.template.words import ALLOWED, refused

_PER_ROUND = 2


def render_template(text: str, scope: Mapping[str, object], fuel: Fuel) -> str:
    """Raises TemplateMistake, and whatever a Deferred of the scope raises."""
    left, depth = fuel.left, fuel.depth
    if not depth:
        fuel.left += FREE_STEPS
        fuel.floor = max(0, fuel.left - MAX_STEPS)
    try:
        meter = Meter(fuel)
        writer = _Writer(Evaluator(text, scope, meter))
        writer.statements(parse(text, meter).body)
    except TemplateMistake as mistake:
        mistake.line = mistake.line or 1
        raise
    except RecursionError as error:
        raise too_deep(line=1) from error
    finally:
        fuel.left, fuel.depth = min(fuel.left, left), depth
    return "".join(writer.pieces)


class _Writer:
    """What has been rendered so far."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.meter = evaluator.meter
        self.pieces: list[str] = []
        self._length = 0

    def write(self, text: str) -> None:
        self._length += len(self.meter.read(text))
        if self._length > MAX_TEXT:
            raise TemplateMistake(
                "CV304", f"this template comes out longer than {MAX_TEXT:,} characters", hint=SHORTER
            )
        self.pieces.append(text)

    def statements(self, body: Sequence[nodes.Node]) -> None:
        for node in body:
            self.meter.enter()
            try:
                _STATEMENTS.get(type(node), _refuse)(self, node)
            except TemplateMistake as mistake:
                raise self.evaluator.placed(mistake, node) from mistake.__cause__
            self.meter.leave()

    def block(self, body: Sequence[nodes.Node], names: dict[str, object]) -> None:
        """Statements that see these names, and whose assignments end with them."""
        self.evaluator.levels.append(names)
        self.statements(body)
        self.evaluator.levels.pop()


def _refuse(_writer: _Writer, node: nodes.Node) -> None:
    raise refused(node)


def _output(writer: _Writer, node: nodes.Output) -> None:
    for child in node.nodes:
        if isinstance(child, nodes.TemplateData):
            writer.write(child.data)
        else:
            writer.write(_written(writer.evaluator, child))


def _written(evaluator: Evaluator, node: nodes.Expr) -> str:
    value = evaluator.value(node)
    try:
        return text_of(value, evaluator.meter)
    except TemplateMistake as mistake:
        raise evaluator.placed(mistake, node) from None


def _scope(writer: _Writer, node: nodes.Scope) -> None:
    """What the parser wraps around a tag that is refused in its turn."""
    writer.statements(node.body)


def _condition(writer: _Writer, node: nodes.If) -> None:
    for branch in (node, *node.elif_):
        if writer.evaluator.value(branch.test):
            writer.statements(branch.body)
            return
    writer.statements(node.else_)


def _loop(writer: _Writer, node: nodes.For) -> None:
    if node.recursive:
        raise TemplateMistake("CV303", "a recursive loop cannot be used in a template", hint=ALLOWED)
    rounds = [_targets(node.target, item, writer.meter) for item in _items(writer, node)]
    if node.test is not None:
        rounds = [names for names in rounds if _passes(writer.evaluator, node.test, names)]
    for index, names in enumerate(rounds):
        writer.meter.charge(_PER_ROUND)
        writer.block(node.body, {**names, "loop": _position(index, len(rounds))})
    if not rounds:
        writer.block(node.else_, {})


def _items(writer: _Writer, node: nodes.For) -> Sequence[object]:
    items = items_of(writer.evaluator.value(node.iter), writer.meter)
    writer.meter.charge(len(items))
    return items


def _passes(evaluator: Evaluator, test: nodes.Node, names: dict[str, object]) -> bool:
    evaluator.levels.append(names)
    passed = bool(evaluator.value(test))
    evaluator.levels.pop()
    return passed


def _position(index: int, length: int) -> dict[str, object]:
    """What `loop` is in a template."""
    return {
        "index": index + 1,
        "index0": index,
        "revindex": length - index,
        "revindex0": length - index - 1,
        "first": index == 0,
        "last": index == length - 1,
        "length": length,
    }


def _assignment(writer: _Writer, node: nodes.Assign) -> None:
    value = writer.evaluator.value(node.node)
    writer.evaluator.levels[-1].update(_targets(node.target, value, writer.meter))


def _targets(target: nodes.Node, value: object, meter: Meter) -> dict[str, object]:
    """The names that a loop or an assignment sets."""
    match target:
        case nodes.Name(name="loop"):
            raise TemplateMistake(
                "CV303", "'loop' is the name of the loop's own counters", hint="take another"
            )
        case nodes.Name(name=name):
            return {name: value}
        case nodes.Tuple(items=targets):
            parts = items_of(value, meter)
            if len(parts) != len(targets):
                raise misfit(f"there are {len(targets)} names for {len(parts)} values")
            return {
                name: part
                for each, item in zip(targets, parts, strict=True)
                for name, part in _targets(each, item, meter).items()
            }
        case _:
            raise refused(target)


_STATEMENTS: dict[type[nodes.Node], Callable[[_Writer, Any], None]] = {
    nodes.Output: _output,
    nodes.If: _condition,
    nodes.For: _loop,
    nodes.Assign: _assignment,
    nodes.Scope: _scope,
}

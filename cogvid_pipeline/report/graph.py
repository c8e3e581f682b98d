"""What depends on what: as text, for Graphviz and for Mermaid."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cogvid_pipeline.model.plan import PENDING, Forget, Plan, TakeStep
from cogvid_pipeline.model.shot import ShotFrame, matrix_of
from cogvid_pipeline.report.printable import display_width, printable


@dataclass(frozen=True, slots=True)
class Node:
    """A take and what a plan does about it."""

    name: str
    kind: str
    pending: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` is made from what `label` says of `source`, or waits for it."""

    source: str
    target: str
    label: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Takes in the story's order, and what each is made from."""

    project: str
    nodes: Sequence[Node]
    edges: Sequence[Edge]


def graph_of(plan: Plan) -> Graph:
    """The takes of a plan; what is forgotten is not among them."""
    steps = [action for action in plan.actions if not isinstance(action, Forget)]
    nodes = [Node(step.name, step.kind, isinstance(step, PENDING)) for step in steps]
    takes: dict[str, list[str]] = defaultdict(list)
    for step in steps:
        for name in filter(None, (step.shot.name, matrix_of(step.shot.name))):
            takes[name].append(step.name)
    return Graph(plan.project, nodes, [edge for step in steps for edge in _edges(step, takes)])


def graph_text(graph: Graph) -> str:
    """A line for each take, with what it is made from."""
    sources: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        sources[edge.target].append(f"{printable(edge.source)} ({printable(edge.label)})")
    width = max((display_width(printable(node.name)) for node in graph.nodes), default=0)
    return "".join(_row(node, width, sources.get(node.name, ())) for node in graph.nodes)


def graph_dot(graph: Graph) -> str:
    """The graph in the language of Graphviz; what is to be done has a bold frame."""
    lines = [f"digraph {_dot(graph.project)} {{", "  rankdir=LR;", "  node [shape=box];"]
    for node in graph.nodes:
        bold = ", style=bold" if node.pending else ""
        # The line break is Graphviz's own escape.
        label = f'"{_dot_text(node.name)}\\n{_dot_text(node.kind)}"'
        lines.append(f"  {_dot(node.name)} [label={label}{bold}];")
    lines += [
        f"  {_dot(edge.source)} -> {_dot(edge.target)} [label={_dot(edge.label)}];" for edge in graph.edges
    ]
    return "\n".join([*lines, "}"]) + "\n"


def graph_mermaid(graph: Graph) -> str:
    """The graph as Mermaid, which GitHub and GitLab draw in Markdown; what is to be done has a bold frame."""
    ids = {node.name: f"n{place}" for place, node in enumerate(graph.nodes)}
    lines = ["flowchart LR", "  classDef pending stroke-width:3px"]
    for node in graph.nodes:
        bold = ":::pending" if node.pending else ""
        lines.append(f'  {ids[node.name]}["{_mermaid(node.name)}<br>{_mermaid(node.kind)}"]{bold}')
    lines += [
        f'  {ids[edge.source]} -->|"{_mermaid(edge.label)}"| {ids[edge.target]}' for edge in graph.edges
    ]
    return "\n".join(lines) + "\n"


def _edges(step: TakeStep, takes: Mapping[str, Sequence[str]]) -> Iterator[Edge]:
    frames: dict[str, list[str]] = defaultdict(list)
    for image in step.shot.images:
        if isinstance(image, ShotFrame):
            label = f"{image.at} frame" if isinstance(image.at, str) else f"frame at {image.at:g} s"
            frames[image.source].append(label)
    for source, labels in frames.items():
        yield Edge(source, step.name, ", ".join(labels))
    for reference in step.shot.depends_on:
        for source in takes.get(reference, ()):
            if source not in frames:
                yield Edge(source, step.name, "comes first")


def _row(node: Node, width: int, sources: Sequence[str]) -> str:
    name = printable(node.name)
    padding = " " * (width - display_width(name))
    made_from = f"  ← {', '.join(sources)}" if sources else ""
    return f"{name}{padding}  {printable(node.kind):<10}{made_from}".rstrip() + "\n"


def _dot(text: str) -> str:
    return f'"{_dot_text(text)}"'


def _dot_text(text: str) -> str:
    """What stands between quotation marks in the language of Graphviz."""
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')


def _mermaid(text: str) -> str:
    """What stands between quotation marks in Mermaid, which has character codes like those of HTML."""
    return re.sub(r"[!-+/:-@\[-`{-~]", lambda found: f"#{ord(found[0])};", printable(text))

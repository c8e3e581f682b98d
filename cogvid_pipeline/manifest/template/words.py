"""What messages call the nodes of a template."""

from jinja2 import nodes

from cogvid_pipeline.manifest.template import TemplateMistake
from cogvid_pipeline.manifest.template.values import quoted

ALLOWED = "templates may use variables, filters, conditions and loops over lists"

# Where the tag is not called what its class is.
_TAGS: dict[type[nodes.Node], str] = {
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "filter",
    nodes.FromImport: "from",
    nodes.ScopedEvalContextModifier: "autoescape",
}


def refused(node: nodes.Node) -> TemplateMistake:
    """The mistake of using what templates do not have."""
    match node:
        case nodes.AssignBlock():
            what = "{% set %} with a body"
        case nodes.Stmt():
            what = f"{{% {words_of(node)} %}}"
        case nodes.Pow():
            what = "'**'"
        case nodes.NSRef():
            what = "a namespace"
        case _:
            what = "several slices at once"
    return TemplateMistake("CV303", f"{what} cannot be used in a template", hint=ALLOWED)


def words_of(node: nodes.Node) -> str:
    """What stands in the template for the node, as far as its place can be found by it."""
    match node:
        case nodes.Name(name=words) | nodes.Filter(name=words) | nodes.Test(name=words):
            return str(words)
        case nodes.Getattr(attr=words) | nodes.BinExpr(operator=words):
            return str(words)
        case nodes.Call(node=inner) | nodes.Getitem(node=inner) | nodes.Compare(expr=inner):
            return words_of(inner)
        case nodes.Stmt():
            return _TAGS.get(type(node), type(node).__name__.lower())
        case _:
            return ""


def label(node: nodes.Node) -> str:
    """What messages call the value of a node."""
    match node:
        case nodes.Name(name=name):
            return quoted(name)
        case nodes.Getattr(attr=name):
            return quoted(name)
        case _:
            return "this value"

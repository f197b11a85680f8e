"""Reads a template's syntax tree: refuses what no card may use, and puts the meter into the rest."""

from collections.abc import Iterator
from typing import Any, cast

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from gewe_runner.template import faults, meter, offer

#: Levels of the syntax tree.
DEPTH = 60

# fmt: off
_ALLOWED = frozenset({
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.With, nodes.Macro, nodes.Assign,
    nodes.AssignBlock, nodes.FilterBlock, nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair,
    nodes.Keyword, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call, nodes.Getitem, nodes.Getattr, nodes.Slice,
    nodes.Concat, nodes.Compare, nodes.Operand, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv,
    nodes.Mod, nodes.Pow, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos,
    nodes.Include, nodes.Import, nodes.FromImport,
})
# fmt: on
#: Statements whose tag is not their class's name.
_TAGS: dict[type[nodes.Node], str] = {
    nodes.CallBlock: "call",
    nodes.NSRef: "set a.b",
    nodes.Scope: "autoescape",
}


def walk(root: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    """Every node with its level, in the text's order; without recursion, since the tree may be deep."""
    stack = [(root, 0)]
    while stack:
        node, level = stack.pop()
        yield node, level
        stack.extend((child, level + 1) for child in reversed(list(node.iter_child_nodes())))


def inspect(tree: nodes.Node) -> None:
    """Raise `TemplateFault` for the first thing that is not available."""
    for node, level in walk(tree):
        if level > DEPTH:
            raise faults.TemplateFault("this is nested too deeply; make it simpler", line=node.lineno)
        try:
            _check(node)
        except faults.RefusalError as exc:
            raise faults.TemplateFault(str(exc), line=node.lineno or 1) from exc


def _check(node: nodes.Node) -> None:
    if type(node) not in _ALLOWED:
        tag = _TAGS.get(type(node), type(node).__name__.lower())
        raise faults.RefusalError(f"{{% {tag} %}} is not available in a card")
    if isinstance(node, nodes.Filter) and node.name not in offer.FILTERS:
        raise faults.RefusalError(
            f"there is no filter {node.name!r}; {faults.advice(node.name, frozenset(offer.FILTERS))}"
        )
    if isinstance(node, nodes.Test) and node.name not in offer.TESTS:
        raise faults.RefusalError(f"there is no test {node.name!r}; {faults.advice(node.name, frozenset(offer.TESTS))}")
    if isinstance(node, nodes.Filter | nodes.Test | nodes.Call):
        names = [keyword.key for keyword in node.kwargs]
        if twice := next((name for place, name in enumerate(names) if name in names[:place]), None):
            raise faults.RefusalError(f"the argument {twice!r} is given twice")
    if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport):
        _check_part(node)
    if isinstance(node, nodes.For) and node.recursive:
        raise faults.RefusalError("a recursive loop is not available in a card")
    if isinstance(node, nodes.Const) and isinstance(node.value, int | float):
        meter.refuse_number(node.value)


def _check_part(node: nodes.Include | nodes.Import | nodes.FromImport) -> None:
    """Refuse what would leave it open until a card is rendered which file is meant."""
    if not (isinstance(node.template, nodes.Const) and isinstance(node.template.value, str)):
        raise faults.RefusalError("a file is named by a text in quotes, so that it is known before anything is sent")
    if isinstance(node, nodes.Include) and (node.ignore_missing or not node.with_context):
        raise faults.RefusalError("{% include %} takes the name of a file and nothing more")


class Metering(NodeTransformer):
    """Sends through the meter whatever Jinja's generated code would do by itself."""

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        super().generic_visit(node, *args, **kwargs)
        match node:
            case nodes.For():
                node.iter = through("<items>", cast(nodes.Expr, node.iter), _weight(node))
            case nodes.Macro():
                node.body.insert(0, nodes.ExprStmt(through("<repeat>", _weight(node)), lineno=node.lineno))
            case nodes.Compare() | nodes.Operand() if not isinstance(node.expr, nodes.Const):
                node.expr = through("<weighed>", node.expr)
            case nodes.Concat():
                return through("<concat>", *node.nodes)
            case nodes.Getitem(arg=nodes.Slice()):
                node.node = through("<weighed>", node.node)
            case nodes.List() | nodes.Dict() | nodes.Tuple(ctx="load"):
                return through("<weighed>", node)
        return node


def through(name: str, node: nodes.Expr, *more: nodes.Expr) -> nodes.Filter:
    """The node's value, passed through one of the sandbox's inner filters."""
    return nodes.Filter(node, name, list(more), [], None, None, lineno=node.lineno, environment=node.environment)


def _weight(body: nodes.Node) -> nodes.Const:
    """What one round of a loop or macro costs: its nodes, and the plain text it puts out."""
    steps = sum(1 + len(node.data) if isinstance(node, nodes.TemplateData) else 1 for node, _ in walk(body))
    return nodes.Const(steps, lineno=body.lineno, environment=body.environment)

"""W0503: an activation directly behind another one."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import ActivationTwice
from archlang.diagnostics.model import Fix, Label
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer, only_source
from archlang.linting.written import Written
from archlang.ops.activation import Identity, Relu, Relu6, Softplus, Tanh

_IDEMPOTENT = (Relu, Relu6)
"""Doing them twice is doing them once."""


class ActivationTwiceRule(StepRule):
    """Pairs of activations with nothing between them."""

    problem = ActivationTwice
    families = frozenset({"activation"})
    repairs = True

    def check(self, node: Node, graph: Graph) -> Found | None:
        first = only_source(node, graph)
        if first is None or first.op.style.family != "activation":
            return None
        if isinstance(node.op, Identity) or isinstance(first.op, Identity):
            return None
        if isinstance(first.op, Softplus) and isinstance(node.op, Tanh):  # a part of mish
            return None
        label = Label(first.span, "the first one")
        problem = ActivationTwice(layer(first.op), layer(node.op), _changes_nothing(first, node))
        return Found(problem, (label,))

    def fix(self, node: Node, written: Written) -> Fix | None:
        if not isinstance(node.op, _IDEMPOTENT):
            return None
        fix = written.without_step(node.span)
        if fix is None or written.name_before(node.span) != layer(node.op):
            return None
        return fix


def _changes_nothing(first: Node, second: Node) -> bool:
    return isinstance(second.op, _IDEMPOTENT) and type(first.op) is type(second.op)

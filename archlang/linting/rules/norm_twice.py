"""W0504: a normalisation directly behind another one."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import NormTwice
from archlang.diagnostics.model import Label
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer, only_source
from archlang.ops.normalisation import LocalResponseNorm


class NormTwiceRule(StepRule):
    """Pairs of normalisations with nothing between them; lrn, which keeps the mean, is none."""

    problem = NormTwice
    families = frozenset({"norm"})

    def check(self, node: Node, graph: Graph) -> Found | None:
        first = only_source(node, graph)
        if first is None or first.op.style.family != "norm":
            return None
        if isinstance(node.op, LocalResponseNorm) or isinstance(first.op, LocalResponseNorm):
            return None
        label = Label(first.span, "the first one")
        return Found(NormTwice(layer(first.op), layer(node.op)), (label,))

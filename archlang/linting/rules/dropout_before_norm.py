"""W0506: a dropout directly before a batch normalisation."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import DropoutBeforeNorm
from archlang.diagnostics.model import Label
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer, only_user
from archlang.ops.normalisation import BatchNorm
from archlang.ops.regularisation import DropPath


class DropoutBeforeNormRule(StepRule):
    """Dropouts whose output goes to bn and nowhere else."""

    problem = DropoutBeforeNorm
    families = frozenset({"regular"})

    def check(self, node: Node, graph: Graph) -> Found | None:
        if isinstance(node.op, DropPath) or getattr(node.op, "p", 0) == 0:
            return None
        norm = only_user(node, graph)
        if norm is None or not isinstance(norm.op, BatchNorm):
            return None
        return Found(DropoutBeforeNorm(layer(node.op)), (Label(norm.span, "the bn"),))

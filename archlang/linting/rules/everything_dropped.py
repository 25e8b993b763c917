"""W0515: a dropout of probability 1."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import EverythingDropped
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer


class EverythingDroppedRule(StepRule):
    """Dropouts that drop all there is."""

    problem = EverythingDropped
    families = frozenset({"regular"})

    def check(self, node: Node, graph: Graph) -> Found | None:
        dropped = getattr(node.op, "p", None)
        return Found(EverythingDropped(layer(node.op))) if dropped == 1 else None

"""W0508: a window that moves further than it is wide."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import Gaps
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer
from archlang.linting.windows import sliding


class GapsRule(StepRule):
    """Pooling, and convolutions of more than one pixel, with a stride above their kernel."""

    problem = Gaps
    families = frozenset({"conv", "pool"})

    def check(self, node: Node, graph: Graph) -> Found | None:
        pools = node.op.style.family == "pool"
        for axis in sliding(node):
            if axis.out > 1 and axis.stride > axis.reach and (pools or axis.kernel > 1):
                return Found(Gaps(layer(node.op), axis.reach, axis.stride))
        return None

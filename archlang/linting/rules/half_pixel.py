"""W0509: a padded kernel of even size, which shifts the map by half a pixel."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import HalfPixelShift
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer
from archlang.linting.windows import sliding


class HalfPixelRule(StepRule):
    """Windows of stride 1 that reach over an even number of pixels, and are padded."""

    problem = HalfPixelShift
    families = frozenset({"conv", "pool"})

    def check(self, node: Node, graph: Graph) -> Found | None:
        for axis in sliding(node):
            if axis.stride == 1 and axis.reach % 2 == 0 and axis.pad:
                problem = HalfPixelShift(layer(node.op), axis.reach, axis.pad, axis.size, axis.out)
                return Found(problem)
        return None

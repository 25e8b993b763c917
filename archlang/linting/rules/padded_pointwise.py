"""W0511: padding around a kernel of one pixel."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import PaddedPointwise
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer
from archlang.linting.windows import sliding


class PaddedPointwiseRule(StepRule):
    """Convolutions of one pixel with a border."""

    problem = PaddedPointwise
    families = frozenset({"conv"})

    def check(self, node: Node, graph: Graph) -> Found | None:
        axes = sliding(node)
        pads = [axis.pad for axis in axes if axis.kernel == 1]
        if len(pads) < len(axes) or not any(pads):
            return None
        return Found(PaddedPointwise(layer(node.op), max(pads)))

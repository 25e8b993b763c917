"""W0510: a softmax as the output of the network."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import SoftmaxBeforeLoss
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule
from archlang.ops.activation import Softmax


class SoftmaxBeforeLossRule(StepRule):
    """Softmaxes whose result is an output."""

    problem = SoftmaxBeforeLoss
    families = frozenset({"activation"})

    def check(self, node: Node, graph: Graph) -> Found | None:
        if not isinstance(node.op, Softmax):
            return None
        names = [output.name for output in graph.outputs if output.tensor.node == node.id]
        return Found(SoftmaxBeforeLoss(names[0])) if names else None

"""W0514: a tensor that is merged with itself."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import MergedWithItself
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule
from archlang.ops.merging import Add, Concat, Merge, Multiply


class MergedWithItselfRule(StepRule):
    """Merges two operands of which are one tensor, none made to fit by a W; squares are meant."""

    problem = MergedWithItself
    families = frozenset({"merge"})

    def check(self, node: Node, graph: Graph) -> Found | None:
        op = node.op
        if not isinstance(op, (Merge, Concat)) or isinstance(op, Multiply):
            return None
        tensors = [
            (tensor.node, tensor.port)
            for operand, tensor in enumerate(node.inputs)
            if (node.id, operand) not in graph.matching
        ]
        if len(set(tensors)) == len(tensors):
            return None
        return Found(MergedWithItself(op.symbol or Add.symbol))

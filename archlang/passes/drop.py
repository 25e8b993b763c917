"""The pass that leaves out what does nothing in evaluation."""

from __future__ import annotations

from typing import ClassVar

from archlang.graph import Graph, Node, shapes
from archlang.ops.recipe import PassThrough
from archlang.passes.model import Goal, Outcome
from archlang.passes.rewrite import Rewriter


class Drop:
    """Leave out identities, dropout, stochastic depth, W = I, and what only training needs."""

    name: ClassVar[str] = "drop"
    goals: ClassVar[frozenset[Goal]] = frozenset({"inference"})

    def __call__(self, graph: Graph) -> Outcome:
        """Bypass what hands on its input; cut off outputs `when training` and what they need."""
        rewriter = Rewriter(graph)
        rewriter.keep_outputs([o for o in graph.outputs if not o.training])
        idle = [node for node in graph.nodes if node.role != "input" and _is_idle(node)]
        for node in idle:
            rewriter.bypass(node.id, node.inputs[0])
        changed = rewriter.graph()
        left = {node.path for node in changed.nodes} | {node.path for node in idle}
        unneeded = [f"{n.path}, for training alone" for n in graph.owners if n.path not in left]
        return Outcome(changed, (*(f"{n.path}: {n.kind}" for n in idle), *unneeded))


def _is_idle(node: Node) -> bool:
    """Whether a node gives just what it takes, in evaluation."""
    if node.op.idle:
        return True
    return len(node.inputs) == 1 and isinstance(node.op.recipe(*shapes(node)), PassThrough)

"""The pass that joins concatenations of concatenations."""

from __future__ import annotations

from typing import ClassVar

from archlang.graph import Graph, Node, Tensor
from archlang.ops.merging import Concat
from archlang.passes.model import Goal, Outcome
from archlang.passes.rewrite import Rewriter
from archlang.passes.uses import Uses


class Flatten:
    """Join concatenations of concatenations into one, so that nothing is copied twice."""

    name: ClassVar[str] = "flatten"
    goals: ClassVar[frozenset[Goal]] = frozenset({"inference", "training"})

    def __call__(self, graph: Graph) -> Outcome:
        """`(a ++ b) ++ c` to `a ++ b ++ c`, in the same order, if only this one takes `a ++ b`.

        What others take too has to be made anyway, and is then copied as a whole just as well.
        """
        uses = Uses(graph)
        rewriter = Rewriter(graph)
        changes: list[str] = []
        flat: dict[int, tuple[Tensor, ...]] = {}
        for node in graph.nodes:
            if not isinstance(node.op, Concat):
                continue
            inner = [p for t in node.inputs if _is_inner(uses, p := graph.producer(t), node)]
            parts = [
                flat.get(t.node, (t,)) if graph.producer(t) in inner else (t,) for t in node.inputs
            ]
            flat[node.id] = tuple(t for part in parts for t in part)
            rewriter.change(node.id, inputs=flat[node.id])
            changes += [f"{producer.path} into {node.path}" for producer in inner]
        return Outcome(rewriter.graph() if changes else graph, tuple(changes))


def _is_inner(uses: Uses, producer: Node, node: Node) -> bool:
    return isinstance(producer.op, Concat) and (
        uses.only_user(producer) is node and producer.training == node.training
    )

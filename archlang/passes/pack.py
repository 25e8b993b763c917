"""The pass that lets convolutions and linear maps keep their weights as processors like them."""

from __future__ import annotations

from typing import ClassVar

from archlang.graph import Graph, Node
from archlang.ops.convolution import Conv, DepthwiseConv
from archlang.ops.linear import FullyConnected
from archlang.ops.resampling import Scale
from archlang.passes.layers import Clip, Fused
from archlang.passes.model import Goal, Outcome
from archlang.passes.rewrite import Rewriter

_RANK = 3
"""Of maps, with their channels."""


class Pack:
    """Keep the weights of convolutions of maps and of linear maps in oneDNN's layout, on CPUs."""

    name: ClassVar[str] = "pack"
    goals: ClassVar[frozenset[Goal]] = frozenset({"inference"})

    def __call__(self, graph: Graph) -> Outcome:
        """Make layers that can; the weights are packed at the first call that has a use for it."""
        rewriter = Rewriter(graph)
        paths: dict[str, None] = {}
        wide = any(is_wide(node) for node in graph.nodes)
        for node in graph.nodes:
            layer = node.op.layer if isinstance(node.op, Fused) else node.op
            maps = isinstance(layer, (Conv, DepthwiseConv)) and len(node.inputs[0].shape) == _RANK
            packs = maps or isinstance(layer, FullyConnected)
            if packs:
                paths[node.path] = None
            if packs or node.op is not layer or is_wide(node):
                fused = node.op if isinstance(node.op, Fused) else Fused(layer=layer)
                rewriter.change(node.id, op=fused.model_copy(update={"wide": wide}))
        return Outcome(rewriter.graph(), tuple(paths))


def is_wide(node: Node) -> bool:
    """Whether a layer does the shift of one before it.

    Its sum is then the small difference of large numbers, where means are large beside deviations.
    """
    before = any(a.side != "after" and not isinstance(a.op, Scale) for a in node.absorbed)
    return before and not isinstance(node.op, Clip)

"""The pass that makes a clip at a threshold of batch norm and relu before a convolution.

A channel's `relu(s x + t)` is `s · clip(x) + t`: x clipped from below at -t/s if s > 0, from above
if s < 0. The factor and the shift are then the business of the convolution's weights.
"""

from __future__ import annotations

from typing import ClassVar

from archlang.graph import Absorbed, Graph, Node
from archlang.ops.activation import Relu
from archlang.ops.classic import Affine
from archlang.ops.convolution import Conv, DepthwiseConv
from archlang.ops.linear import FullyConnected
from archlang.ops.normalisation import BatchNorm
from archlang.passes.fold import commutes, is_per_channel, with_bias
from archlang.passes.layers import Clip
from archlang.passes.model import Goal, Outcome
from archlang.passes.rewrite import Rewriter
from archlang.passes.uses import Uses


class Clips:
    """Clip at one threshold a channel, where batch norm and relu stand before a convolution."""

    name: ClassVar[str] = "clip"
    goals: ClassVar[frozenset[Goal]] = frozenset({"inference"})

    def __call__(self, graph: Graph) -> Outcome:
        """`bn → relu → conv` to `clip → conv`, where no zeros are put around the map."""
        uses = Uses(graph)
        rewriter = Rewriter(graph)
        changes: list[str] = []
        for norm in graph.nodes:
            if (found := _after(uses, norm)) is None:
                continue
            relu, linear = found
            taken = Absorbed(norm.path, norm.op, norm.inputs[0].shape, "clip")
            rewriter.change(norm.id, op=Clip(), absorbed=(taken,))
            rewriter.bypass(relu.id, norm.outputs[0])
            op = with_bias(linear.op)
            rewriter.change(linear.id, op=op, absorbed=(*linear.absorbed, taken))
            changes.append(f"{norm.path} and {relu.path}, the rest into {linear.path}")
        return Outcome(rewriter.graph() if changes else graph, tuple(changes))


def _after(uses: Uses, norm: Node) -> tuple[Node, Node] | None:
    """The relu and the linear layer behind a batch norm; no layer of the three is shared."""
    if not (isinstance(norm.op, (BatchNorm, Affine)) and is_per_channel(norm.op)):
        return None
    relu = uses.only_user(norm)
    linear = None if relu is None else uses.only_user(relu)
    if relu is None or linear is None or not isinstance(relu.op, Relu):
        return None
    if not isinstance(linear.op, (Conv, DepthwiseConv, FullyConnected)):
        return None
    shared = any(len(uses.by_path[n.path]) > 1 for n in (norm, relu, linear))
    return None if shared or not commutes(linear, norm.op) else (relu, linear)

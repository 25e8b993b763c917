"""The pass that averages before a 1x1 convolution instead of behind it."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import ClassVar

from archlang.graph import Graph, Node, Tensor
from archlang.ops.base import axes
from archlang.ops.convolution import Conv, DepthwiseConv
from archlang.ops.pooling import AdaptiveAvgPool, AvgPool, GlobalAvgPool
from archlang.passes.model import Goal, Outcome
from archlang.passes.rewrite import Rewriter
from archlang.passes.uses import Uses


class Pool:
    """Average before a 1x1 convolution instead of behind it, so that it sees fewer pixels."""

    name: ClassVar[str] = "pool"
    goals: ClassVar[frozenset[Goal]] = frozenset({"inference"})

    def __call__(self, graph: Graph) -> Outcome:
        """`conv 1x1 → avgpool` to `avgpool → conv 1x1`, past as many convolutions as there are."""
        changes: list[str] = []
        while found := _pairs(graph):
            rewriter = Rewriter(graph)
            for conv, pool in found:
                _exchange(rewriter, conv, pool)
                changes.append(f"{pool.path} before {conv.path}")
            graph = rewriter.graph()
        return Outcome(graph, tuple(changes))


def _pairs(graph: Graph) -> list[tuple[Node, Node]]:
    """Convolutions with the pool that alone takes the result of each."""
    uses = Uses(graph)
    convs = [node for node in graph.nodes if _is_pointwise(node)]
    pairs = [(conv, uses.only_user(conv)) for conv in convs]
    return [(conv, pool) for conv, pool in pairs if pool is not None and _averages(pool)]


def _is_pointwise(node: Node) -> bool:
    """Whether each pixel of a convolution's result is made of the one pixel at its place."""
    op = node.op
    if not isinstance(op, (Conv, DepthwiseConv)):
        return False
    sizes, result = node.inputs[0].shape[1:], node.shape[1:]
    moves = axes(op.kernel, len(sizes), "kernel"), axes(op.stride, len(sizes), "stride")
    return sizes == result and all(set(move) == {1} for move in moves)  # so there is no padding


def _averages(pool: Node) -> bool:
    """Whether it keeps a constant map as it is, and at most half of the pixels.

    Such means commute with linear maps; the bias is the constant, to which padding adds no zeros.
    """
    if isinstance(pool.op, AvgPool):
        if pool.op.pad != 0 and pool.op.count_pad:
            return False
    elif not isinstance(pool.op, (AdaptiveAvgPool, GlobalAvgPool)):
        return False
    return 2 * prod(pool.shape[1:]) <= prod(pool.inputs[0].shape[1:])


def _exchange(rewriter: Rewriter, conv: Node, pool: Node) -> None:
    """Put each in the other's place: what is pooled has the channels of before the convolution."""
    taken = conv.inputs[0]
    between = Tensor(conv.id, (taken.shape[0], *pool.shape[1:]))
    rewriter.put(replace(pool, id=conv.id, inputs=(taken,), outputs=(between,)))
    rewriter.put(replace(conv, id=pool.id, inputs=(between,), outputs=pool.outputs))

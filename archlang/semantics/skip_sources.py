"""Where a skip can start: at an activated tensor Y = f(Z), or at the linear Z before it."""

from __future__ import annotations

from archlang.graph import Graph, Node, Tensor
from archlang.ops.merging import Concat

_KEEPING = frozenset({"pool", "regular", "shape"})
"""Families of layers behind which an activated tensor still is one."""


def linear(graph: Graph, tensor: Tensor) -> Tensor:
    """Z of a tensor Y = f(Z); any other tensor as it is.

    Dropout behind the activation is passed by. What a pool or a concatenation made of activated
    tensors stays: no one tensor of its size comes before the activation.
    """
    node = graph.producer(tensor)
    while node.op.style.family == "regular" and node.inputs:
        node = graph.producer(node.inputs[0])
    return node.inputs[0] if _is_activation(node) else tensor


def activated(graph: Graph, tensor: Tensor, training: str | None) -> Tensor | None:
    """Y of a linear tensor Z: what the first activation makes of it, directly or behind a
    normalisation; an activated tensor as it is; None if no activation takes it so far.

    `training`: the output that the skip serves alone, whose layers may be looked at.
    """
    if _is_activated(graph, tensor):
        return tensor
    linear_ones = {tensor}
    for node in graph.nodes[tensor.node + 1 :]:
        if node.role != "layer" or node.inputs[0] not in linear_ones:
            continue
        if node.training is not None and node.training != training:
            continue
        if _is_activation(node):
            return node.outputs[0]
        if node.op.style.family == "norm":
            linear_ones.add(node.outputs[0])
    return None


def _is_activation(node: Node) -> bool:
    return node.op.style.family == "activation" and len(node.inputs) == 1


def _is_activated(graph: Graph, tensor: Tensor) -> bool:
    """Whether nothing but pools, dropout and the like comes behind activations."""
    waiting, seen = [tensor], set[int]()
    while waiting:
        node = graph.producer(waiting.pop())
        if node.id in seen or _is_activation(node):
            continue
        seen.add(node.id)
        if isinstance(node.op, Concat) or (node.op.style.family in _KEEPING and node.inputs):
            waiting.extend(node.inputs)
        else:
            return False
    return True

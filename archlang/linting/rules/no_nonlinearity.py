"""W0502: linear layers with nothing between them that bends."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import NoNonlinearity
from archlang.diagnostics.model import Label
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer, only_source
from archlang.ops.base import axes, numel
from archlang.ops.convolution import Conv
from archlang.ops.linear import FullyConnected
from archlang.ops.reshaping import Flatten


class NoNonlinearityRule(StepRule):
    """A linear layer whose input is a linear layer, dropout and flatten left out."""

    problem = NoNonlinearity
    families = frozenset({"conv", "linear"})

    def check(self, node: Node, graph: Graph) -> Found | None:
        if not _is_linear(node):
            return None
        first = only_source(node, graph)
        while first is not None and (first.op.idle or isinstance(first.op, Flatten)):
            first = only_source(first, graph)
        if first is None or first.role != "layer" or not _is_linear(first):
            return None
        if _squeezes(first, node):
            return None
        label = Label(first.span, f"its input comes from this {layer(first.op)}")
        return Found(NoNonlinearity(layer(first.op), layer(node.op)), (label,))


def _is_linear(node: Node) -> bool:
    """Whether a layer is a full linear map, and no factor of one."""
    op = node.op
    if isinstance(op, FullyConnected):
        return True
    if not isinstance(op, Conv) or op.groups != 1:
        return False
    kernel = axes(op.kernel, len(node.inputs[0].shape) - 1, "kernel")
    return len(set(kernel)) == 1


def _squeezes(first: Node, second: Node) -> bool:
    """Whether fewer numbers flow between two layers than into the one and out of the other."""
    size = numel if isinstance(second.op, FullyConnected) else _channels
    around = size(first.inputs[0].shape), size(second.shape)
    return size(first.shape) < min(around)


def _channels(shape: tuple[int, ...]) -> int:
    return shape[0]

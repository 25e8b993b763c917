"""W0513: a kernel some of whose weights only ever meet padding."""

from __future__ import annotations

from math import prod

from archlang.diagnostics.catalog.lint_layers import WeightsOnPadding
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer
from archlang.linting.windows import Axis, sliding


class WeightsOnPaddingRule(StepRule):
    """Convolutions padded with zeros, on maps that are small against their kernel."""

    problem = WeightsOnPadding
    families = frozenset({"conv"})

    def check(self, node: Node, graph: Graph) -> Found | None:
        if getattr(node.op, "padding_mode", "zeros") != "zeros":
            return None
        axes = sliding(node)
        if not any(axis.pad for axis in axes) or all(axis.kernel == 1 for axis in axes):
            return None
        every = prod(axis.kernel for axis in axes)
        met = prod(_met(axis) for axis in axes)
        if met == every:
            return None
        shape = tuple(axis.size for axis in axes)
        return Found(WeightsOnPadding(layer(node.op), every - met, every, shape))


def _met(axis: Axis) -> int:
    """How many of the kernel's weights along an axis meet the input at any place of the window."""
    count = 0
    for weight in range(axis.kernel):
        start = weight * axis.dilation - axis.pad
        first = max(0, -(start // axis.stride))  # of the places at which it is not before the input
        count += first < axis.out and start + first * axis.stride < axis.size
    return count

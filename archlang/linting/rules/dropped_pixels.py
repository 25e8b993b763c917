"""W0507: a stride that leaves the last rows or columns of the input unseen."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import DroppedPixels
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer
from archlang.linting.windows import Axis, sliding


class DroppedPixelsRule(StepRule):
    """Windows whose last place ends before the last pixel of the input."""

    problem = DroppedPixels
    families = frozenset({"conv", "pool"})

    def check(self, node: Node, graph: Graph) -> Found | None:
        axes = sliding(node)
        if not any(axis.unseen and axis.overlaps for axis in axes):
            return None
        lost = tuple(axis.unseen if axis.overlaps else 0 for axis in axes)
        sums = dict.fromkeys(_sum(a) for a, n in zip(axes, lost, strict=True) if n)
        pools = node.op.style.family == "pool"
        return Found(DroppedPixels(layer(node.op), lost, tuple(sums), pools))


def _sum(axis: Axis) -> str:
    """`(15 + 2·0 − 1·(2 − 1) − 1) mod 2 = 1`, and how much of it is padding."""
    n, k, s, p, d = axis.size, axis.kernel, axis.stride, axis.pad, axis.dilation
    room = n + 2 * p - d * (k - 1) - 1
    text = f"({n} + 2·{p} − {d}·({k} − 1) − 1) mod {s} = {room % s}"
    return f"{text}, of which padding has {p}" if p else text

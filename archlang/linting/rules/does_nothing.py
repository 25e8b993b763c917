"""W0512: a layer that hands on what it gets."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import DoesNothing
from archlang.diagnostics.model import Fix
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer
from archlang.linting.windows import sliding
from archlang.linting.written import Written, is_plain
from archlang.ops.base import Op, Shape
from archlang.ops.regularisation import (
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    DropPath,
)
from archlang.ops.resampling import Crop, Upsample
from archlang.ops.reshaping import ChannelShuffle, Flatten, Pad, Permute, Reshape

_DROPOUTS = (Dropout, Dropout1d, Dropout2d, Dropout3d, AlphaDropout, DropPath)
_SIZED = (Reshape, Crop, Pad, ChannelShuffle)
"""Whether they do anything is a question of sizes."""


class DoesNothingRule(StepRule):
    """Layers whose plain arguments make them the identity, in every use."""

    problem = DoesNothing
    families = frozenset({"regular", "shape", "pool"})
    always = True
    repairs = True

    def check(self, node: Node, graph: Graph) -> Found | None:
        if len(node.inputs) != 1:
            return None
        why = _why(node.op, node.inputs[0].shape, node.shape) or _slides_alone(node)
        return Found(DoesNothing(layer(node.op), why)) if why else None

    def holds(self, node: Node, written: Written) -> bool:
        said = [written.call_at(node.span), *written.by_default(layer(node.op))]
        return all(map(is_plain, said))

    def fix(self, node: Node, written: Written) -> Fix | None:
        # whether a shape stays the same depends on who uses a block, and on parameters
        alone = written.in_network(node.span)
        if isinstance(node.op, _SIZED):
            alone = alone and not written.has_parameters(node.span)
        sure = isinstance(node.op, _DROPOUTS) or alone
        return written.without_step(node.span) if sure else None


def _why(op: Op, x: Shape, y: Shape) -> str:  # noqa: PLR0911  # one case a kind
    """Why a layer changes nothing; empty if it does."""
    match op:
        case Dropout() | Dropout1d() | Dropout2d() | Dropout3d() | AlphaDropout() | DropPath():
            return "" if op.p else "its probability is 0"
        case Flatten():
            return "its input is a vector already" if len(x) == 1 else ""
        case Permute():
            return (
                "its order is the order of the axes" if op.order == tuple(sorted(op.order)) else ""
            )
        case ChannelShuffle():
            return "there is nothing to mix" if op.groups in (1, x[0]) else ""
        case Reshape() | Crop() | Pad():
            return "its input has that shape already" if x == y else ""
        case Upsample():
            return "its scale is 1" if x == y and op.size is None else ""
        case _:
            return ""


def _slides_alone(node: Node) -> str:
    """Why a pooling changes nothing."""
    axes = sliding(node) if node.op.style.family == "pool" else ()
    alone = axes and all(a.kernel == a.stride == 1 and not a.pad for a in axes)
    return "its window is one pixel" if alone else ""

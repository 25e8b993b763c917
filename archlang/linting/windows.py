"""What rules ask of a layer that slides a window: its numbers, axis by axis."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from archlang.graph import Node
from archlang.ops.base import axes
from archlang.ops.convolution import Conv, DepthwiseConv, SeparableConv
from archlang.ops.pooling import AvgPool, MaxPool
from archlang.ops.windows import same_padding


class Axis(NamedTuple):
    """A window along one axis."""

    size: int
    """Of the input."""
    out: int
    """Places of the window."""
    kernel: int
    stride: int
    pad: int
    dilation: int

    @property
    def reach(self) -> int:
        """Pixels from the first to the last that the window covers."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def overlaps(self) -> bool:
        """Whether the window leaves no gap between one place and the next."""
        return self.stride <= self.reach

    @property
    def unseen(self) -> int:
        """Pixels at the end of the input that no place of the window reaches."""
        last = (self.out - 1) * self.stride + self.reach - 1 - self.pad
        return max(0, self.size - 1 - last)


@lru_cache(maxsize=1)  # several rules ask the same of a step
def sliding(node: Node) -> tuple[Axis, ...]:
    """The axes of a convolution or pooling; none where the layer is neither."""
    op = node.op
    if not isinstance(op, (Conv, DepthwiseConv, SeparableConv, MaxPool, AvgPool)):
        return ()
    size, out = node.inputs[0].shape[1:], node.shape[1:]
    rank = len(size)
    kernel = axes(op.kernel, rank, "kernel")
    dilation = (1,) * rank if isinstance(op, AvgPool) else axes(op.dilation, rank, "dilation")
    stride = kernel if op.stride is None else axes(op.stride, rank, "stride")
    pads = op.pad
    pad = same_padding(op.name, kernel, dilation) if pads == "same" else axes(pads, rank, "pad")
    return tuple(map(Axis, size, out, kernel, stride, pad, dilation))

"""Which tensors of a graph are one value, which share memory, and what autograd keeps of a step."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from archlang.graph import Graph, Node, Tensor, shapes
from archlang.ops import activation, merging, pooling, regularisation, resampling, reshaping
from archlang.ops.base import Op
from archlang.ops.normalisation import LocalResponseNorm
from archlang.ops.recipe import PassThrough

Value: TypeAlias = tuple[int, int]
"""A node's id and a port: a tensor, told apart from all others."""
VIEWS = (
    reshaping.Flatten,
    reshaping.Reshape,
    reshaping.Permute,
    reshaping.Split,
    resampling.Crop,
    resampling.CropLike,
)
"""Steps whose results lie in the memory of what they take."""


class Keeps(NamedTuple):
    """What the backward pass needs of a step."""

    inputs: bool
    output: bool
    more: float = 0.0
    """Bytes beside these, for each number of its result: indices, masks."""
    copies: float = 0.0
    """Further tensors of the size of its result, of the same type."""


_NOTHING = Keeps(False, False)
_INPUT = Keeps(True, False)
_OUTPUT = Keeps(False, True)
_KEEP_NOTHING = (
    merging.Add,
    merging.Subtract,
    merging.Mean,
    merging.Concat,
    merging.WithConstant,
    reshaping.Select,
    reshaping.Pad,
    reshaping.PixelShuffle,
    reshaping.PixelUnshuffle,
    reshaping.ChannelShuffle,
    resampling.Upsample,
    resampling.ResizeLike,
    resampling.PadShortcut,
    regularisation.DropPath,
    regularisation.Dropout1d,
    regularisation.Dropout2d,
    regularisation.Dropout3d,
)
_KEEP_INPUT = (
    merging.Multiply,
    activation.Relu6,
    activation.LeakyRelu,
    activation.Prelu,
    activation.Elu,
    activation.Selu,
    activation.Silu,
    activation.Mish,
    activation.Hardswish,
    activation.Hardsigmoid,
    activation.Hardtanh,
)
_KEPT: tuple[tuple[tuple[type[Op], ...], Keeps], ...] = (
    ((pooling.MaxPool,), Keeps(True, False, more=8.0)),
    ((regularisation.Dropout, regularisation.AlphaDropout), Keeps(False, False, copies=1.0)),
    ((LocalResponseNorm,), Keeps(True, False, copies=3.0)),
    (_KEEP_INPUT, _INPUT),
    ((*VIEWS, *_KEEP_NOTHING), _NOTHING),
)


def keeps(node: Node) -> Keeps:
    """What autograd keeps of a step while training, in torch's own layers.

    A layer that this module does not know keeps its input if its output may be overwritten, else
    its output. Small things (a mean for each channel) are left out.
    """
    op = node.op
    if is_nothing(node):
        return _NOTHING
    if isinstance(op, resampling.Scale):
        return _INPUT if op.learn else _NOTHING
    for kinds, kept in _KEPT:
        if isinstance(op, kinds):
            return kept
    return _OUTPUT if op.keeps_output else _INPUT


def is_nothing(node: Node) -> bool:
    """Whether a step does nothing at all, so that its result is its very input."""
    return isinstance(node.op, activation.Identity) or (
        node.role != "input" and isinstance(node.op.recipe(*shapes(node)), PassThrough)
    )


class Values:
    """The values of a graph: every tensor under the name of the one it really is."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._names: dict[Value, Value] = {}
        for node in graph.nodes:
            if is_nothing(node):
                self._names[node.id, 0] = self.of(node.inputs[0])

    def of(self, tensor: Tensor) -> Value:
        """The value that a tensor is, past steps that do nothing."""
        key = tensor.node, tensor.port
        return self._names.get(key, key)

    def tensor(self, value: Value) -> Tensor:
        """The tensor that a value was first."""
        number, port = value
        return self._graph.nodes[number].outputs[port]

    def taken(self, node: Node) -> tuple[Value, ...]:
        """What a step takes."""
        return tuple(map(self.of, node.inputs))

"""How a layer that works on whole tensors is written: its name, its weights, how it goes back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from archlang.chainrule.letters import Letters
from archlang.chainrule.model import Map, Symbol
from archlang.graph import Node, shapes
from archlang.ops import (
    activation,
    classic,
    convolution,
    linear,
    normalisation,
    pooling,
    resampling,
    reshaping,
)
from archlang.ops.base import Op

_WEIGHTED: Mapping[type[Op], str] = MappingProxyType(
    {
        convolution.Conv: "Conv",
        convolution.DepthwiseConv: "DWConv",
        convolution.UpConv: "UpConv",
        classic.SparseConv: "SparseConv",
    }
)
_LINEAR: Mapping[type[Op], str] = MappingProxyType(
    {
        pooling.AvgPool: "AvgPool",
        pooling.GlobalAvgPool: "GAP",
        pooling.AdaptiveAvgPool: "AvgPool",
        reshaping.Flatten: "Flatten",
        reshaping.Reshape: "Reshape",
        reshaping.Permute: "Permute",
        reshaping.PixelShuffle: "Shuffle",
        reshaping.PixelUnshuffle: "Unshuffle",
        reshaping.ChannelShuffle: "Shuffle",
        reshaping.Pad: "Pad",
        reshaping.Select: "Select",
        resampling.Upsample: "Up",
        resampling.Crop: "Crop",
        resampling.CropLike: "Crop",
        resampling.ResizeLike: "Resize",
        resampling.PadShortcut: "Pad",
    }
)
_CURVED: Mapping[type[Op], str] = MappingProxyType(
    {
        pooling.MaxPool: "MaxPool",
        pooling.GlobalMaxPool: "GMP",
        pooling.AdaptiveMaxPool: "MaxPool",
        pooling.LpPool: "LpPool",
        activation.Softmax: "Softmax",
        activation.LogSoftmax: "LogSoftmax",
        classic.Maxout: "Maxout",
        normalisation.LocalResponseNorm: "LRN",
    }
)
_NORMS: Mapping[type[Op], str] = MappingProxyType(
    {
        normalisation.BatchNorm: "BN",
        normalisation.LayerNorm: "LN",
        normalisation.GroupNorm: "GN",
        normalisation.InstanceNorm: "IN",
    }
)


def map_of(node: Node, letters: Letters) -> Map:
    """The map of a node, with the symbols of its weights."""
    op: Any = node.op
    kind: type[Op] = type(node.op)
    index = letters.numbers[node.id]
    if kind in _WEIGHTED or kind is linear.FullyConnected:
        return _weighted(node, letters)
    if kind in _LINEAR and not _is_affine(op):
        return Map("linear", Symbol(_LINEAR[kind]), node)
    if kind in _NORMS:
        return Map("norm", Symbol(_NORMS[kind], index), node)
    if kind in _CURVED:
        return Map("curved", Symbol(_CURVED[kind], index), node)
    # what belongs to the layer alone is called by its letter: J_rbf1
    weight = letters.weight(node, "a") if op.params(*shapes(node)) else None
    return Map("unknown", Symbol(op.name or kind.__name__, index), node, weight)


def _weighted(node: Node, letters: Letters) -> Map:
    op: Any = node.op
    weight = letters.weight(node)
    bias = letters.weight(node, "b") if op.bias else None
    if isinstance(op, linear.FullyConnected):
        return Map("fc", Symbol(""), node, weight, bias)
    if getattr(op, "padding_mode", "zeros") != "zeros":  # its transpose is no convolution
        name = Symbol(_WEIGHTED[type(node.op)], letters.numbers[node.id])
        return Map("unknown", name, node, weight, bias)
    up = isinstance(op, convolution.UpConv)
    return Map("conv", Symbol(_WEIGHTED[type(node.op)]), node, weight, bias, transposed=up)


def _is_affine(op: Any) -> bool:
    """Whether a layer adds a number that is no multiple of its input: a border that is not 0."""
    return isinstance(op, reshaping.Pad) and op.value != 0.0

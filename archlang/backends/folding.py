"""The weights of layers that have others folded into them, computed in float64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from archlang.graph import Absorbed, Graph, Node
from archlang.ops.base import Op
from archlang.ops.convolution import UpConv
from archlang.ops.normalisation import BatchNorm
from archlang.ops.resampling import Scale
from archlang.passes.layers import Clip, Fused

_TINY = 1e-30


class _Line(NamedTuple):
    """What a layer does to each channel: `factor · x + shift`, in float64."""

    factor: Tensor
    shift: Tensor


def folded(graph: Graph, plain: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights and biases of those layers of a graph that have absorbed others.

    Args:
        graph: the optimised one.
        plain: the `state_dict` of the network that it was made of.
    """
    found: dict[str, Tensor] = {}
    for node in graph.owners:
        if isinstance(node.op, Clip):
            found |= _thresholds(node, plain)
        elif node.absorbed:
            found |= _folded(node, plain)
    return found


def _folded(node: Node, plain: Mapping[str, Tensor]) -> dict[str, Tensor]:
    old = plain[f"{node.path}.weight"]
    weight = _exact(old)
    bias = plain.get(f"{node.path}.bias")
    shift = weight.new_zeros(node.shape[0]) if bias is None else _exact(bias)
    for absorbed in node.absorbed:
        line = _line(absorbed, plain, weight)
        if absorbed.side == "clip":
            line = _behind_clip(line)
        if absorbed.side == "after":
            weight, shift = _after(node, weight, shift, line)
        else:
            weight, shift = _before(node, weight, shift, line)
    layer = _linear(node)
    new = {"weight": weight, "bias": shift} if getattr(layer, "bias", True) else {"weight": weight}
    return {f"{node.path}.{name}": v.to(old.device, old.dtype) for name, v in new.items()}


def _linear(node: Node) -> Op:
    return node.op.layer if isinstance(node.op, Fused) else node.op


def _exact(tensor: Tensor) -> Tensor:
    """A tensor in float64, which Apple's GPUs do not have."""
    tensor = tensor.detach()
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()


def _line(absorbed: Absorbed, plain: Mapping[str, Tensor], like: Tensor) -> _Line:
    """The factor and the shift of each channel of what was absorbed."""
    channels = absorbed.shape[0]

    def own(name: str, otherwise: float) -> Tensor:
        value = plain.get(f"{absorbed.path}.{name}")
        if value is None:
            return like.new_full((channels,), otherwise)
        return _exact(value).to(like.device).expand(channels)

    if isinstance(absorbed.op, Scale):
        return _Line(own("weight", absorbed.op.value), like.new_zeros(channels))
    if isinstance(absorbed.op, BatchNorm):
        factor = own("weight", 1.0) * (own("running_var", 1.0) + absorbed.op.eps).rsqrt()
        return _Line(factor, own("bias", 0.0) - own("running_mean", 0.0) * factor)
    return _Line(own("weight", 1.0), own("bias", 0.0))


def _after(node: Node, weight: Tensor, shift: Tensor, line: _Line) -> tuple[Tensor, Tensor]:
    """Scale the filters; those of an upconv lie along the second axis, within each group."""
    layer = _linear(node)
    if isinstance(layer, UpConv):
        groups = layer.groups
        parts = weight.view(groups, -1, *weight.shape[1:])
        factor = line.factor.view(groups, 1, -1, *(1,) * (weight.dim() - 2))
        weight = (parts * factor).flatten(0, 1)
    else:
        weight = weight * line.factor.view(-1, *(1,) * (weight.dim() - 1))
    return weight, shift * line.factor + line.shift


def _before(node: Node, weight: Tensor, shift: Tensor, line: _Line) -> tuple[Tensor, Tensor]:
    """Scale what the filters see of each channel; its shift is a constant of their sum."""
    layer = _linear(node)
    if isinstance(layer, UpConv):  # its first axis is the channels; none is shifted (Scale)
        return weight * line.factor.view(-1, *(1,) * (weight.dim() - 1)), shift
    filters, seen = weight.shape[:2]
    groups = len(line.factor) // seen
    parts = weight.view(groups, filters // groups, seen, -1)
    summed = torch.einsum("gfct,gc->gf", parts, line.shift.view(groups, seen))
    scaled = parts * line.factor.view(groups, 1, seen, 1)
    return scaled.view_as(weight), shift + summed.flatten()


# ── relu(s x + t) as a clip ──────────────────────────────────────────────────────────────────────


def _limits(line: _Line) -> tuple[Tensor, Tensor]:
    """Where each channel is clipped: below for s > 0, above for s < 0; at s = 0 to zero."""
    infinite, zero = torch.full_like(line.shift, torch.inf), torch.zeros_like(line.shift)
    flat, bound = _is_flat(line), -line.shift / line.factor
    low = torch.where(line.factor > 0, bound, -infinite)
    high = torch.where(line.factor < 0, bound, infinite)
    return torch.where(flat, zero, low), torch.where(flat, zero, high)


def _is_flat(line: _Line) -> Tensor:
    """The channels that are as good as constant: a threshold would be too large for a float."""
    return line.factor.abs() <= _TINY * line.shift.abs().clamp_min(1)


def _thresholds(node: Node, plain: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The limits of a clip; they have the type of the batch norm's own tensors."""
    (absorbed,) = node.absorbed
    old = next(plain[key] for key in _names(absorbed.path) if key in plain)
    line = _line(absorbed, plain, _exact(old))
    shape = (-1, *(1,) * (len(absorbed.shape) - 1))
    low, high = (limit.view(shape).to(old.device, old.dtype) for limit in _limits(line))
    return {f"{node.path}.low": low, f"{node.path}.high": high}


def _names(path: str) -> tuple[str, ...]:
    return (f"{path}.weight", f"{path}.running_mean")


def _behind_clip(line: _Line) -> _Line:
    """What is left to do of `relu(s x + t)` when x is clipped: s x + t, and relu(t) at s = 0."""
    flat = _is_flat(line)
    return _Line(
        line.factor.masked_fill(flat, 0), torch.where(flat, line.shift.clamp_min(0), line.shift)
    )

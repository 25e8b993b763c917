"""How the weights of a layer are made to fit another number of input channels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from archlang.ops.base import Shape

# Each takes filters of shape (out, channels, *kernel) and a number of new channels.


def _sum(filters: Tensor, channels: int) -> Tensor:
    total = filters.sum(1, keepdim=True) / channels
    return total.repeat_interleave(channels, dim=1)


def _mean(filters: Tensor, channels: int) -> Tensor:
    return filters.mean(1, keepdim=True).repeat_interleave(channels, dim=1)


def _repeat(filters: Tensor, channels: int) -> Tensor:
    old = filters.shape[1]
    turn = torch.arange(channels, device=filters.device) % old
    return filters[:, turn] * (old / channels)


def _pad(filters: Tensor, channels: int) -> Tensor:
    missing = channels - filters.shape[1]
    zeros = filters.new_zeros((filters.shape[0], missing, *filters.shape[2:]))
    return torch.cat([filters, zeros], dim=1)


_WAYS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "sum": _sum,
    "mean": _mean,
    "repeat": _repeat,
    "pad": _pad,
}


def can_adapt(how: str, old: Shape, new: Shape) -> bool:
    """Whether a way can make weights of one shape fit another.

    Args:
        how: one of `semantics.pretrained.WAYS`.
        old: (out, channels, *kernel).
        new: the same but for the channels.
    """
    if old == new:
        return True
    same = len(old) == len(new) > 2 and (old[0], *old[2:]) == (new[0], *new[2:])
    return same and how in _WAYS and (how != "pad" or old[1:2] < new[1:2])


def adapted(how: str, old: Tensor, shape: Shape) -> Tensor:
    """A tensor of a layer made to fit `shape`, which `how` can do; see `can_adapt`.

    What fits already is taken as it is.
    """
    if old.shape == shape:
        return old
    # sums of short numbers are rounded too often, and torch adds some kinds not at all
    wide = old if old.dtype.itemsize > 2 else old.float()
    return _WAYS[how](wide, shape[1]).to(old.dtype)

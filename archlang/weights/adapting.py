"""How the weights of a layer are made to fit another number of input channels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

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


def _pad(filters: Tensor, channels: int) -> Tensor | None:
    missing = channels - filters.shape[1]
    if missing < 0:
        return None
    zeros = filters.new_zeros((filters.shape[0], missing, *filters.shape[2:]))
    return torch.cat([filters, zeros], dim=1)


_WAYS: dict[str, Callable[[Tensor, int], Tensor | None]] = {
    "sum": _sum,
    "mean": _mean,
    "repeat": _repeat,
    "pad": _pad,
}


def adapted(how: str, old: Tensor, shape: tuple[int, ...]) -> Tensor | None:
    """A tensor of a layer made to fit `shape` in one of the ways of `semantics.pretrained.WAYS`.

    Args:
        how: the way.
        old: filters of shape (out, channels, *kernel); what fits already is taken as it is.
        shape: (out, new channels, *kernel).

    Returns:
        The new filters; None where this way cannot give them.
    """
    if old.shape == shape:
        return old
    same = old.dim() == len(shape) > 2 and (old.shape[0], *old.shape[2:]) == (shape[0], *shape[2:])
    if not same or how not in _WAYS:
        return None
    return _WAYS[how](old, shape[1])

"""How large a tensor is: the root of the mean square over its elements, and the length."""

from __future__ import annotations

import torch
from torch import Tensor

_SMALL = 1 << 16
"""Elements of a tensor that is added up in float64 right away, which is slow on a processor."""
_ROW = 4096
"""Elements that are added up in float32 before float64 takes over: their sum is exact to 1e-6."""
_SAFE = (1e-15, 1e15)
"""Norms of rows between these neither lose squares below float32's range nor exceed it."""


def rms(tensor: Tensor) -> Tensor:
    """The root of the mean square of a tensor of any shape, as a float64 scalar on its device.

    No element is too small or too large for its square to count, be the tensor in float32.
    """
    flat = tensor.detach().reshape(-1)
    return _norm(flat) / max(1, flat.numel()) ** 0.5


def length(tensor: Tensor) -> Tensor:
    """The length of a sample in a tensor `Nx…`, as a float64 scalar on its device.

    That is the root of the sum of squares over the elements of a sample, and over the samples the
    root of the mean square of that.
    """
    return rms(tensor) * (tensor.numel() / max(1, tensor.shape[0])) ** 0.5


def joint_rms(sizes: list[Tensor], counts: list[int]) -> Tensor:
    """The root of the mean square over several tensors, given that and the number of each."""
    squares = torch.stack(sizes) ** 2 * torch.tensor(counts, device=sizes[0].device)
    return (squares.sum() / max(1, sum(counts))).sqrt()


def _norm(flat: Tensor) -> Tensor:
    if flat.device.type == "mps":  # which has no float64
        return _length(flat, torch.float32)
    if flat.numel() <= _SMALL or flat.device.type != "cpu":
        return _length(flat, torch.float64)
    whole = flat.numel() - flat.numel() % _ROW
    rows = _rows(flat[:whole].view(-1, _ROW))
    if not _SAFE[0] < rows.max().item() < _SAFE[1]:
        return _length(flat, torch.float64)
    return torch.hypot(_length(rows, torch.float64), _length(flat[whole:], torch.float64))


def _length(values: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.linalg.vector_norm(values, dtype=dtype)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # torch has no type


def _rows(values: Tensor) -> Tensor:
    """The norm of each row; in another type only where it has to be, which is far slower."""
    wide = torch.promote_types(values.dtype, torch.float32)
    other = None if wide == values.dtype else wide
    return torch.linalg.vector_norm(values, dim=1, dtype=other)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # torch has no type

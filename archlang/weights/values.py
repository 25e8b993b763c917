"""Whether the values of a checkpoint are numbers that can be loaded."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from archlang.diagnostics.catalog.values import NoTensors, NotFinite
from archlang.diagnostics.model import Problem

_PIECE = 2**22
"""Numbers that are looked at together."""


def unloadable(
    name: str, value: object, wanted: torch.dtype, *, counts: bool = False
) -> Problem | None:
    """Why a value of a checkpoint cannot become a parameter of some type; None if it can.

    A counter of batches may have become a real number with all the rest: `{k: v.half() …}`.
    """
    if not isinstance(value, Tensor):
        return NoTensors(key=name, what=f"no tensor but of the type {type(value).__name__}")
    if value.is_meta:
        return NoTensors(key=name, what='on the device "meta", where there are no numbers')
    if value.layout is not torch.strided or value.is_quantized:
        kind = "quantised" if value.is_quantized else str(value.layout).removeprefix("torch.")
        return NoTensors(key=name, what=f"stored in another form ({kind})")
    if _kind(value.dtype) != _kind(wanted) and not (counts and not value.is_complex()):
        types = f"{_name(value.dtype)}, but the network's is {_name(wanted)}"
        return NoTensors(key=name, what=f"of the type {types}")
    return None


def not_finite(name: str, value: Tensor, *, adapted: bool = False) -> Problem | None:
    """The problem of a tensor with values that are NaN or infinite; None if it has none.

    `adapted`: it is what was made of a tensor of that name, by `adapt` or in another type.
    """
    if is_finite(value):
        return None
    bad = _bad_numbers(value.detach().reshape(-1))
    return NotFinite(name, bad, value.numel(), _name(value.dtype) if adapted else "")


def is_finite(value: Tensor) -> bool:
    """Whether no value is NaN or infinite.

    One number tells at the price of one reading; only where that is odd is each looked at.
    """
    if not value.is_floating_point() or not value.numel():
        return True
    flat = value.detach().reshape(-1)
    return math.isfinite(_witness(flat)) or not _bad_numbers(flat)


def _witness(flat: Tensor) -> float:
    """A number that is finite only if all values are: the sum of their squares, or the sum."""
    if flat.dtype in (torch.float32, torch.float64):
        return torch.dot(flat, flat).item()  # several times as fast as a sum
    if flat.dtype.itemsize == 1:  # torch does not add these up
        return math.nan
    return flat.sum(dtype=torch.float32).item()


def _bad_numbers(flat: Tensor) -> int:
    """How many are NaN or infinite; piece by piece, since the check takes memory itself."""
    bad = 0
    for start in range(0, flat.numel(), _PIECE):
        piece = flat[start : start + _PIECE]
        # torch does not ask numbers of eight bits for infinity
        real = piece.float() if piece.dtype.itemsize == 1 else piece
        bad += int((~real.isfinite()).sum())
    return bad


def _kind(dtype: torch.dtype) -> str:
    return "float" if dtype.is_floating_point else "complex" if dtype.is_complex else "whole"


def _name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")

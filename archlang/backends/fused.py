"""Convolutions and linear maps that also add and activate, and keep their weights packed on CPUs.

They compute the same in two ways. In eager mode, on a CPU and without gradients, oneDNN does all
of it in one call, from a copy of the weights in its own layout. Everywhere else (other devices,
gradients, `torch.compile`, `torch.export`, tracing) they are torch's ordinary functions.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from archlang.backends import packing

_HALVES = (torch.float16, torch.bfloat16)


class _Fused(nn.Module):
    """What all of them have in common; a subclass names the layer, too."""

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        *args: Any,
        activation: nn.Module | None = None,
        adds: bool = False,
        overwrites: bool = False,
        wide: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.activation = activation
        self.adds = adds
        self.overwrites = overwrites
        self.wide = wide
        self._packed: packing.Packed | None = None
        self.training = False

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode: the weights hold statistics that can be trained no more."""
        if mode:
            warnings.warn(
                "a model that is optimised for inference stays in evaluation mode: "
                "train the one that it was made of",
                stacklevel=2,
            )
        self._packed = None
        return super().train(False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        if self.wide:
            hold_wide(fn, self.weight)
        self._packed = None
        return super()._apply(fn, recurse)  # pyright: ignore[reportUnknownMemberType]  # torch has no type

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self._packed = None
        super()._load_from_state_dict(*args, **kwargs)  # pyright: ignore[reportUnknownMemberType]  # torch has no type

    def plainly(self, x: Tensor) -> Tensor:
        """The layer alone, by torch's own function."""
        raise NotImplementedError

    def packed_kind(self, x: Tensor) -> type[packing.Packed] | None:
        """How oneDNN does it; None if it does not."""
        return None

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        """The layer on `x`, plus `other`, activated."""
        if self.wide:
            warn_of_autocast(x)
        if packing.may_pack(x, self.weight) and (kind := self.packed_kind(x)):
            if self._packed is None or not self._packed.fits(self.weight):
                self._packed = kind(self, x)
            return self._packed(x, other)
        result = self.plainly(x)
        if other is not None:
            result = packing.plus(result, other)
        return result if self.activation is None else self.activation(result)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_packed": None}  # neither copied nor pickled: it is made anew

    def extra_repr(self) -> str:
        more = [name for name in ("adds", "overwrites") if getattr(self, name)]
        return ", ".join([super().extra_repr(), *more])


class _FusedConv(_Fused):
    def plainly(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.weight, self.bias)  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]  # of the layer beside


class Conv1d(_FusedConv, nn.Conv1d):  # pyright: ignore[reportIncompatibleMethodOverride]  # ours adds `other`
    """A convolution of sequences, and what follows it."""


class Conv2d(_FusedConv, nn.Conv2d):  # pyright: ignore[reportIncompatibleMethodOverride]  # ours adds `other`
    """A convolution of maps, and what follows it."""

    def packed_kind(self, x: Tensor) -> type[packing.Packed] | None:
        """Zeros around the map are part of the convolution; anything else is not."""
        known = self.padding_mode == "zeros" and x.dim() == self.weight.dim()
        return packing.PackedConv if known else None


class Conv3d(_FusedConv, nn.Conv3d):  # pyright: ignore[reportIncompatibleMethodOverride]  # ours adds `other`
    """A convolution of volumes, and what follows it."""


class _FusedTransposed(_Fused):
    def plainly(self, x: Tensor) -> Tensor:
        rank = self.weight.dim() - 2
        function = getattr(functional, f"conv_transpose{rank}d")
        return function(
            x, self.weight, self.bias, self.stride, self.padding,
            self.output_padding, self.groups, self.dilation,
        )  # fmt: skip


class ConvTranspose1d(_FusedTransposed, nn.ConvTranspose1d):  # pyright: ignore[reportIncompatibleMethodOverride]  # ours adds `other`
    """A transposed convolution of sequences, and what follows it."""


class ConvTranspose2d(_FusedTransposed, nn.ConvTranspose2d):  # pyright: ignore[reportIncompatibleMethodOverride]  # ours adds `other`
    """A transposed convolution of maps, and what follows it."""


class ConvTranspose3d(_FusedTransposed, nn.ConvTranspose3d):  # pyright: ignore[reportIncompatibleMethodOverride]  # ours adds `other`
    """A transposed convolution of volumes, and what follows it."""


class Linear(_Fused, nn.Linear):  # pyright: ignore[reportIncompatibleMethodOverride]  # ours adds `other`
    """A linear map of vectors, and what follows it."""

    def plainly(self, x: Tensor) -> Tensor:
        """The linear map alone."""
        return functional.linear(x, self.weight, self.bias)

    def packed_kind(self, x: Tensor) -> type[packing.Packed] | None:
        """Vectors alone: sequences of them do not occur."""
        return packing.PackedLinear if x.dim() == self.weight.dim() else None


def hold_wide(fn: Callable[[Tensor], Tensor], weight: Tensor) -> None:
    """Hold that something that is about to be done to weights does not make them 16 bits short.

    Raises:
        TypeError: it does.
    """
    probe = fn(torch.empty(1, dtype=weight.dtype, device=weight.device))
    if probe.dtype in _HALVES:
        raise TypeError(
            f"this model was optimised for {weight.dtype}: its thresholds and shifts would not be "
            f"exact enough in {probe.dtype}; optimise it in that type: "
            f'archlang.load(…, dtype={probe.dtype}, optimize="inference")'
        )


def warn_of_autocast(x: Tensor) -> None:
    """Warn that what was folded loses digits under autocast."""
    if torch.compiler.is_compiling() or type(x) is not Tensor:
        return
    kind = x.device.type
    if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
        warnings.warn(
            "a model that was optimised for float32 is less exact under autocast: leave that out, "
            "and load it in its type, as in "
            'archlang.load(…, dtype=torch.bfloat16, optimize="inference")',
            stacklevel=3,
        )


class Clip(nn.Module):
    """Each channel of a map, or each number of a vector, between two limits of its own.

    What is clipped is overwritten where nobody else needs it (`inplace`).
    """

    def __init__(self, channels: int, rank: int = 2, inplace: bool = False) -> None:
        super().__init__()
        shape = (channels,) + (1,) * rank
        self.low = nn.Parameter(torch.full(shape, -torch.inf))
        self.high = nn.Parameter(torch.full(shape, torch.inf))
        self.inplace = inplace
        self.below = False
        """Whether all upper limits are infinite, so that one comparison is enough."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        hold_wide(fn, self.low)
        return super()._apply(fn, recurse)  # pyright: ignore[reportUnknownMemberType]  # torch has no type

    def forward(self, x: Tensor) -> Tensor:
        """The clipped map; where a gradient is asked for, a new one."""
        warn_of_autocast(x)
        out = x if self.inplace and not torch.is_grad_enabled() else None
        if torch.compiler.is_compiling() or type(x) is not Tensor:
            out = None
        if self.below:
            return torch.maximum(x, self.low, out=out)
        return torch.clamp(x, self.low, self.high, out=out)

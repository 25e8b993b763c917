"""Weights in oneDNN's own layout, and the calls that take them: CPUs with x86 alone."""

from __future__ import annotations

import platform
from functools import cache
from typing import Any, Protocol

import torch
from torch import Tensor, nn

_OPS: Any = torch.ops.mkldnn
_CORE: Any = torch._C  # pyright: ignore[reportPrivateUsage]
_REORDER: Any = _CORE._nn  # as torch's own compiler does it
_LEVELS: Any = torch.autograd.forward_ad
_FUSED = ("_convolution_pointwise", "_convolution_pointwise_", "_linear_pointwise")


class Layer(Protocol):
    """What is packed."""

    weight: Any
    bias: Any
    activation: nn.Module | None
    overwrites: bool


@cache
def supports(dtype: torch.dtype) -> bool:
    """Whether this processor, and this torch, have oneDNN's fused layers for a type."""
    if platform.machine() not in ("x86_64", "AMD64") or not torch.backends.mkldnn.is_available():
        return False
    if not all(hasattr(_OPS, name) for name in _FUSED):
        return False
    if dtype == torch.float32:
        return True
    if dtype == torch.bfloat16:
        return _OPS._is_mkldnn_bf16_supported()
    return False


def may_pack(x: Tensor, weight: Tensor) -> bool:
    """Whether a call can take packed weights: an ordinary one, on a CPU, without gradients.

    Compilers, exporters, tracers and what transforms functions have to see torch's own functions.
    Weights that are no parameters were put there for one call; of those made in inference mode
    torch does not know when they change.
    """
    if (
        torch.compiler.is_compiling()
        or _CORE._is_tracing()
        or type(x) is not Tensor
        or x.device.type != "cpu"
    ):
        return False
    if not isinstance(weight, nn.Parameter) or weight.is_inference():
        return False
    if weight.device.type != "cpu" or x.dtype != weight.dtype or x.numel() == 0:
        return False
    if torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad):
        return False
    return supports(x.dtype) and torch.backends.mkldnn.enabled and not _is_watched(x)


def _is_watched(x: Tensor) -> bool:
    """Whether someone traces, counts, casts or transforms what runs."""
    return bool(
        torch.is_autocast_enabled("cpu")
        or _CORE._len_torch_dispatch_stack() > 0
        or _CORE._functorch.is_functorch_wrapped_tensor(x)
        or torch.are_deterministic_algorithms_enabled()
        or _LEVELS._current_level >= 0
    )


_SAMPLE = 16
"""How many numbers of a weight are looked at each time: reading them takes microseconds."""
_BITS = {4: torch.int32, 2: torch.int16}


class _Identity:
    """Tells whether a weight is still the one that it was, and has the same numbers.

    Torch counts what is written to a tensor, but not by way of `.data`, nor in inference mode: so
    some numbers, spread over the whole weight, are compared too.
    """

    def __init__(self, weight: Tensor) -> None:
        self._weight = weight
        self._kept = weight.detach()  # so that no other tensor gets its place in memory
        self._version = weight._version  # pyright: ignore[reportPrivateUsage]  # the only way to ask
        number = min(_SAMPLE, weight.numel())
        spread = self._kept.as_strided((number,), (weight.numel() // number,))
        self._sample = spread.view(_BITS[weight.element_size()])  # so that NaN equals itself
        self._values = self._sample.clone()

    def holds(self, weight: Tensor) -> bool:
        """Whether a weight is the same as then."""
        return (
            weight is self._weight
            and weight._version == self._version  # pyright: ignore[reportPrivateUsage]  # as above
            and weight.data_ptr() == self._kept.data_ptr()
            and torch.equal(self._sample, self._values)
        )


class Packed:
    """A layer's weights in oneDNN's layout."""

    def __init__(self, layer: Layer, x: Tensor) -> None:
        self._layer = layer
        self._of = _Identity(layer.weight)
        self.weight = self._reordered(layer, x)
        self.name, self.scalars, self.algorithm = _named(layer.activation)
        rest = layer.activation is not None and not self.name
        self._after = layer.activation if rest else None

    def fits(self, weight: Tensor) -> bool:
        """Whether it is still that of a weight."""
        return self._of.holds(weight)

    def __call__(self, x: Tensor, other: Tensor | None) -> Tensor:
        """The layer on `x`, plus `other`, activated."""
        result = self._alone(x) if other is None else self._with(x, other)
        return result if self._after is None else self._after(result)

    def _reordered(self, layer: Layer, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _alone(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _with(self, x: Tensor, other: Tensor) -> Tensor:
        raise NotImplementedError


class PackedConv(Packed):
    """A convolution of maps."""

    def _reordered(self, layer: Any, x: Tensor) -> Tensor:
        self._settings = (_numbers(layer), layer.stride, layer.dilation, layer.groups)
        return _REORDER.mkldnn_reorder_conv2d_weight(
            layer.weight.detach().to_mkldnn(), *self._settings, x.shape
        )

    def _alone(self, x: Tensor) -> Tensor:
        return _OPS._convolution_pointwise(
            x, self.weight, self._layer.bias, *self._settings,
            self.name or "none", self.scalars, self.algorithm,
        )  # fmt: skip

    def _with(self, x: Tensor, other: Tensor) -> Tensor:
        if self.name not in ("", "relu") or not self._may_add(x, other):
            return _activated(self._layer, plus(self._linear(x), other))
        settings: tuple[Any, ...] = (*self._settings, "add", 1.0, self.name or None, [], None)
        if self._layer.overwrites:
            return _OPS._convolution_pointwise_.binary(
                other, x, self.weight, self._layer.bias, *settings
            )
        return _OPS._convolution_pointwise.binary(
            x, other, self.weight, self._layer.bias, *settings
        )

    def _linear(self, x: Tensor) -> Tensor:
        return _OPS._convolution_pointwise(
            x, self.weight, self._layer.bias, *self._settings, "none", [], ""
        )

    def _may_add(self, x: Tensor, other: Tensor) -> bool:
        """Whether what is added is of the result's shape, and lies in memory as that will."""
        if other.dtype != x.dtype or type(other) is not Tensor:
            return False
        return other.shape == self._shape(x) and _is_last(x) and _is_last(other)

    def _shape(self, x: Tensor) -> tuple[int, ...]:
        """The shape of the result, before anything is added."""
        filters, _, *kernel = self._layer.weight.shape
        padding, stride, dilation, _ = self._settings
        moves = zip(x.shape[2:], kernel, padding, stride, dilation, strict=True)
        return (
            x.shape[0],
            filters,
            *((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, p, s, d in moves),
        )


class PackedLinear(Packed):
    """A linear map of vectors."""

    def _reordered(self, layer: Any, x: Tensor) -> Tensor:
        return _OPS._reorder_linear_weight(layer.weight.detach(), x.shape[0])

    def _alone(self, x: Tensor) -> Tensor:
        return _OPS._linear_pointwise(
            x, self.weight, self._layer.bias, self.name or "none", self.scalars, self.algorithm
        )

    def _with(self, x: Tensor, other: Tensor) -> Tensor:
        plain = _OPS._linear_pointwise(x, self.weight, self._layer.bias, "none", [], "")
        return _activated(self._layer, plus(plain, other))


def plus(result: Tensor, other: Tensor) -> Tensor:
    """A sum, in the place of `result` where that is seen to be right."""
    traced = torch.compiler.is_compiling() or _CORE._is_tracing()
    if traced or type(result) is not Tensor or type(other) is not Tensor:
        return result + other
    same = result.shape == other.shape and result.dtype == other.dtype
    return result.add_(other) if same else result + other


def _activated(layer: Layer, x: Tensor) -> Tensor:
    return x if layer.activation is None else layer.activation(x)


def _is_last(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=torch.channels_last)


def _numbers(layer: Any) -> tuple[int, ...]:
    padding: Any = layer.padding
    return (padding,) * 2 if isinstance(padding, int) else padding


def _named(  # noqa: PLR0911 (a table)
    activation: nn.Module | None,
) -> tuple[str, list[float], str]:
    """An activation as oneDNN calls it, with its numbers and its variant; no name: not there."""
    match activation:
        case nn.ReLU():
            return "relu", [], ""
        case nn.LeakyReLU():
            return "leaky_relu", [activation.negative_slope], ""
        case nn.Hardtanh():  # relu6 is one
            return "hardtanh", [activation.min_val, activation.max_val], ""
        case nn.GELU():
            return "gelu", [], activation.approximate
        case nn.SiLU():
            return "swish", [], ""
        case nn.Hardswish():
            return "hardswish", [], ""
        case nn.Sigmoid():
            return "sigmoid", [], ""
        case nn.Tanh():
            return "tanh", [], ""
        case _:
            return "", [], ""

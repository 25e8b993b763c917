"""Convolutions: plain, transposed, depthwise, separable; 1-d to 3-d by the rank of the input."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Literal, TypeAlias

from archlang.diagnostics.catalog.shapes import BadSetting, GroupsDoNotDivide
from archlang.ops.base import (
    Axes,
    Count,
    Kernel,
    Op,
    Padding,
    Shape,
    Style,
    axes,
    misfit,
    spatial,
)
from archlang.ops.initial import Initialiser
from archlang.ops.reach import Reach, transposed, window
from archlang.ops.recipe import Module, Recipe, module
from archlang.ops.windows import (
    Window,
    compact,
    configured,
    hold_border,
    map_rank,
    same_padding,
    size_text,
    slide,
    stride_text,
)

PaddingMode: TypeAlias = Literal["zeros", "reflect", "replicate", "circular"]


class _Sliding(Op):
    """What plain, depthwise and separable convolutions have in common: where their window goes."""

    weighted = True
    keeps_output = False

    if TYPE_CHECKING:  # each layer states its fields itself, in the order they take by position
        kernel: Kernel
        stride: Axes
        pad: Padding | Literal["same"]
        dilation: Axes
        padding_mode: PaddingMode

    def _window(self, x: Shape) -> Window:
        rank = map_rank(self.name, x)
        kernel = axes(self.kernel, rank, "kernel")
        dilation = axes(self.dilation, rank, "dilation")
        stride = axes(self.stride, rank, "stride")
        if self.pad == "same":
            pad = same_padding(self.name, kernel, dilation)
        else:
            pad = axes(self.pad, rank, "pad")
        return Window(kernel, stride, pad, dilation)

    def _slide(self, x: Shape) -> Shape:
        window = self._window(x)
        hold_border(self.name, self.padding_mode, spatial(x), tuple((p, p) for p in window.pad))
        return slide(self.name, spatial(x), window)

    def reach(self, *xs: Shape) -> tuple[Reach]:
        hops = (window(*sizes) for sizes in zip(*self._window(xs[0]), strict=True))
        return (Reach(tuple(hops), "kept" if self._grouped(xs[0]) else "mixed"),)

    def _grouped(self, x: Shape) -> bool:
        """Whether a filter sees only some of the channels."""
        return False

    def _filters(self, x: Shape, out: int, groups: int, bias: bool) -> Module:
        kernel, stride, pad, dilation = self._window(x)
        return configured(
            f"nn.Conv{len(x) - 1}d",
            x[0],
            out,
            compact(kernel),
            stride=(compact(stride), 1),
            padding=(compact(pad), 0),
            dilation=(compact(dilation), 1),
            groups=(groups, 1),
            bias=(bias, True),
            padding_mode=(self.padding_mode, "zeros"),
        )

    def stride_of(self, rank: int) -> tuple[float, ...]:
        return tuple(float(s) for s in axes(self.stride, rank, "stride"))


class Conv(_Sliding):
    """Slide `out` learned filters over the input.

    `CxHxW` to `out x H' x W'` (1-d and 3-d alike), with `H' = floor((H + 2 pad - dilation (kernel
    - 1) - 1) / stride) + 1`. `pad=same`, which an odd kernel can have, keeps the size at stride 1.
    """

    name = "conv"
    style = Style(family="conv", label="{kernel} conv, {out}")
    example = "conv(64, 3x3, stride=2)"

    out: Count
    kernel: Kernel = 3
    stride: Axes = 1
    pad: Padding | Literal["same"] = "same"
    dilation: Axes = 1
    groups: Count = 1
    bias: bool = True
    padding_mode: PaddingMode = "zeros"
    init: Initialiser | None = None

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        size = self._slide(x)
        _hold_groups(self.groups, x[0], self.out)
        return (self.out, *size)

    def params(self, *xs: Shape) -> int:
        (x,) = xs
        weights = x[0] // self.groups * prod(self._window(x).kernel) * self.out
        return weights + (self.out if self.bias else 0)

    def macs(self, *xs: Shape) -> int:
        (x,) = xs
        return prod(self.infer(x)) * (x[0] // self.groups) * prod(self._window(x).kernel)

    def _grouped(self, x: Shape) -> bool:
        return self.groups > 1

    def recipe(self, *xs: Shape) -> Recipe:
        return self._filters(xs[0], self.out, self.groups, self.bias)

    def label(self) -> str:
        kind = "depthwise conv" if 1 < self.groups == self.out else "conv"
        text = f"{size_text(self.kernel)} {kind}, {self.out}{stride_text(self.stride)}"
        if 1 < self.groups < self.out:
            text += f", groups {self.groups}"
        return text + _dilation_text(self.dilation)


class DepthwiseConv(_Sliding):
    """Slide `multiplier` filters over each channel by itself.

    `CxHxW` to `(multiplier C) x H' x W'`; sizes as those of conv.
    """

    name = "dwconv"
    style = Style(family="conv", label="{kernel} depthwise conv")
    example = "dwconv(3x3, stride=2)"

    kernel: Kernel = 3
    stride: Axes = 1
    pad: Padding | Literal["same"] = "same"
    dilation: Axes = 1
    multiplier: Count = 1
    bias: bool = True
    padding_mode: PaddingMode = "zeros"
    init: Initialiser | None = None

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        return (x[0] * self.multiplier, *self._slide(x))

    def params(self, *xs: Shape) -> int:
        (x,) = xs
        return x[0] * self.multiplier * (prod(self._window(x).kernel) + self.bias)

    def macs(self, *xs: Shape) -> int:
        (x,) = xs
        return prod(self.infer(x)) * prod(self._window(x).kernel)

    def _grouped(self, x: Shape) -> bool:
        return x[0] > 1

    def recipe(self, *xs: Shape) -> Recipe:
        (x,) = xs
        return self._filters(x, x[0] * self.multiplier, groups=x[0], bias=self.bias)

    def label(self) -> str:
        times = f", ×{self.multiplier}" if self.multiplier > 1 else ""
        rest = stride_text(self.stride) + _dilation_text(self.dilation)
        return f"{size_text(self.kernel)} depthwise conv{times}{rest}"


class SeparableConv(_Sliding):
    """A depthwise convolution, then a 1x1 one to `out` channels (Chollet 2017, arXiv:1610.02357).

    `CxHxW` to `out x H' x W'`; sizes as those of conv. `bias` is for both; nothing stands between.
    """

    name = "sepconv"
    style = Style(family="conv", label="{kernel} separable conv, {out}")
    example = "sepconv(32, 3x3)"

    out: Count
    kernel: Kernel = 3
    stride: Axes = 1
    pad: Padding | Literal["same"] = "same"
    dilation: Axes = 1
    bias: bool = True
    padding_mode: PaddingMode = "zeros"
    init: Initialiser | None = None

    def infer(self, *xs: Shape) -> Shape:
        return (self.out, *self._slide(xs[0]))

    def params(self, *xs: Shape) -> int:
        (x,) = xs
        depthwise = x[0] * (prod(self._window(x).kernel) + self.bias)
        return depthwise + self.out * (x[0] + self.bias)

    def macs(self, *xs: Shape) -> int:
        (x,) = xs
        return prod(self._slide(x)) * x[0] * (prod(self._window(x).kernel) + self.out)

    def recipe(self, *xs: Shape) -> Recipe:
        (x,) = xs
        pointwise = configured(f"nn.Conv{len(x) - 1}d", x[0], self.out, 1, bias=(self.bias, True))
        return module("nn.Sequential", self._filters(x, x[0], x[0], self.bias), pointwise)

    def label(self) -> str:
        rest = stride_text(self.stride) + _dilation_text(self.dilation)
        return f"{size_text(self.kernel)} separable conv, {self.out}{rest}"


class UpConv(Op):
    """The transpose of a convolution, which makes maps larger (Zeiler et al. 2010).

    `CxHxW` to `out x H' x W'`, with `H' = (H - 1) stride - 2 pad + dilation (kernel - 1) +
    output_pad + 1`. Also known as deconvolution, or fractionally strided convolution.
    """

    name = "upconv"
    style = Style(family="conv", label="{kernel} upconv, {out}")
    example = "upconv(64)"
    weighted = True
    keeps_output = False
    resamples = 1

    out: Count
    kernel: Kernel = 2
    stride: Axes = 2
    pad: Padding = 0
    output_pad: Padding = 0
    dilation: Axes = 1
    groups: Count = 1
    bias: bool = True
    init: Initialiser | None = None

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        rank = map_rank(self.name, x)
        settings = (
            axes(self.kernel, rank, "kernel"),
            axes(self.stride, rank, "stride"),
            axes(self.pad, rank, "pad"),
            axes(self.output_pad, rank, "output_pad"),
            axes(self.dilation, rank, "dilation"),
        )
        _hold_groups(self.groups, x[0], self.out)
        _hold_output_pad(settings)
        sizes = tuple(
            (n - 1) * stride - 2 * pad + dilation * (kernel - 1) + output_pad + 1
            for n, kernel, stride, pad, output_pad, dilation in zip(x[1:], *settings, strict=True)
        )
        if min(sizes) < 1:
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason=f"pad={self.pad} leaves nothing of the map",
                    way_out="a smaller pad",
                )
            )
        return (self.out, *sizes)

    def params(self, *xs: Shape) -> int:
        return self._weights(xs[0]) + (self.out if self.bias else 0)

    def macs(self, *xs: Shape) -> int:
        return self._weights(xs[0]) * prod(spatial(xs[0]))

    def _weights(self, x: Shape) -> int:
        return x[0] * (self.out // self.groups) * prod(axes(self.kernel, len(x) - 1, "kernel"))

    def recipe(self, *xs: Shape) -> Recipe:
        (x,) = xs
        return configured(
            f"nn.ConvTranspose{len(x) - 1}d",
            x[0],
            self.out,
            self.kernel,
            stride=(self.stride, 1),
            padding=(self.pad, 0),
            output_padding=(self.output_pad, 0),
            groups=(self.groups, 1),
            bias=(self.bias, True),
            dilation=(self.dilation, 1),
        )

    def stride_of(self, rank: int) -> tuple[float, ...]:
        return tuple(1.0 / s for s in axes(self.stride, rank, "stride"))

    def reach(self, *xs: Shape) -> tuple[Reach]:
        rank = len(xs[0]) - 1
        settings = (self.kernel, self.stride, self.pad, self.dilation)
        sizes = zip(*(axes(value, rank, "size") for value in settings), strict=True)
        channels = "kept" if self.groups > 1 else "mixed"
        return (Reach(tuple(transposed(*size) for size in sizes), channels),)

    def label(self) -> str:
        stride = self.stride if isinstance(self.stride, int) else size_text(self.stride)
        return f"{size_text(self.kernel)} upconv, {self.out}, ×{stride}"


def _dilation_text(dilation: int | Shape) -> str:
    """A dilation behind the layer: `, dilation 2`; nothing for 1."""
    if isinstance(dilation, tuple) and len(set(dilation)) == 1:
        dilation = dilation[0]
    if dilation == 1:
        return ""
    return f", dilation {dilation if isinstance(dilation, int) else size_text(dilation)}"


def _hold_groups(groups: int, channels: int, out: int) -> None:
    if channels % groups or out % groups:
        raise misfit(GroupsDoNotDivide(groups=groups, channels=channels, out=out))


def _hold_output_pad(settings: tuple[Shape, ...]) -> None:
    for _, stride, _, output_pad, dilation in zip(*settings, strict=True):
        if output_pad >= max(stride, dilation):
            raise misfit(
                BadSetting(
                    layer="upconv",
                    reason=f"output_pad={output_pad} is not below stride={stride} "
                    f"or dilation={dilation}",
                    way_out=f"output_pad at most {max(stride, dilation) - 1}",
                )
            )

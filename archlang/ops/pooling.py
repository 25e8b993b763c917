"""Pooling: windows that keep the greatest value or the mean, and their global and adaptive kin."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from archlang.diagnostics.catalog.shapes import BadSetting
from archlang.ops.base import (
    Axes,
    Kernel,
    Op,
    Padding,
    Positive,
    Shape,
    Style,
    axes,
    misfit,
    shape_text,
    spatial,
)
from archlang.ops.reach import Reach, adaptive, window
from archlang.ops.recipe import Recipe, module
from archlang.ops.windows import (
    Window,
    compact,
    configured,
    map_rank,
    same_padding,
    size_text,
    slide,
    stride_text,
)


class _Pool(Op):
    """A window that moves by `stride`, which is the kernel itself unless said."""

    resamples = -1
    keeps_output = False
    word: ClassVar[str]

    if TYPE_CHECKING:  # each layer states its fields itself, in the order they take by position
        kernel: Kernel
        stride: Axes | None

    def _sizes(self, x: Shape) -> tuple[Shape, Shape]:
        rank = map_rank(self.name, x)
        kernel = axes(self.kernel, rank, "kernel")
        return kernel, kernel if self.stride is None else axes(self.stride, rank, "stride")

    def _padding(self, kernel: Shape, pad: Padding | Literal["same"], dilation: Shape) -> Shape:
        """The padding of each axis, which torch wants to be half the kernel at most."""
        if pad == "same":
            pads = same_padding(self.name, kernel, dilation)
        else:
            pads = axes(pad, len(kernel), "pad")
        for p, k in zip(pads, kernel, strict=True):
            if p > k // 2:
                raise misfit(
                    BadSetting(
                        layer=self.name,
                        reason=f"pad={p} is more than half the kernel of {k}",
                        way_out=f"pad={k // 2} at most, or a pad layer before it",
                    )
                )
        return pads

    def _hold_volume(self, x: Shape, kernel: Shape) -> None:
        """torch averages volumes only where the kernel fits without any padding."""
        if len(kernel) == 3 and any(k > n for k, n in zip(kernel, spatial(x), strict=True)):
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason=f"its kernel of {shape_text(kernel)} is larger than the volume of "
                    f"{shape_text(spatial(x))}, which torch does not average even with padding",
                    way_out="a smaller kernel, or a pad layer before it",
                )
            )

    def _window(self, x: Shape) -> Window:
        raise NotImplementedError

    def reach(self, *xs: Shape) -> tuple[Reach]:
        sizes = zip(*self._window(xs[0]), strict=True)
        return (Reach(tuple(window(*size) for size in sizes)),)

    def stride_of(self, rank: int) -> tuple[float, ...]:
        stride = self.kernel if self.stride is None else self.stride
        return tuple(float(s) for s in axes(stride, rank, "stride"))

    def label(self) -> str:
        stride = self.kernel if self.stride is None else self.stride
        return f"{size_text(self.kernel)} {self.word}{stride_text(stride)}"


class MaxPool(_Pool):
    """Keep the greatest value under a window.

    `CxHxW` to `CxH'xW'`, sizes as those of conv; `stride` is the kernel unless said. With `ceil`,
    a last window may hang over the edge.
    """

    name = "maxpool"
    style = Style(family="pool", label="{kernel} max pool")
    example = "maxpool(3x3, stride=2, pad=1)"
    word = "max pool"

    kernel: Kernel
    stride: Axes | None = None
    pad: Padding | Literal["same"] = 0
    dilation: Axes = 1
    ceil: bool = False

    def _window(self, x: Shape) -> Window:
        kernel, stride = self._sizes(x)
        dilation = axes(self.dilation, len(kernel), "dilation")
        return Window(kernel, stride, self._padding(kernel, self.pad, dilation), dilation)

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        return (x[0], *slide(self.name, spatial(x), self._window(x), self.ceil))

    def recipe(self, *xs: Shape) -> Recipe:
        kernel, stride, pad, dilation = self._window(xs[0])
        return configured(
            f"nn.MaxPool{len(kernel)}d",
            compact(kernel),
            stride=(compact(stride), compact(kernel)),
            padding=(compact(pad), 0),
            dilation=(compact(dilation), 1),
            ceil_mode=(self.ceil, False),
        )


class AvgPool(_Pool):
    """Average what lies under a window.

    `CxHxW` to `CxH'xW'`, sizes as those of conv; `stride` is the kernel unless said. The padding
    counts as zeros unless `count_pad=false`.
    """

    name = "avgpool"
    style = Style(family="pool", label="{kernel} avg pool")
    example = "avgpool(2x2)"
    word = "avg pool"

    kernel: Kernel
    stride: Axes | None = None
    pad: Padding | Literal["same"] = 0
    ceil: bool = False
    count_pad: bool = True

    def _window(self, x: Shape) -> Window:
        kernel, stride = self._sizes(x)
        once = (1,) * len(kernel)
        return Window(kernel, stride, self._padding(kernel, self.pad, once), once)

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        window = self._window(x)
        size = slide(self.name, spatial(x), window, self.ceil)
        self._hold_volume(x, window.kernel)
        return (x[0], *size)

    def recipe(self, *xs: Shape) -> Recipe:
        kernel, stride, pad, _ = self._window(xs[0])
        return configured(
            f"nn.AvgPool{len(kernel)}d",
            compact(kernel),
            stride=(compact(stride), compact(kernel)),
            padding=(compact(pad), 0),
            ceil_mode=(self.ceil, False),
            count_include_pad=(self.count_pad, True),
        )


class LpPool(_Pool):
    """Sum the p-th powers under a window and take the p-th root; `p=1` is a sum, large p a maximum.

    `CxHxW` to `CxH'xW'`, sizes as those of conv without padding.
    """

    name = "lppool"
    style = Style(family="pool", label="{kernel} L{p} pool")
    example = "lppool(2x2, p=2)"
    keeps_output = True
    word = "Lp pool"

    kernel: Kernel
    stride: Axes | None = None
    ceil: bool = False
    p: Positive = 2.0

    def _window(self, x: Shape) -> Window:
        kernel, stride = self._sizes(x)
        still, once = (0,) * len(kernel), (1,) * len(kernel)
        return Window(kernel, stride, still, once)

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        window = self._window(x)
        size = slide(self.name, spatial(x), window, self.ceil)
        self._hold_volume(x, window.kernel)
        return (x[0], *size)

    def recipe(self, *xs: Shape) -> Recipe:
        kernel, stride = self._sizes(xs[0])
        return configured(
            f"nn.LPPool{len(kernel)}d",
            self.p,
            compact(kernel),
            stride=(compact(stride), compact(kernel)),
            ceil_mode=(self.ceil, False),
        )


class _Adaptive(Op):
    """A pool whose result has a size of its own, whatever the input's is."""

    keeps_output = False
    target: ClassVar[str]

    def _size(self) -> int | Shape:
        return 1

    def label(self) -> str:
        return self.style.label.format(size=size_text(self._size()))

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        return (x[0], *axes(self._size(), map_rank(self.name, x), "size"))

    def recipe(self, *xs: Shape) -> Recipe:
        return module(f"nn.{self.target}{len(xs[0]) - 1}d", self._size())

    def reach(self, *xs: Shape) -> tuple[Reach]:
        (x,) = xs
        sizes = zip(spatial(x), spatial(self.infer(x)), strict=True)
        return (Reach(tuple(adaptive(n, out) for n, out in sizes)),)

    def stride_of(self, rank: int) -> None:
        return None


class GlobalAvgPool(_Adaptive):
    """Average each channel over the whole map (Lin et al. 2013, arXiv:1312.4400).

    `CxHxW` to `Cx1x1`.
    """

    name = "gap"
    style = Style(family="pool", label="global avg pool")
    example = "gap"
    target = "AdaptiveAvgPool"


class GlobalMaxPool(_Adaptive):
    """Keep the greatest value of each channel: `CxHxW` to `Cx1x1`."""

    name = "gmp"
    style = Style(family="pool", label="global max pool")
    example = "gmp"
    target = "AdaptiveMaxPool"


class AdaptiveAvgPool(_Adaptive):
    """Average over as many windows as `size` says (He et al. 2014, arXiv:1406.4729).

    `CxHxW` to `C x size`.
    """

    name = "adaptive_avgpool"
    style = Style(family="pool", label="avg pool to {size}")
    example = "adaptive_avgpool(7x7)"
    target = "AdaptiveAvgPool"

    size: Kernel

    def _size(self) -> int | Shape:
        return self.size


class AdaptiveMaxPool(_Adaptive):
    """Keep the greatest value of as many windows as `size` says: `CxHxW` to `C x size`."""

    name = "adaptive_maxpool"
    style = Style(family="pool", label="max pool to {size}")
    example = "adaptive_maxpool(7x7)"
    target = "AdaptiveMaxPool"

    size: Kernel

    def _size(self) -> int | Shape:
        return self.size

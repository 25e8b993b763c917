"""What older papers need: trainable scale and bias, connection tables, RBF outputs, maxout."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from archlang.diagnostics.catalog.shapes import BadSetting, DoesNotDivide, NeedsVector
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
from archlang.ops.reach import Reach, everything, pointwise, window
from archlang.ops.recipe import Input, Recipe, function
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

Filter: TypeAlias = Annotated[
    tuple[Annotated[int, Field(strict=True, ge=0)], ...], Field(min_length=1)
]


class Affine(Op):
    """Scale and shift each channel by learned numbers: `y = w x + b`.

    Any shape; 2 C parameters. Behind an avgpool it makes the subsampling of LeNet-5 (LeCun et al.
    1998).
    """

    name = "affine"
    style = Style(family="norm", label="affine")
    example = "affine"
    keeps_output = False

    def params(self, *xs: Shape) -> int:
        return 2 * xs[0][0]

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (pointwise(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        (x,) = xs
        return configured("runtime.Affine", x[0], rank=(len(x) - 1, 2))


class SparseConv(Op):
    """A convolution whose filter i sees only the channels `table[i]` (LeCun et al. 1998).

    `CxHxW` to `out x H' x W'`, sizes as those of conv. As many weights as there are connections,
    times the kernel, and `out` biases: the C3 of LeNet-5 has 60 · 25 + 16 = 1,516 parameters.
    """

    name = "sparse_conv"
    style = Style(family="conv", label="{kernel} sparse conv, {out}")
    example = "sparse_conv(3, 5x5, table=[[0, 1], [1, 2], [0, 2, 3]])"
    weighted = True
    keeps_output = False

    out: Count
    kernel: Kernel = 3
    table: Annotated[tuple[Filter, ...], Field(min_length=1)]
    stride: Axes = 1
    pad: Padding | Literal["same"] = "same"
    bias: bool = True
    init: Initialiser | None = None

    def _window(self, x: Shape) -> tuple[Shape, Shape, Shape]:
        rank = map_rank(self.name, x)
        kernel = axes(self.kernel, rank, "kernel")
        if self.pad == "same":
            pad = same_padding(self.name, kernel, (1,) * rank)
        else:
            pad = axes(self.pad, rank, "pad")
        return kernel, axes(self.stride, rank, "stride"), pad

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        kernel, stride, pad = self._window(x)
        self._hold_table(x[0])
        once = (1,) * len(kernel)
        return (self.out, *slide(self.name, spatial(x), Window(kernel, stride, pad, once)))

    def _hold_table(self, channels: int) -> None:
        """Hold that the table has a line for each filter, of channels that there are, each once."""
        reason = None
        if len(self.table) != self.out:
            reason = f"the table has {len(self.table)} lines for {self.out} filters"
        for i, line in enumerate(self.table):
            if max(line) >= channels:
                reason = f"filter {i} asks for channel {max(line)}, but there are {channels}"
            elif len(set(line)) < len(line):
                reason = f"filter {i} names a channel twice"
        if reason is not None:
            way_out = f"one line a filter, each of different channels from 0 to {channels - 1}"
            raise misfit(BadSetting(layer=self.name, reason=reason, way_out=way_out))

    def _weights(self, x: Shape) -> int:
        return sum(map(len, self.table)) * prod(self._window(x)[0])

    def params(self, *xs: Shape) -> int:
        return self._weights(xs[0]) + (self.out if self.bias else 0)

    def macs(self, *xs: Shape) -> int:
        return self._weights(xs[0]) * prod(spatial(self.infer(*xs)))

    def reach(self, *xs: Shape) -> tuple[Reach]:
        (x,) = xs
        seen = {channel for line in self.table for channel in line}
        hops = tuple(window(*sizes) for sizes in zip(*self._window(x), strict=True))
        return (Reach(hops, "kept" if len(seen) == x[0] else "picked"),)

    def recipe(self, *xs: Shape) -> Recipe:
        kernel, stride, pad = self._window(xs[0])
        return configured(
            "runtime.SparseConv",
            self.table,
            kernel,
            stride=(compact(stride), 1),
            padding=(compact(pad), 0),
            bias=(self.bias, True),
        )

    def stride_of(self, rank: int) -> tuple[float, ...]:
        return tuple(float(s) for s in axes(self.stride, rank, "stride"))

    def label(self) -> str:
        return f"{size_text(self.kernel)} sparse conv, {self.out}{stride_text(self.stride)}"


class Rbf(Op):
    """The squared distance to each of `out` codes: `y_i = Σ_j (x_j - w_ij)²` (LeCun et al. 1998).

    A vector of n to a vector of `out`: the smaller, the better the class fits. The codes are ±1,
    drawn once and for all, the same everywhere; they are trained (n `out` parameters) only with
    `fixed=false`.
    """

    name = "rbf"
    style = Style(family="linear", label="RBF, {out}")
    example = "rbf(10)"
    example_input = "84"
    weighted = True
    keeps_output = False

    out: Count
    fixed: bool = True

    def infer(self, *xs: Shape) -> Shape:
        if len(xs[0]) != 1:
            raise misfit(NeedsVector(layer=self.name, got=xs[0]))
        return (self.out,)

    def params(self, *xs: Shape) -> int:
        return 0 if self.fixed else self.out * xs[0][0]

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (everything(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        return configured("runtime.Rbf", xs[0][0], self.out, fixed=(self.fixed, True))

    def stride_of(self, rank: int) -> None:
        return None


class Maxout(Op):
    """Keep the greatest of every k consecutive channels (Goodfellow et al. 2013, arXiv:1302.4389).

    `(kC)xHxW`, or any other shape, to `CxHxW`.
    """

    name = "maxout"
    style = Style(family="activation", label="maxout, {k}")
    example = "maxout(2)"

    k: Annotated[int, Field(strict=True, ge=2)]

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        if x[0] % self.k:
            raise misfit(DoesNotDivide(layer=self.name, what="channels", number=x[0], by=self.k))
        return (x[0] // self.k, *x[1:])

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (pointwise(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        return function("runtime.maxout", Input(), self.k)

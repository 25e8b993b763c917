"""Regularisation by chance: what is set to zero at random while training."""

from __future__ import annotations

from typing import ClassVar

from archlang.ops.base import Op, Probability, Shape, Style
from archlang.ops.reach import Reach, pointwise
from archlang.ops.recipe import Recipe, module
from archlang.ops.windows import exact_rank


class _Dropout(Op):
    """In evaluation a dropout hands on its very input, so that it always keeps its output."""

    keeps_output = True
    idle = True
    target: ClassVar[str]

    p: Probability = 0.5

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (pointwise(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        return module(self.target, self.p)


class Dropout(_Dropout):
    """Set numbers to 0 with probability p, scale the rest by 1/(1-p) (Srivastava et al. 2014)."""

    name = "dropout"
    style = Style(family="regular", label="dropout, {p}")
    example = "dropout(0.2)"
    inplace = True
    target = "nn.Dropout"


class _ChannelDropout(_Dropout):
    inplace = True
    rank: ClassVar[int]

    def infer(self, *xs: Shape) -> Shape:
        exact_rank(self.name, xs[0], self.rank)
        return xs[0]


class Dropout1d(_ChannelDropout):
    """Set whole channels of a signal `CxN` to zero (Tompson et al. 2015, arXiv:1411.4280)."""

    name = "dropout1d"
    style = Style(family="regular", label="dropout, {p}")
    example = "dropout1d(0.2)"
    example_input = "8x100"
    target = "nn.Dropout1d"
    rank = 1


class Dropout2d(_ChannelDropout):
    """Set whole channels of a map `CxHxW` to zero (Tompson et al. 2015, arXiv:1411.4280)."""

    name = "dropout2d"
    style = Style(family="regular", label="dropout, {p}")
    example = "dropout2d(0.2)"
    target = "nn.Dropout2d"
    rank = 2


class Dropout3d(_ChannelDropout):
    """Set whole channels of a volume `CxDxHxW` to zero (Tompson et al. 2015, arXiv:1411.4280)."""

    name = "dropout3d"
    style = Style(family="regular", label="dropout, {p}")
    example = "dropout3d(0.2)"
    example_input = "8x16x16x16"
    target = "nn.Dropout3d"
    rank = 3


class AlphaDropout(_Dropout):
    """Dropout that keeps selu's mean and variance (Klambauer et al. 2017, arXiv:1706.02515)."""

    name = "alpha_dropout"
    style = Style(family="regular", label="alpha dropout, {p}")
    example = "alpha_dropout(0.1)"
    inplace = True
    target = "nn.AlphaDropout"


class DropPath(_Dropout):
    """Stochastic depth (Huang et al. 2016, arXiv:1603.09382).

    Sets a whole sample to zero with probability p, scales the rest by 1/(1-p). Any shape; placed
    at the end of a residual branch, so that the sample takes the shortcut alone.
    """

    name = "drop_path"
    style = Style(family="regular", label="drop path, {p}")
    example = "drop_path(0.1)"
    target = "runtime.DropPath"

    p: Probability = 0.1

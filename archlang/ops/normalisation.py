"""Normalisation: over the batch, the channels, groups of them, one map, neighbouring channels."""

from __future__ import annotations

from math import prod
from typing import Literal

from archlang.diagnostics.catalog.shapes import BadSetting, DoesNotDivide, NeedsMap
from archlang.ops.base import Count, Op, Positive, Probability, Shape, Style, misfit
from archlang.ops.reach import Reach, pointwise, with_statistics
from archlang.ops.recipe import Recipe
from archlang.ops.windows import configured, map_rank


class BatchNorm(Op):
    """Normalise each channel over the batch (Ioffe and Szegedy 2015, arXiv:1502.03167).

    Any shape of up to three axes behind the channels, vectors too. 2 parameters a channel (scale
    and shift) unless `affine=false`; running statistics, for evaluation, unless `track=false`.
    """

    name = "bn"
    style = Style(family="norm", label="BN")
    example = "bn"
    keeps_output = False

    eps: Positive = 1e-5
    momentum: Probability = 0.1
    affine: bool = True
    track: bool = True

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        if len(x) > 4:
            raise misfit(NeedsMap(layer=self.name, got=x))
        return x

    def params(self, *xs: Shape) -> int:
        return 2 * xs[0][0] if self.affine else 0

    def reach(self, *xs: Shape) -> tuple[Reach]:
        # without running statistics, those of the batch are used in evaluation too
        return (pointwise(xs[0]) if self.track else with_statistics(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        (x,) = xs
        return configured(
            f"nn.BatchNorm{max(len(x) - 1, 1)}d",
            x[0],
            eps=(self.eps, 1e-5),
            momentum=(self.momentum, 0.1),
            affine=(self.affine, True),
            track_running_stats=(self.track, True),
        )


class LayerNorm(Op):
    """Normalise over the channels, at every place by itself (Ba et al. 2016, arXiv:1607.06450).

    A vector is normalised whole (nn.LayerNorm). In a map `axes="channels"` normalises the C numbers
    at each position, as ConvNeXt does (Liu et al. 2022, arXiv:2201.03545), with 2 C parameters;
    `axes="all"` normalises channels and positions together, with two parameters for every number of
    the map, which ties the network to that size. Statistics over all of a map but parameters by
    channel are `gn(1)`.
    """

    name = "ln"
    style = Style(family="norm", label="LN")
    example = "ln"
    keeps_output = False

    axes: Literal["channels", "all"] = "channels"
    eps: Positive = 1e-5
    affine: bool = True

    def _whole(self, x: Shape) -> bool:
        return len(x) == 1 or self.axes == "all"

    def params(self, *xs: Shape) -> int:
        (x,) = xs
        return 2 * (prod(x) if self._whole(x) else x[0]) if self.affine else 0

    def reach(self, *xs: Shape) -> tuple[Reach]:
        (x,) = xs
        return (with_statistics(x, "mixed") if self.axes == "all" else pointwise(x, "mixed"),)

    def recipe(self, *xs: Shape) -> Recipe:
        (x,) = xs
        target = "nn.LayerNorm" if self._whole(x) else "runtime.ChannelNorm"
        shape = x if self.axes == "all" and len(x) != 1 else x[0]
        return configured(
            target, shape, eps=(self.eps, 1e-5), elementwise_affine=(self.affine, True)
        )


class GroupNorm(Op):
    """Normalise each sample over groups of channels (Wu and He 2018, arXiv:1803.08494).

    `CxHxW`, or any other shape, stays; 2 C parameters unless `affine=false`.
    """

    name = "gn"
    style = Style(family="norm", label="GN, {groups}")
    example = "gn(4)"
    keeps_output = False

    groups: Count = 32
    eps: Positive = 1e-5
    affine: bool = True

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        if x[0] % self.groups:
            raise misfit(
                DoesNotDivide(layer=self.name, what="channels", number=x[0], by=self.groups)
            )
        return x

    def params(self, *xs: Shape) -> int:
        return 2 * xs[0][0] if self.affine else 0

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (with_statistics(xs[0], "mixed" if self.groups == 1 else "kept"),)

    def recipe(self, *xs: Shape) -> Recipe:
        return configured(
            "nn.GroupNorm",
            self.groups,
            xs[0][0],
            eps=(self.eps, 1e-5),
            affine=(self.affine, True),
        )


class InstanceNorm(Op):
    """Normalise each channel of each sample over its map (Ulyanov et al. 2016, arXiv:1607.08022).

    `CxHxW` stays, and must have more than one position; 2 C parameters with `affine=true`.
    """

    name = "inorm"
    style = Style(family="norm", label="IN")
    example = "inorm"
    keeps_output = False

    eps: Positive = 1e-5
    affine: bool = False

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        map_rank(self.name, x)
        if prod(x[1:]) == 1:
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason="a map of one position has no spread to normalise by",
                    way_out="use it before the map has shrunk to one position, or use ln or gn",
                )
            )
        return x

    def params(self, *xs: Shape) -> int:
        return 2 * xs[0][0] if self.affine else 0

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (with_statistics(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        (x,) = xs
        return configured(
            f"nn.InstanceNorm{len(x) - 1}d",
            x[0],
            eps=(self.eps, 1e-5),
            affine=(self.affine, False),
        )


class LocalResponseNorm(Op):
    """Divide by the strength of `size` neighbouring channels (Krizhevsky et al. 2012).

    `y = x / (k + alpha / size · Σ x²)^beta`. `CxHxW` stays; no parameters.
    """

    name = "lrn"
    style = Style(family="norm", label="LRN")
    example = "lrn(5)"

    size: Count = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def infer(self, *xs: Shape) -> Shape:
        map_rank(self.name, xs[0])
        return xs[0]

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (pointwise(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        return configured(
            "nn.LocalResponseNorm",
            self.size,
            alpha=(self.alpha, 1e-4),
            beta=(self.beta, 0.75),
            k=(self.k, 1.0),
        )

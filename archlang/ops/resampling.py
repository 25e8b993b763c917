"""Maps made larger, smaller or equal to another: layers, and what matching operators use."""

from __future__ import annotations

from typing import Literal, TypeAlias

from archlang.diagnostics.catalog.shapes import BadSetting, NothingFits
from archlang.ops.base import (
    Axes,
    Count,
    Kernel,
    Op,
    Positive,
    Shape,
    Style,
    axes,
    misfit,
    shape_text,
    spatial,
)
from archlang.ops.reach import Reach, pointwise, resized, shifted, window
from archlang.ops.recipe import Input, Recipe, function, module
from archlang.ops.windows import configured, map_rank, size_text

Mode: TypeAlias = Literal[
    "nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"
]
_SMOOTH = ("linear", "bilinear", "bicubic", "trilinear")
_RANKS = {"bilinear": 2, "bicubic": 2, "trilinear": 3}


def torch_mode(name: str, mode: str, align_corners: bool | None, rank: int) -> str:
    """The mode as torch calls it: `linear` is bilinear on maps and trilinear on volumes.

    Raises:
        Mistake: the mode does not go with the number of axes, or not with `align_corners`.
    """
    if mode in _RANKS and _RANKS[mode] != rank:
        raise misfit(
            BadSetting(
                layer=name,
                reason=f'mode="{mode}" is for {_RANKS[mode]} axes behind the channels, not {rank}',
                way_out='mode="linear" fits any number of axes, and so does mode="nearest"',
            )
        )
    if align_corners is not None and mode not in _SMOOTH:
        raise misfit(
            BadSetting(
                layer=name,
                reason=f'align_corners has no meaning for mode="{mode}"',
                way_out='leave it out, or use mode="linear"',
            )
        )
    return ("linear", "bilinear", "trilinear")[rank - 1] if mode == "linear" else mode


class Upsample(Op):
    """Interpolate to `scale` times the size (2 unless said), or to `size`.

    `CxHxW` to `C x floor(scale H) x floor(scale W)`, or `C x size`. `mode="linear"` is linear in
    every axis (bilinear on maps); `align_corners` as in torch, for the linear modes and bicubic.
    """

    name = "upsample"
    style = Style(family="shape", label="upsample")
    example = 'upsample(2, mode="bilinear")'
    resamples = 1
    keeps_output = False

    scale: Positive | tuple[Positive, ...] | None = None
    mode: Mode = "nearest"
    align_corners: bool | None = None
    size: Kernel | None = None

    def _scales(self, rank: int) -> tuple[float, ...]:
        scale = 2.0 if self.scale is None else self.scale
        if isinstance(scale, tuple):
            if len(scale) != rank:
                raise misfit(
                    BadSetting(
                        layer=self.name,
                        reason=f"{len(scale)} scales for {rank} axes",
                        way_out="one scale for all axes, or one for each",
                    )
                )
            return scale
        return (scale,) * rank

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        rank = map_rank(self.name, x)
        torch_mode(self.name, self.mode, self.align_corners, rank)
        if self.size is not None:
            self._hold_one()
            return (x[0], *axes(self.size, rank, "size"))
        size = tuple(int(n * s) for n, s in zip(spatial(x), self._scales(rank), strict=True))
        if min(size) < 1:
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason=f"nothing is left of {shape_text(x)} at that scale",
                    way_out="a larger scale",
                )
            )
        return (x[0], *size)

    def _hold_one(self) -> None:
        if self.scale is not None:
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason="both a scale and a size are given",
                    way_out="leave one of them out",
                )
            )

    def recipe(self, *xs: Shape) -> Recipe:
        rank = len(xs[0]) - 1
        scales = self._scales(rank)
        scale = scales[0] if len(set(scales)) == 1 else scales
        return configured(
            "nn.Upsample",
            size=(self.size, None),
            scale_factor=(scale if self.size is None else None, None),
            mode=(torch_mode(self.name, self.mode, self.align_corners, rank), "nearest"),
            align_corners=(self.align_corners, None),
        )

    def reach(self, *xs: Shape) -> tuple[Reach]:
        (x,) = xs
        scales = self._scales(len(x) - 1) if self.size is None else (None,) * (len(x) - 1)
        return (_resampling(x, self.infer(x), self.mode, self.align_corners, scales),)

    def stride_of(self, rank: int) -> tuple[float, ...] | None:
        return None if self.size is not None else tuple(1.0 / s for s in self._scales(rank))

    def label(self) -> str:
        if self.size is not None:
            return f"upsample to {size_text(self.size)}"
        scale = 2.0 if self.scale is None else self.scale
        parts = scale if isinstance(scale, tuple) else (scale,)
        return f"upsample, ×{'×'.join(f'{s:g}' for s in parts)}"


def _resampling(
    x: Shape, y: Shape, mode: str, align_corners: bool | None, scales: tuple[float | None, ...]
) -> Reach:
    """What a unit of the interpolated map `y` is made of."""
    axes_ = zip(spatial(x), spatial(y), scales, strict=True)
    found = [resized(n, out, mode, bool(align_corners), scale) for n, out, scale in axes_]
    return Reach(tuple(hop for hop, _ in found), exact=all(exact for _, exact in found))


def _cut(x: Shape, y: Shape) -> Reach:
    """What a unit of `y`, the centre of `x`, is made of."""
    sizes = zip(spatial(x), spatial(y), strict=True)
    return Reach(tuple(shifted((n - out) // 2) for n, out in sizes))


class Crop(Op):
    """Cut `size` out of the centre: `CxHxW` to `C x size`."""

    name = "crop"
    style = Style(family="shape", label="crop to {size}")
    example = "crop(12x12)"

    size: Kernel

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        size = axes(self.size, map_rank(self.name, x), "size")
        if any(want > n for want, n in zip(size, spatial(x), strict=True)):
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason=f"{shape_text(size)} is larger than {shape_text(spatial(x))}",
                    way_out="a smaller size, or pad or upsample",
                )
            )
        return (x[0], *size)

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (_cut(xs[0], self.infer(*xs)),)

    def recipe(self, *xs: Shape) -> Recipe:
        size = axes(self.size, len(xs[0]) - 1, "size")
        return function("runtime.crop", Input(), size)


class CropLike(Op):
    """Cut the centre of the first input to the size of the second (Ronneberger et al. 2015)."""

    style = Style(family="skip", label="crop")
    arity = 2

    def infer(self, *xs: Shape) -> Shape:
        x, like = xs
        _hold_same_rank("crop", x, like)
        if any(want > n for want, n in zip(spatial(like), spatial(x), strict=True)):
            raise misfit(
                NothingFits(
                    matching="crop",
                    source=x,
                    target=like,
                    reason="a crop makes nothing larger",
                    fits="resize",
                )
            )
        return (x[0], *spatial(like))

    def reach(self, *xs: Shape) -> tuple[Reach, None]:
        return (_cut(xs[0], self.infer(*xs)), None)

    def recipe(self, *xs: Shape) -> Recipe:
        return function("runtime.crop_like", Input(0), Input(1), len(xs[0]) - 1)


class ResizeLike(Op):
    """Interpolate the first input to the spatial size of the second."""

    style = Style(family="skip", label="resize")
    arity = 2
    keeps_output = False

    mode: Mode = "nearest"
    align_corners: bool | None = None

    def infer(self, *xs: Shape) -> Shape:
        x, like = xs
        _hold_same_rank("resize", x, like)
        torch_mode("resize", self.mode, self.align_corners, len(x) - 1)
        return (x[0], *spatial(like))

    def reach(self, *xs: Shape) -> tuple[Reach, None]:
        x, y = xs[0], self.infer(*xs)
        return (_resampling(x, y, self.mode, self.align_corners, (None,) * (len(x) - 1)), None)

    def recipe(self, *xs: Shape) -> Recipe:
        mode = torch_mode("resize", self.mode, self.align_corners, len(xs[0]) - 1)
        return function("runtime.resize_like", Input(0), Input(1), mode, self.align_corners)

    def stride_of(self, rank: int) -> None:
        return None


def _hold_same_rank(matching: str, x: Shape, like: Shape) -> None:
    map_rank(matching, x)
    if len(x) != len(like):
        raise misfit(
            NothingFits(
                matching=matching,
                source=x,
                target=like,
                reason="they differ in their number of axes",
                fits=None,
            )
        )


class PadShortcut(Op):
    """Subsample, and fill up with zero channels (He et al. 2015, arXiv:1512.03385, option A).

    `CxHxW` to `channels x ceil(H/stride) x ceil(W/stride)`. The zeros come behind the channels, or
    with `where="both"` half of them before.
    """

    style = Style(family="skip", label="pad")

    channels: Count
    stride: Axes = 1
    where: Literal["after", "both"] = "after"

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        stride = axes(self.stride, map_rank("pad", x), "stride")
        target = (self.channels, *(-(-n // s) for n, s in zip(spatial(x), stride, strict=True)))
        if self.channels < x[0]:
            raise misfit(
                NothingFits(
                    matching="pad",
                    source=x,
                    target=target,
                    reason="it only adds channels",
                    fits="project",
                )
            )
        return target

    def reach(self, *xs: Shape) -> tuple[Reach]:
        (x,) = xs
        stride = axes(self.stride, len(x) - 1, "stride")
        channels = "kept" if self.channels == x[0] else "apart"  # zero channels see nothing
        return (Reach(tuple(window(1, s) for s in stride), channels),)

    def recipe(self, *xs: Shape) -> Recipe:
        extra = self.channels - xs[0][0]
        before = extra // 2 if self.where == "both" else 0
        stride = axes(self.stride, len(xs[0]) - 1, "stride")
        return function("runtime.pad_shortcut", Input(), stride, before, extra - before)

    def stride_of(self, rank: int) -> tuple[float, ...]:
        return tuple(float(s) for s in axes(self.stride, rank, "stride"))


class Scale(Op):
    """Multiply by one number, which is learned (one parameter) if said so. Any shape."""

    style = Style(family="skip", label="×{value}")

    value: float = 1.0
    learn: bool = False

    def params(self, *xs: Shape) -> int:
        return 1 if self.learn else 0

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (pointwise(xs[0], exact=self.learn or self.value != 0),)

    def recipe(self, *xs: Shape) -> Recipe:
        if self.learn:
            return module("runtime.Scale", self.value)
        return function("operator.mul", Input(), self.value)

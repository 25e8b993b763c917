"""Layers that compute nothing: they reorder, cut, border or regroup what flows in."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from archlang.diagnostics.catalog.shapes import (
    BadSetting,
    DoesNotDivide,
    ReshapeDiffers,
    WrongRank,
)
from archlang.ops.base import (
    Count,
    Op,
    Shape,
    SizeField,
    Style,
    misfit,
    numel,
    shape_text,
    spatial,
)
from archlang.ops.reach import Reach, everything, finer, pointwise, shifted, window
from archlang.ops.recipe import Input, Recipe, function, module
from archlang.ops.windows import exact_rank, hold_border, map_rank

Index: TypeAlias = Annotated[int, Field(strict=True, ge=0)]
Extent: TypeAlias = Annotated[int, Field(strict=True, ge=-1)]


class Flatten(Op):
    """Lay a sample out as one vector: `CxHxW` to `C·H·W`."""

    name = "flatten"
    style = Style(family="shape", label="flatten")
    example = "flatten"

    def infer(self, *xs: Shape) -> Shape:
        return (numel(xs[0]),)

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (everything(xs[0], "apart"),)

    def recipe(self, *xs: Shape) -> Recipe:
        return module("nn.Flatten")

    def stride_of(self, rank: int) -> None:
        return None


class Reshape(Op):
    """Give the same numbers another shape; one axis may be -1, which is what is left.

    `size` is the new shape without the batch: `reshape(16x7x7)`, `reshape([16, -1])`.
    """

    name = "reshape"
    style = Style(family="shape", label="reshape, {size}")
    example = "reshape(32x8x8)"

    size: Annotated[Extent | tuple[Extent, ...], SizeField()]

    def _wanted(self) -> Shape:
        return (self.size,) if isinstance(self.size, int) else self.size

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        wanted = self._wanted()
        if not wanted or 0 in wanted or wanted.count(-1) > 1:
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason=f"{list(wanted)} is no shape of axes from 1, at most one of them -1",
                    way_out="write every axis but one as a number",
                )
            )
        known = prod(n for n in wanted if n != -1)
        rest = numel(x) // known
        if known * (rest if -1 in wanted else 1) != numel(x):
            raise misfit(ReshapeDiffers(got=x, want=wanted, have=numel(x), need=known))
        return tuple(rest if n == -1 else n for n in wanted)

    def reach(self, *xs: Shape) -> tuple[Reach]:
        x, y = xs[0], self.infer(*xs)
        if spatial(x) == spatial(y):
            return (pointwise(x),)
        if len(y) == 1:
            return (everything(x, "apart"),)
        return (everything(x, "picked", exact=len(x) == 1),)  # of a map, who knows which units

    def recipe(self, *xs: Shape) -> Recipe:
        return function("runtime.reshape", Input(), self._wanted())

    def stride_of(self, rank: int) -> None:
        return None


class Permute(Op):
    """Reorder the axes: `permute([1, 2, 0])` makes `HxWxC` of `CxHxW`.

    `order` names each axis once; 0 is the channels, and the batch never moves.
    """

    name = "permute"
    style = Style(family="shape", label="permute")
    example = "permute([0, 2, 1])"

    order: tuple[Index, ...]

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        if sorted(self.order) != list(range(len(x))):
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason=f"{list(self.order)} does not name each axis of {shape_text(x)} once",
                    way_out=f"an order of {list(range(len(x)))}",
                )
            )
        return tuple(x[i] for i in self.order)

    def reach(self, *xs: Shape) -> tuple[Reach]:
        if self.order == tuple(range(len(self.order))):
            return (pointwise(xs[0]),)
        return (everything(xs[0], "apart", exact=False),)

    def recipe(self, *xs: Shape) -> Recipe:
        return function("torch.permute", Input(), (0, *(i + 1 for i in self.order)))

    def stride_of(self, rank: int) -> None:
        return None


class PixelShuffle(Op):
    """Lay r² channels out as r x r pixels (Shi et al. 2016, arXiv:1609.05158).

    `(r²C)xHxW` to `Cx(rH)x(rW)`.
    """

    name = "pixel_shuffle"
    style = Style(family="shape", label="pixel shuffle, ×{r}")
    example = "pixel_shuffle(2)"
    resamples = 1

    r: Count

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        exact_rank(self.name, x, 2)
        _hold_divides(self.name, "channels", x[0], self.r**2)
        return (x[0] // self.r**2, x[1] * self.r, x[2] * self.r)

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (Reach((finer(self.r),) * 2, "kept" if self.r == 1 else "picked"),)

    def recipe(self, *xs: Shape) -> Recipe:
        return module("nn.PixelShuffle", self.r)

    def stride_of(self, rank: int) -> tuple[float, ...]:
        return (1.0 / self.r,) * rank


class PixelUnshuffle(Op):
    """The inverse of pixel_shuffle: `Cx(rH)x(rW)` to `(r²C)xHxW`."""

    name = "pixel_unshuffle"
    style = Style(family="shape", label="pixel unshuffle, /{r}")
    example = "pixel_unshuffle(2)"
    resamples = -1

    r: Count

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        exact_rank(self.name, x, 2)
        for n in spatial(x):
            _hold_divides(self.name, "pixels", n, self.r)
        return (x[0] * self.r**2, x[1] // self.r, x[2] // self.r)

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (Reach((window(self.r, self.r),) * 2, "kept" if self.r == 1 else "apart"),)

    def recipe(self, *xs: Shape) -> Recipe:
        return module("nn.PixelUnshuffle", self.r)

    def stride_of(self, rank: int) -> tuple[float, ...]:
        return (float(self.r),) * rank


class ChannelShuffle(Op):
    """Mix the channels of `groups` groups (Zhang et al. 2018, arXiv:1707.01083)."""

    name = "channel_shuffle"
    style = Style(family="shape", label="channel shuffle, {groups}")
    example = "channel_shuffle(2)"

    groups: Count

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        map_rank(self.name, x)
        _hold_divides(self.name, "channels", x[0], self.groups)
        return x

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (pointwise(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        return module("nn.ChannelShuffle", self.groups)


class Pad(Op):
    """Put a border around the map, of zeros (or `value`), or taken from the map itself.

    `amount` is one number for every side, one for each axis (`pad(1x2)`), or [before, after] for
    each axis (`pad([[0, 1], [0, 1]])`). A border of `mode="reflect"` is narrower than the map, one
    of `mode="circular"` no wider.
    """

    name = "pad"
    style = Style(family="shape", label="pad")
    example = "pad([[0, 1], [0, 1]])"

    amount: Annotated[Index | tuple[Index, ...] | tuple[tuple[Index, Index], ...], SizeField()]
    mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"
    value: float = 0.0

    def _pairs(self, x: Shape) -> tuple[tuple[int, int], ...]:
        """The border before and after each axis."""
        rank = map_rank(self.name, x)
        amount = (self.amount,) * rank if isinstance(self.amount, int) else self.amount
        if len(amount) != rank:
            got = tuple(n if isinstance(n, int) else n[0] for n in amount)
            raise misfit(WrongRank(what="amount", got=got or (0,), rank=rank))
        return tuple((n, n) if isinstance(n, int) else n for n in amount)

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        pairs = self._pairs(x)
        if self.value != 0.0 and self.mode != "zeros":
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason=f'mode="{self.mode}" takes its border from the map, not from a value',
                    way_out="leave out the value or the mode",
                )
            )
        hold_border(self.name, self.mode, spatial(x), pairs)
        sizes = (n + before + after for n, (before, after) in zip(spatial(x), pairs, strict=True))
        return (x[0], *sizes)

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (Reach(tuple(shifted(-before) for before, _ in self._pairs(xs[0]))),)

    def recipe(self, *xs: Shape) -> Recipe:
        rank = len(xs[0]) - 1
        # torch counts the axes of a border from the last one on
        border = tuple(n for pair in reversed(self._pairs(xs[0])) for n in pair)
        if self.mode == "zeros":
            return module(f"nn.ConstantPad{rank}d", border, self.value)
        kind = {"reflect": "Reflection", "replicate": "Replication", "circular": "Circular"}
        return module(f"nn.{kind[self.mode]}Pad{rank}d", border)


class Split(Op):
    """Cut the channels into parts, as several results: `left, right = x -> split(2)`.

    A number makes as many equal parts, a list says the channels of each.
    """

    name = "split"
    style = Style(family="shape", label="split")
    example = "split([2, 6])"

    parts: Count | tuple[Count, ...]

    def infer(self, *xs: Shape) -> tuple[Shape, ...]:
        (x,) = xs
        if isinstance(self.parts, int):
            _hold_divides(self.name, "channels", x[0], self.parts)
            return ((x[0] // self.parts, *x[1:]),) * self.parts
        if sum(self.parts) != x[0]:
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason=f"parts of {list(self.parts)} make {sum(self.parts)}, not {x[0]}",
                    way_out=f"parts whose sum is {x[0]}",
                )
            )
        return tuple((n, *x[1:]) for n in self.parts)

    def reach(self, *xs: Shape) -> tuple[Reach]:
        alone = self.parts == 1 or self.parts == (xs[0][0],)
        return (pointwise(xs[0], "kept" if alone else "picked"),)

    def recipe(self, *xs: Shape) -> Recipe:
        if isinstance(self.parts, int):
            return function("torch.chunk", Input(), self.parts, dim=1)
        return function("torch.split", Input(), self.parts, dim=1)


class Select(Op):
    """Pick channels by number, counted from 0: `select([0, 2])` makes `2xHxW` of `CxHxW`.

    The order is that of the list, and a channel may be picked more than once.
    """

    name = "select"
    style = Style(family="shape", label="select")
    example = "select([0, 1, 4])"

    channels: Annotated[tuple[Index, ...], Field(min_length=1)]

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        if max(self.channels) >= x[0]:
            raise misfit(
                BadSetting(
                    layer=self.name,
                    reason=f"there is no channel {max(self.channels)} among {x[0]}",
                    way_out=f"channels from 0 to {x[0] - 1}",
                )
            )
        return (len(self.channels), *x[1:])

    def reach(self, *xs: Shape) -> tuple[Reach]:
        every = len(set(self.channels)) == xs[0][0]
        return (pointwise(xs[0], "kept" if every else "picked"),)

    def recipe(self, *xs: Shape) -> Recipe:
        return function("runtime.select", Input(), runs(self.channels))


def runs(channels: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Channels as ranges [start, stop): (0, 1, 2, 7) is ((0, 3), (7, 8)). Slices need no index
    tensor, so that they work on any device and cost one copy."""
    breaks = [i for i, (a, b) in enumerate(pairwise(channels), start=1) if b != a + 1]
    starts, stops = (0, *breaks), (*breaks, len(channels))
    return tuple((channels[i], channels[j - 1] + 1) for i, j in zip(starts, stops, strict=True))


def _hold_divides(layer: str, what: str, number: int, by: int) -> None:
    if number % by:
        raise misfit(DoesNotDivide(layer=layer, what=what, number=number, by=by))

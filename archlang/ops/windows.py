"""What layers that slide a window share: its geometry, and how they are written as torch calls."""

from __future__ import annotations

from typing import NamedTuple

from archlang.diagnostics.catalog.shapes import (
    BadSetting,
    EvenKernelNeedsPadding,
    KernelTooLarge,
    NeedsMap,
)
from archlang.ops.base import Shape, misfit
from archlang.ops.recipe import Argument, Module


class Window(NamedTuple):
    """A window and how it moves, one number for each spatial axis."""

    kernel: Shape
    stride: Shape
    pad: Shape
    dilation: Shape


def map_rank(name: str, x: Shape) -> int:
    """The number of spatial axes of a map.

    Raises:
        Mistake: `x` is a vector or has more than three spatial axes.
    """
    rank = len(x) - 1
    if not 1 <= rank <= 3:
        raise misfit(NeedsMap(layer=name, got=x))
    return rank


def exact_rank(name: str, x: Shape, rank: int) -> None:
    """Hold that a map has `rank` spatial axes.

    Raises:
        Mistake: it has another number of them.
    """
    if map_rank(name, x) != rank:
        what = ("signals (CxN)", "maps (CxHxW)", "volumes (CxDxHxW)")[rank - 1]
        raise misfit(
            BadSetting(
                layer=name,
                reason=f"works on {what}, but the input has {len(x) - 1} axes behind its channels",
                way_out="reshape the input, or use a layer for its number of axes",
            )
        )


def same_padding(name: str, kernel: Shape, dilation: Shape) -> Shape:
    """(k-1)/2 times the dilation on each side, which keeps the size at stride 1.

    Raises:
        Mistake: a kernel is even, so that no symmetric padding keeps the size.
    """
    for k in kernel:
        if k % 2 == 0:
            raise misfit(EvenKernelNeedsPadding(layer=name, kernel=kernel))
    return tuple((k - 1) // 2 * d for k, d in zip(kernel, dilation, strict=True))


def slide(name: str, size: Shape, window: Window, ceil: bool = False) -> Shape:
    """Where a window fits: `floor((n + 2 pad - dilation (k-1) - 1) / stride) + 1` for each axis.

    With `ceil`, a last window may hang over the end, if it starts inside the input or its left
    padding.

    Raises:
        Mistake: the window is larger than the padded input.
    """
    out: list[int] = []
    for n, k, s, p, d in zip(size, *window, strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        steps = -(-room // s) if ceil else room // s
        if ceil and steps * s >= n + p:
            steps -= 1
        if steps < 0:
            raise misfit(
                KernelTooLarge(
                    layer=name, size=n, kernel=k, stride=s, pad=p, dilation=d, whole=size
                )
            )
        out.append(steps + 1)
    return tuple(out)


def hold_border(name: str, mode: str, size: Shape, pads: tuple[tuple[int, int], ...]) -> None:
    """Hold that a border can be filled from the input itself, for pads before and after each axis.

    A reflection leaves out the edge, so that it reaches less far than the size; a circular border
    goes around once at most.

    Raises:
        Mistake: the padding asks for more than there is.
    """
    for n, pad in zip(size, pads, strict=True):
        limit = {"reflect": n - 1, "circular": n}.get(mode)
        if limit is not None and max(pad) > limit:
            raise misfit(
                BadSetting(
                    layer=name,
                    reason=f"a {mode} border of {max(pad)} asks for more than an axis of {n} has",
                    way_out=f'pad at most {limit}, or mode="zeros"',
                )
            )


def compact(values: Shape) -> int | Shape:
    """One number where all axes agree, as an engineer would write it."""
    return values[0] if len(set(values)) == 1 else values


def size_text(value: int | Shape) -> str:
    """A window as a paper writes it: `3×3`."""
    return f"{value}×{value}" if isinstance(value, int) else "×".join(map(str, value))


def stride_text(value: int | Shape) -> str:
    """A stride as a paper writes it behind the layer: `, /2`; nothing for 1."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        value = value[0]
    if value == 1:
        return ""
    return f", /{value}" if isinstance(value, int) else f", /{'×'.join(map(str, value))}"


def configured(target: str, *args: Argument, **settings: tuple[Argument, Argument]) -> Module:
    """The call `target(*args, **settings)`.

    Each setting is (its value, what torch assumes anyway), and left out where the two agree.
    """
    said = tuple((name, value) for name, (value, usual) in settings.items() if value != usual)
    return Module(target, args, said)

"""How far a unit of a layer's result reaches into its inputs: what receptive fields are made of.

A unit is a place of a map, with all its channels. Each function here describes one axis.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, gcd
from typing import Literal, TypeAlias

from archlang.record import Record

MAX_PERIOD = 1024
"""No hop has more phases; a ratio that would need more is followed up to a bound."""


class Hop(Record):
    """Which units of an axis of the input a unit of the result is made of.

    With P taps, unit `P q + p` is made of the units `step q + t` for every t in `taps[p]`: one tap
    for a window, several for what makes maps larger. Borders are left open: a unit may be made of
    units before 0 and behind the end, which are padding.
    """

    step: int
    taps: tuple[range, ...]
    whole: bool = False
    """Whether it is made of all units of the axis, too."""


POINT = Hop(1, (range(1),))
"""A unit is made of the unit at its place."""
WHOLE = Hop(0, (), whole=True)
"""A unit has no place on the axis any more, and is made of all of it."""

Channels: TypeAlias = Literal["kept", "mixed", "apart", "part", "picked"]


class Reach(Record):
    """What a result is made of, of one input: a hop for each axis behind the channels."""

    hops: tuple[Hop, ...]
    channels: Channels = "kept"
    """Which channels meet. *kept*: all are used, but not all by each channel of the result;
    *mixed*: all by each; *apart*: the channels of the result look at different places; *part*: they
    become some of the channels of the result; *picked*: only some are used."""
    exact: bool = True
    """Whether that is what it is made of; else it is made of no more than that."""


def pointwise(x: tuple[int, ...], channels: Channels = "kept", exact: bool = True) -> Reach:
    """Every unit is made of the unit at its place."""
    return Reach((POINT,) * (len(x) - 1), channels, exact)


def everything(x: tuple[int, ...], channels: Channels = "mixed", exact: bool = True) -> Reach:
    """Every unit is made of the whole map, and has no place any more."""
    return Reach((WHOLE,) * (len(x) - 1), channels, exact)


def with_statistics(x: tuple[int, ...], channels: Channels = "kept") -> Reach:
    """Every unit is made of the unit at its place and of a statistic over the whole map."""
    return Reach((Hop(1, (range(1),), whole=True),) * (len(x) - 1), channels)


def window(kernel: int, stride: int = 1, pad: int = 0, dilation: int = 1) -> Hop:
    """A window that moves by `stride`, the first one `pad` before the axis begins."""
    return Hop(stride, (range(-pad, dilation * (kernel - 1) + 1 - pad, dilation),))


def transposed(kernel: int, stride: int, pad: int, dilation: int) -> Hop:
    """The transpose of a window: unit i is made of all units j whose window, at `stride j - pad`,
    holds it; some of no unit at all, if the windows leave holes."""
    return Hop(1, tuple(_made_of(p + pad, kernel, stride, dilation) for p in range(stride)))


def _made_of(place: int, kernel: int, stride: int, dilation: int) -> range:
    """All t with `stride t + dilation m = place` for an m below the kernel: evenly spaced."""
    rests = (place - dilation * m for m in range(kernel - 1, -1, -1))
    found = [rest // stride for rest in rests if rest % stride == 0]
    if not found:
        return range(0)
    return range(found[0], found[-1] + 1, found[1] - found[0] if len(found) > 1 else 1)


def shifted(offset: int) -> Hop:
    """Unit 0 is unit `offset` of the input: a crop, or a border before it (negative)."""
    return Hop(1, (range(offset, offset + 1),))


def finer(times: int) -> Hop:
    """Every unit becomes `times` of them."""
    return Hop(1, (range(1),) * times)


def adaptive(size: int, out: int) -> Hop:
    """`out` windows over `size` units: from `floor(i size / out)` to `ceil((i + 1) size / out)`."""
    if out == 1:
        return WHOLE
    ratio = Fraction(size, out)
    steps, period = ratio.numerator, ratio.denominator
    return Hop(
        steps, tuple(range(p * steps // period, ceil((p + 1) * ratio)) for p in range(period))
    )


def resized(
    size: int, out: int, mode: str, align_corners: bool, scale: float | None
) -> tuple[Hop, bool]:
    """Interpolation from `size` to `out` units as torch does it, and whether that is exact.

    torch computes with rounded numbers. Where *nearest* asks for a unit exactly on the border of
    two, it may therefore get the one before, unless the ratio is a power of two.
    """
    if mode == "area":
        return adaptive(size, out), True
    if size == 1:
        return Hop(0, (range(1),)), True
    corners = align_corners and mode not in ("nearest", "nearest-exact")
    true = _ratio(size, out, corners, scale)
    ratio = true.limit_denominator(MAX_PERIOD)
    shift = Fraction(0) if corners or mode == "nearest" else (ratio - 1) / 2
    if mode == "nearest-exact":
        shift += Fraction(1, 2)
    drift = ceil(abs(true - ratio) * out)
    places = [ratio * p + shift for p in range(ratio.denominator)]
    taps = tuple(_neighbours(place, mode, ratio) for place in places)
    blurred = any(len(t) == 2 for t in taps) and mode.startswith("nearest")
    wide = tuple(range(t.start - drift, t.stop + drift) for t in taps)
    return Hop(ratio.numerator, wide), drift == 0 and not blurred


def _ratio(size: int, out: int, corners: bool, scale: float | None) -> Fraction:
    """By how many units of the input a step in the result moves."""
    if corners:
        return Fraction(size - 1, out - 1) if out > 1 else Fraction(0)
    if scale is None:
        return Fraction(size, out)
    simple = Fraction(scale).limit_denominator(MAX_PERIOD)
    return 1 / (simple if float(simple) == scale else Fraction(scale))


def _neighbours(place: Fraction, mode: str, ratio: Fraction) -> range:
    """The units around a place of the input that an interpolation there takes."""
    below = floor(place)
    on_unit = place == below
    if mode.startswith("nearest"):
        rounded = on_unit and gcd(ratio.denominator, MAX_PERIOD) != ratio.denominator
        return range(below - rounded, below + 1)
    if on_unit:
        return range(below, below + 1)
    return range(below - 1, below + 3) if mode == "bicubic" else range(below, below + 2)

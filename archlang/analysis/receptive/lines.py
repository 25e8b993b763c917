"""What the units of a tensor see along one axis of the input, and how a layer passes it on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple, TypeAlias

from archlang.ops.reach import MAX_PERIOD, POINT, Hop

Span: TypeAlias = tuple[int, int]
"""The first and the last pixel of what is seen, in pixels of the input."""


class Line(NamedTuple):
    """What every unit sees: with P spans, unit `P q + p` sees `spans[p]`, moved on by `step q`.

    P is 1 unless something makes maps larger on the way. A span is None where nothing is seen:
    a transposed convolution with a kernel smaller than its stride leaves such units.
    """

    step: int
    spans: tuple[Span | None, ...]
    exact: bool = True
    """Whether units see all of that; else they see no more."""

    @property
    def stride(self) -> Fraction:
        """By how many pixels the spans of two neighbours differ; 0: all units see the same."""
        return Fraction(self.step, len(self.spans))

    def span(self, unit: int) -> Span | None:
        """What a unit sees; units before 0 and behind the end are padding."""
        turns, phase = divmod(unit, len(self.spans))
        return moved(self.spans[phase], self.step * turns)


Axis: TypeAlias = tuple[Line, ...]
"""All that is seen: the hull of some lines, of different strides. There is more than one where
maps meet that were resized by other ratios, and where something of the whole map joins in."""

START: Axis = (Line(1, ((0, 0),)),)
"""What a unit of the input sees: itself."""


def moved(span: Span | None, by: int) -> Span | None:
    """A span further on."""
    return None if span is None else (span[0] + by, span[1] + by)


def hull(spans: Iterable[Span | None]) -> Span | None:
    """From the first pixel of all spans to the last; None if there are none."""
    found = [span for span in spans if span is not None]
    if not found:
        return None
    return min(low for low, _ in found), max(high for _, high in found)


def spanned(axis: Axis, unit: int) -> Span | None:
    """What a unit sees, of all lines."""
    return hull(line.span(unit) for line in axis)


def followed(axis: Axis, hop: Hop, size: int, out: int, pixels: int) -> Axis:
    """What is seen by `out` units of a layer, made of an axis of `size` units, over `pixels`.

    The whole axis is what its units see inside the input.
    """
    if hop == POINT:
        return axis
    lines = [_through(line, hop, out) for line in axis] if hop.taps else []
    if hop.whole:
        exact = all(line.exact for line in axis)
        lines.append(Line(0, (_whole(axis, size, pixels),), exact))
    return joined(lines)


def _through(line: Line, hop: Hop, out: int) -> Line:
    """Unit by unit: as far as both, the line and the hop, take to repeat themselves.

    Where that is too far, a line of about the same stride that sees no less at any of `out` units.
    """
    known, phases = len(line.spans), len(hop.taps)
    if known == phases == 1 and (only := line.spans[0]) and hop.taps[0]:
        low, high = hop.taps[0][0], hop.taps[0][-1]
        span = (only[0] + line.step * low, only[1] + line.step * high)
        return Line(line.step * hop.step, (span,), line.exact)
    turns = known // gcd(known, hop.step)
    period = phases * turns
    seen = (
        _seen(line, hop.taps[unit % phases], hop.step * (unit // phases))
        for unit in range(period if period <= MAX_PERIOD else out)
    )
    if period > MAX_PERIOD:
        return _folded(tuple(seen), line.stride * Fraction(hop.step, phases))
    return _shortest(Line(line.step * (hop.step * turns // known), tuple(seen), line.exact))


def _folded(seen: Sequence[Span | None], stride: Fraction) -> Line:
    """A line of about that stride on which unit i sees no less than `seen[i]`."""
    simple = stride.limit_denominator(MAX_PERIOD)
    step, period = simple.numerator, simple.denominator
    spans = (
        hull(moved(seen[unit], -step * (unit // period)) for unit in range(p, len(seen), period))
        for p in range(period)
    )
    return Line(step, tuple(spans), exact=False)


def _seen(line: Line, taps: range, offset: int) -> Span | None:
    """The hull of what some units see.

    A period later a unit sees the same further on, so that only the first and the last count.
    """
    enough = len(line.spans)
    ends = taps if len(taps) <= 2 * enough else (*taps[:enough], *taps[-enough:])
    return hull(line.span(offset + tap) for tap in ends)


def _shortest(line: Line) -> Line:
    """The same with as few spans as possible."""
    period = len(line.spans)
    for few in (p for p in range(1, period) if period % p == 0):
        step, rest = divmod(line.step * few, period)
        if not rest and all(
            moved(line.spans[unit], step) == line.spans[unit + few] for unit in range(period - few)
        ):
            return Line(step, line.spans[:few], line.exact)
    return line


def _whole(axis: Axis, size: int, pixels: int) -> Span | None:
    """What all units see together, inside the input."""
    ends = (
        line.span(unit)
        for line in axis
        for first in (range(min(size, len(line.spans))),)
        for unit in (*first, *(size - 1 - unit for unit in first))
    )
    seen = hull(ends)
    if seen is None or seen[1] < 0 or seen[0] >= pixels:
        return None
    return max(seen[0], 0), min(seen[1], pixels - 1)


def joined(lines: Iterable[Line]) -> Axis:
    """The lines, those of equal stride as one."""
    by_stride: dict[Fraction, Line] = {}
    for line in lines:
        stride = line.stride
        other = by_stride.get(stride)
        by_stride[stride] = line if other is None or other == line else _both(other, line)
    return tuple(by_stride.values())


def _both(one: Line, other: Line) -> Line:
    """What is seen through two lines of equal stride; a bound, where that takes too long a one."""
    period = lcm(len(one.spans), len(other.spans))
    exact = one.exact and other.exact and period <= MAX_PERIOD
    if period > MAX_PERIOD:
        one, other = (_folded(line.spans, line.stride) for line in (one, other))
        period = len(one.spans)
    spans = tuple(hull((one.span(unit), other.span(unit))) for unit in range(period))
    return Line(int(one.stride * period), spans, exact)


def covers(axis: Axis, pixels: int) -> bool:
    """Whether every unit sees all of an axis of the input."""
    return any(
        not line.step
        and all(span and span[0] <= 0 and span[1] >= pixels - 1 for span in line.spans)
        for line in axis
    )


def has_holes(axis: Axis) -> bool:
    """Whether some unit sees nothing."""
    return any(span is None for line in axis for span in line.spans)

"""The receptive field of a tensor: what each of its units sees of an input."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from archlang.analysis.receptive.lines import Axis, Span, covers, spanned
from archlang.ops.base import Shape


@dataclass(frozen=True)
class Field:
    """What the units of a tensor see of an input, on every axis of that.

    Borders are left open: a unit near them sees padding, which counts.
    """

    input: str
    """The name of the input."""
    pixels: Shape
    """The size of the input, without its channels."""
    units: Shape
    """The size of the tensor, without its channels."""
    axes: tuple[Axis, ...]
    """For each axis of the input what the units see along it."""
    exact: bool = True
    """Whether they see all of that; else they see no more."""
    even: bool = True
    """Whether every channel sees the same."""

    @property
    def whole(self) -> bool:
        """Whether every unit sees all of the input."""
        return all(covers(axis, n) for axis, n in zip(self.axes, self.pixels, strict=True))

    @property
    def placed(self) -> bool:
        """Whether the units have a place on the input, so that two of them see different parts."""
        return any(line.step for axis in self.axes for line in axis)

    @cached_property
    def size(self) -> tuple[int, ...]:
        """How many pixels a unit sees on each axis, padding included; the most of all units."""
        return tuple(map(self._extent, range(len(self.axes))))

    def _extent(self, axis: int) -> int:
        lines = self.axes[axis]
        if covers(lines, self.pixels[axis]):
            return self.pixels[axis]
        units = self._count(axis)
        if len(lines) == 1:
            units = min(units, len(lines[0].spans))  # the others see as much as one of these
        spans = (spanned(lines, unit) for unit in range(units))
        return max((span[1] - span[0] + 1 for span in spans if span), default=0)

    def _count(self, axis: int) -> int:
        """The units on the axis of the tensor that goes with one of the input."""
        return self.units[axis] if len(self.units) == len(self.axes) else 1

    @property
    def stride(self) -> tuple[Fraction, ...]:
        """The distance of what two neighbours see, in pixels; 0 where units have no place.

        Where maps of unequal strides have met, the least of them.
        """
        return tuple(
            min((line.stride for line in axis if line.step), default=Fraction(0))
            for axis in self.axes
        )

    @property
    def centre(self) -> tuple[float, ...]:
        """The middle of what unit 0 sees, in pixels; 0 is the middle of the first pixel.

        A unit 0 that sees nothing is taken to stand a stride before unit 1.
        """
        return tuple(map(self._middle, range(len(self.axes))))

    def _middle(self, axis: int) -> float:
        for unit in range(self._count(axis)):
            if span := self.span(axis, unit):
                return float(Fraction(sum(span), 2) - unit * self.stride[axis])
        return 0.0

    def span(self, axis: int, unit: int) -> Span | None:
        """The first and the last pixel that a unit sees on an axis; None if it sees none.

        Pixels before 0 and behind the end are padding. Of a unit that sees all, all of the input.
        """
        if covers(self.axes[axis], self.pixels[axis]):
            return 0, self.pixels[axis] - 1
        return spanned(self.axes[axis], unit)

    def text(self) -> str:
        """The size in words: `427`, `35x19`, `≤ 99`, `all`."""
        bound = "" if self.exact else "≤ "
        if self.whole:
            return f"{bound}all"
        return bound + joined_text(self.size)

    def as_json(self) -> dict[str, Any]:
        """The field as an object, strides and centres as numbers."""
        return {
            "input": self.input,
            "size": list(self.size),
            "stride": [float(stride) for stride in self.stride],
            "centre": list(self.centre),
            "exact": self.exact,
            "whole": self.whole,
        }


def joined_text(values: tuple[object, ...]) -> str:
    """One number for each axis, or one if they agree: `35x19`, `427`."""
    texts = [str(value) for value in values]
    return texts[0] if len(set(texts)) == 1 else "x".join(texts)

"""Vanishing, exploding or healthy: what the sizes of the gradients say, in words."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isfinite, log
from statistics import median
from typing import Literal

from archlang.record import Record

Kind = Literal["vanishing", "exploding", "healthy", "cut off"]
LIMIT = 1e4
"""How many times smaller or greater the gradient may become between the last layer and the first.

Beyond that, no one learning rate serves both: a step that changes the weights at one end by a
hundredth changes those at the other by a millionth, or throws them far away. What is trained every
day stays below: the deepest of torchvision's residual networks, ResNet152, starts at 2,300.
"""
SHORT = 1.25
"""A factor per layer beyond which (or below its inverse) only few layers make a network healthy."""
_WHY = ": its units are all off (dead ReLUs) or saturated, or its weights are 0"
AGAINST = 10
"""How many times as much the first layer may hear as the last, and still speak against a verdict
of "vanishing" (or as little, against "exploding"): one skip from end to end does that."""
_ENOUGH = 4
"""Depths from which on a factor says something of deeper networks."""
TINY = 1e-30
"""A gradient that is smaller, and then 0, has left the range of float32, which ends at 1e-45."""
_MOST = 300
"""Depths whose pairs are looked at; of more, so many are taken, evenly spread."""


class Point(Record):
    """The layers at one depth."""

    depth: int
    """Weighted layers on the longest path from the input, these included."""
    name: str
    """The first of them."""
    gradient: float | None
    """The length (norm) of the gradient by their outputs; None: none comes there."""


class Verdict(Record):
    """What is to be said of a network."""

    kind: Kind
    factor: float | None
    """What the gradient is multiplied by from one layer to the one before; None: too few layers."""
    change: float | None
    """What that makes of it from the last layer to the first."""
    sentence: str

    def as_json(self) -> dict[str, object]:
        """The verdict as an object."""
        return {name: getattr(self, name) for name in self.record_fields}


def judge(points: Sequence[Point], dtype: str = "float32") -> Verdict:
    """The verdict on a network, from the lengths of its gradients by depth, from the input on.

    A straight line is laid through their logarithms by Theil and Sen's rule: its slope is the
    median over all pairs of layers, so that a few odd ones, such as the last, do not turn it (Sen
    1968, doi:10.1080/01621459.1968.10480934).
    """
    there = [p for p in points if p.gradient is not None]
    heard = [p for p in there if p.gradient]
    factor = _factor([(p.depth, log(p.gradient)) for p in heard if p.gradient])
    if not heard:
        return Verdict("cut off", None, None, "cut off: no layer hears anything from the loss")
    if there[0].gradient == 0:
        return _silent(there, heard, factor, dtype)
    if factor is None:
        words = f"healthy: {there[0].name} hears from the loss directly, there is no depth to cross"
        return Verdict("healthy", None, None, words)
    span = there[-1].depth - there[0].depth
    change = exp(max(-700.0, min(700.0, span * log(factor))))
    kind = "vanishing" if change < 1 / LIMIT else "exploding" if change > LIMIT else "healthy"
    sentence = f"{kind}: {_pace(factor)}; {_ends(there, kind)}{_outlook(kind, factor, len(heard))}"
    return Verdict(kind, factor, change, sentence)


def _factor(points: Sequence[tuple[int, float]]) -> float | None:
    """Towards the input, from the slopes towards the loss."""
    some = points[:: max(1, -(-len(points) // _MOST))]
    slopes = [(b - a) / (y - x) for i, (x, a) in enumerate(some) for y, b in some[i + 1 :]]
    return exp(-median(slopes)) if slopes else None


def _pace(factor: float) -> str:
    where = "from layer to layer the gradient"
    if 0.98 < factor < 1.02:
        return f"{where} stays as it is (×{factor:.3f})"
    return (
        f"{where} shrinks to {factor:.2g} of it"
        if factor < 1
        else f"{where} grows {factor:.3g} times"
    )


def _ends(points: Sequence[Point], kind: Kind) -> str:
    """The first layer beside the last; "yet" where that is not what the line would have it be."""
    first, last = points[0], points[-1]
    if not (first.gradient and last.gradient and isfinite(first.gradient / last.gradient)):
        return f"{last.name} hears nothing"
    ratio = first.gradient / last.gradient
    yet = {"vanishing": ratio > 1 / AGAINST, "exploding": ratio < AGAINST}.get(kind, False)
    of = "of" if ratio < 1 else "times"
    return f"{'yet ' if yet else ''}{first.name} hears {ratio:.2g} {of} what {last.name} does"


def _outlook(kind: Kind, factor: float, layers: int) -> str:
    if kind != "healthy" or layers < _ENOUGH or 1 / SHORT < factor < SHORT:
        return ""
    return f"; many more such layers would make it {'explode' if factor > 1 else 'vanish'}"


def _silent(
    points: Sequence[Point], heard: Sequence[Point], factor: float | None, dtype: str
) -> Verdict:
    """The first layers hear nothing at all."""
    first = heard[0]
    upto = [p for p in points if p.depth < first.depth][-1]
    if min(p.gradient or 0.0 for p in heard) > TINY:
        words = f"between {upto.name} and {first.name} nothing gets through, exactly 0"
        return Verdict("cut off", factor, 0.0, f"cut off: {words}{_WHY}")
    pace = f"{_pace(factor)}; " if factor else ""
    way = "; --dtype float64 shows more" if dtype != "float64" else ""
    words = f"{pace}it is 0 up to {upto.name}, below the range of {dtype}{way}"
    return Verdict("vanishing", factor, 0.0, f"vanishing: {words}")

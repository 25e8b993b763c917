"""Vanishing, exploding or healthy: what the sizes of the gradients say, in words."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from statistics import median
from typing import Literal

from archlang.record import Record

Kind = Literal["vanishing", "exploding", "healthy", "cut off"]
FAINT = 1e-3
"""The part of what the last layer hears below which a layer is said to hear too little.

Gradient descent moves all layers at one rate, so that such a layer is trained a thousand times more
slowly than the last, and nothing makes up for it.
"""
LOUD = 1e4
"""How many times what the last layer hears is too much.

The limit is wider on this side: a normalisation behind a layer makes a step that is too long lower
the layer's gradients from then on, and a rate can be lowered. The deepest of torchvision's residual
networks, ResNet152, starts at 2,300 times, and is trained every day.
"""
SHORT = 1.25
"""A factor per layer beyond which (or below its inverse) only few layers make a network healthy."""
_WHY = "weights behind are 0 (init=zeros), or units all off (dead ReLUs) or saturated"
AGAINST = 10
"""How many times as much the first layer may hear as the last, and still speak against a verdict
of "vanishing" (or as little, against "exploding"): one skip from end to end does that."""
_ENOUGH = 4
"""Depths from which on a factor says something of deeper networks."""
FLOORS = {
    "float16": 6e-8 * 1e3,
    "bfloat16": 9.2e-41 * 1e10,
    "float32": 1.4e-45 * 1e10,
    "float64": 1e-313,
}
"""A gradient that is smaller, and then 0, has left the range of its type.

They are the smallest numbers that the types hold, with ten decades of room, as a length is made of
many and some devices end earlier; in float16, which has few decades, three.
"""
_MOST = 300
"""Depths whose pairs are looked at; of more, so many are taken, evenly spread."""
_EXPONENT = 700.0
"""Beyond the power of e to this, float64 ends."""


class Point(Record):
    """The layers at one depth."""

    depth: int
    """Weighted layers on the longest path from the input, these included."""
    name: str
    """The layer, or the group: `conv1 and 1 more`."""
    gradient: float | None
    """The length (norm) of the gradient by their outputs; None: none comes there."""
    silent: tuple[str, ...] = ()
    """Those of them that hear exactly nothing, where they are several."""

    def zeros(self) -> tuple[str, ...]:
        """The layers that hear exactly nothing."""
        return self.silent or ((self.name,) if self.gradient == 0 else ())


class Share(Record):
    """What a layer hears, beside the last one."""

    layer: str
    of_last: float

    def beside(self, last: str) -> str:
        """The part in words: `4.3 times w51`, with `last` behind it."""
        return f"{self.of_last:.2g} {'of' if self.of_last < 1 else 'times'} {last}"

    def hears(self, last: Share) -> str:
        """The two beside each other: `w1 hears 4.3 times what w51 does`."""
        if f"{self.of_last:.2g}" == "1":
            return f"{self.layer} {_hears(self.layer)} as much as {_does(last.layer)}"
        return f"{self.layer} {_hears(self.layer)} {self.beside(f'what {_does(last.layer)}')}"

    def as_json(self) -> dict[str, object]:
        """The share as an object."""
        return {"layer": self.layer, "of_last": self.of_last}


class Verdict(Record):
    """What is to be said of a network."""

    kind: Kind
    factor: float | None
    """What the gradient is multiplied by from one layer to the one before; None: too few layers."""
    change: float | None
    """What that makes of it from the last layer to the first."""
    sentence: str
    first: Share | None = None
    """What the first layer hears; None: there is none to compare, or it hears nothing."""
    least: Share | None = None
    """The layer that hears least, of all that hear something."""
    most: Share | None = None
    """The layer that hears most."""
    aside: str = ""
    """What has to be known beside kind and factor: `yet w1 hears 4.3 times w51`."""

    def as_json(self) -> dict[str, object]:
        """The verdict as an object."""
        values = {name: getattr(self, name) for name in self.record_fields if name != "aside"}
        return {n: v.as_json() if isinstance(v, Share) else v for n, v in values.items()}


def _several(layer: str) -> bool:
    """Whether it names a group; no path has a space."""
    return layer.endswith(" more")


def _hears(layer: str) -> str:
    return "hear" if _several(layer) else "hears"


def _does(layer: str) -> str:
    return f"{layer} {'do' if _several(layer) else 'does'}"


def judge(points: Sequence[Point], dtype: str = "float32") -> Verdict:
    """The verdict on a network, from the lengths of its gradients by depth, from the input on.

    A straight line is laid through their logarithms by Theil and Sen's rule: its slope is the
    median over all pairs of layers, so that a few odd ones, such as the last, do not turn it (Sen
    1968, doi:10.1080/01621459.1968.10480934). A network is vanishing if that line, or any layer as
    it was measured, falls below `FAINT` of what the last layer hears; exploding if one of them
    comes above `LOUD` times that. Where both are so, the one that is farther beyond its limit.
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
        return Verdict("healthy", None, None, f"{words}{_zeros(there, heard, dtype)}")
    change = _power((heard[-1].depth - heard[0].depth) * log(factor))
    shares = [Share(p.name, _quotient(p, heard[-1])) for p in heard]
    least, most = (extreme(shares, key=lambda s: s.of_last) for extreme in (min, max))
    kind = _kind(min(change, least.of_last), max(change, most.of_last))
    outlook, zeros = _outlook(kind, factor, len(heard)), _zeros(there, heard, dtype)
    words = _Words(kind, factor, _kind(change, change), shares, least, most)
    sentence = f"{kind}: {words.sentence(zeros)}{outlook}{zeros}"
    return Verdict(
        kind, factor, change, sentence, shares[0], least, most, words.aside(),
    )  # fmt: skip


def _factor(points: Sequence[tuple[int, float]]) -> float | None:
    """Towards the input, from the slopes towards the loss."""
    some = points[:: max(1, -(-len(points) // _MOST))]
    slopes = [(b - a) / (y - x) for i, (x, a) in enumerate(some) for y, b in some[i + 1 :]]
    return exp(-median(slopes)) if slopes else None


def _power(exponent: float) -> float:
    return exp(max(-_EXPONENT, min(_EXPONENT, exponent)))


def _quotient(point: Point, last: Point) -> float:
    """By logarithms, as float64 could not hold every quotient."""
    return _power(log(point.gradient or 1.0) - log(last.gradient or 1.0))


def _kind(least: float, most: float) -> Kind:
    if least >= FAINT and most <= LOUD:
        return "healthy"
    return "vanishing" if FAINT / least >= most / LOUD else "exploding"


class _Words(Record):
    """A verdict in words."""

    kind: Kind
    factor: float
    fitted: Kind
    """What the line alone would have it be."""
    shares: Sequence[Share]
    """By depth."""
    least: Share
    most: Share

    @property
    def _extreme(self) -> Share:
        return self.most if self.kind == "exploding" else self.least

    @property
    def _yet(self) -> bool:
        """Whether the first layer speaks against the verdict."""
        first = self.shares[0].of_last
        return {"vanishing": first > 1 / AGAINST, "exploding": first < AGAINST}.get(
            self.kind, False
        )

    def _farthest(self) -> str:
        """How the layer is named that is farthest from the last one."""
        return f"{_hears(self._extreme.layer)} {self._end},"

    @property
    def _end(self) -> str:
        return "most" if self.kind == "exploding" else "least"

    def sentence(self, zeros: str) -> str:
        """The line and the ends; what was measured first, where that is the reason.

        Layers that hear nothing (`zeros`) leave no more to be said of the one that hears least.
        """
        first, last, extreme = self.shares[0], self.shares[-1], self._extreme
        ends = first.hears(last)
        if self.kind not in ("healthy", self.fitted):
            if extreme.layer == first.layer:
                return f"{ends}; {pace(self.factor)}"
            what = extreme.beside(f"what {_does(last.layer)}")
            reason = f"{extreme.layer} {self._farthest()} {what}"
            return f"{reason}; {pace(self.factor)}; {'yet ' if self._yet else ''}{ends}"
        line = f"{pace(self.factor)}; {'yet ' if self._yet else ''}{ends}"
        apart = max(extreme.of_last, first.of_last) > AGAINST * min(extreme.of_last, first.of_last)
        if self.kind == "healthy" or zeros or not apart:
            return line
        return f"{line}; {extreme.layer} {self._farthest()} {extreme.beside('it')}"

    def aside(self) -> str:
        """What kind and factor leave out, for a legend."""
        first, last, extreme = self.shares[0], self.shares[-1], self._extreme
        if self.kind not in ("healthy", self.fitted):
            return f"{extreme.layer} {_hears(extreme.layer)} {extreme.beside(last.layer)}"
        return (
            f"yet {first.layer} {_hears(first.layer)} {first.beside(last.layer)}"
            if self._yet
            else ""
        )


def digits(factor: float) -> str:
    """A factor as it is written everywhere, with three digits."""
    return f"{factor:#.3g}".rstrip(".")


def pace(factor: float) -> str:
    """What a factor means, in words."""
    where = "from layer to layer the gradient"
    if 0.98 < factor < 1.02:
        return f"{where} stays as it is (×{digits(factor)})"
    if factor < 1:
        return f"{where} shrinks to {digits(factor)} of it"
    return f"{where} grows {digits(factor)} times"


def _outlook(kind: Kind, factor: float, layers: int) -> str:
    if kind != "healthy" or layers < _ENOUGH or 1 / SHORT < factor < SHORT:
        return ""
    return f"; many more such layers would make it {'explode' if factor > 1 else 'vanish'}"


def _zeros(points: Sequence[Point], heard: Sequence[Point], dtype: str) -> str:
    """Which layers hear exactly nothing, though the first, or one beside it, does."""
    zeros = [name for p in points for name in p.zeros()]
    if not zeros:
        return ""
    more = f" and {len(zeros) - 1:,} more" if len(zeros) > 1 else ""
    verb = "hear" if more else "hears"
    below = min(p.gradient or 0.0 for p in heard) < FLOORS[dtype]
    what = f"less than {dtype} can hold" if below else f"nothing, exactly 0 ({_WHY})"
    return f"; {zeros[0]}{more} {verb} {what}"


def _silent(
    points: Sequence[Point], heard: Sequence[Point], factor: float | None, dtype: str
) -> Verdict:
    """The first layers hear nothing at all."""
    first = heard[0]
    upto = [p for p in points if p.depth < first.depth][-1]
    if min(p.gradient or 0.0 for p in heard) > FLOORS[dtype]:
        words = f"between {upto.name} and {first.name} nothing gets through, exactly 0: {_WHY}"
        return Verdict("cut off", factor, 0.0, f"cut off: {words}")
    line = f"{pace(factor)}; " if factor else ""
    way = "; --dtype float64 shows more" if dtype != "float64" else ""
    words = f"{line}it is 0 up to {upto.name}, below the range of {dtype}{way}"
    return Verdict("vanishing", factor, 0.0, f"vanishing: {words}")

"""The scalar chain: its closed forms, evaluated without underflow or overflow at any depth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from math import exp, fsum, inf, isfinite, log
from sys import float_info
from typing import Literal, NamedTuple

from archlang.analysis.functions import Curve
from archlang.analysis.neurons import ScalarChain, chain_of
from archlang.record import Record

__all__ = ["Bounds", "ChainGradient", "ScalarChain", "chain_of", "gradient"]
Trend = Literal["zero", "vanishes", "explodes", "undecided"]
_DIGITS = 40
_WIDE = Context(prec=_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
"""Products keep this many digits and any exponent: 1e-400 stays 1e-400, which float64 calls 0."""
_TINY, _HUGE = Decimal("1e-150"), Decimal("1e150")


class Bounds(NamedTuple):
    """What of `Π_{l≥2} w_l f'(w_l y_(l-1))` can be said: every factor lies between the two."""

    least: float
    greatest: float
    mean: float
    """The geometric mean of the factors' sizes: by how much each layer changes the gradient."""
    trend: Trend


class ChainGradient(Record):
    """The derivatives of a chain at one x, in its own units (dR/dw is θ̄ = dR/dθ times these).

    Sums and products are decimals of any exponent; `float(…)` gives 0 or infinity where float64
    does. `factors[l-1]` is `w_l f'(w_l y_(l-1))`, `slopes[l-1]` its f', `values[l-1]` is y_l.
    """

    chain: ScalarChain
    x: float
    weights: tuple[float, ...]
    values: tuple[Decimal, ...]
    slopes: tuple[float, ...]
    factors: tuple[float, ...]
    output: Decimal
    """θ."""
    products: tuple[Decimal, ...]
    """For each l, the product of the factors behind it: `Π_{k>l} w_k f'(w_k y_(k-1))`."""
    by_weight: tuple[Decimal, ...]
    """dθ/dw_l for l = 1 … L + 1."""
    by_input: Decimal
    """dθ/dx."""

    @property
    def value(self) -> Decimal:
        """dθ/dw_1, what the lecture is about."""
        return self.by_weight[0]

    @property
    def bounds(self) -> Bounds:
        """Between which sizes the factors of the product lie, and what becomes of it with depth."""
        sizes = [abs(f) for f in self.factors[1:]] or [1.0]
        least, greatest = min(sizes), max(sizes)
        average = fsum(log(s) / len(sizes) for s in sizes) if least > 0 else -inf
        mean = exp(average) if average < log(float_info.max) else greatest
        trend: Trend = "vanishes" if greatest < 1 else "explodes" if least > 1 else "undecided"
        trend = trend if least > 0 else "zero"
        return Bounds(least, greatest, mean, trend)

    @property
    def blocked(self) -> int | None:
        """The first l at which the way back ends: its f' is 0, or its weight (that of l = 1 is no
        factor). None: there is no such l, and no factor of dθ/dw_1 is 0 but perhaps x."""
        ways = (self.slopes[0], *self.factors[1:])
        return next((number for number, way in enumerate(ways, 1) if not way), None)

    @property
    def lasting(self) -> bool:
        """Whether the trend must go on in further layers like these.

        Each f is straight, so that its factors do not depend on how large y is; or none of them is
        steep enough for a factor of 1. Factors above 1 of a tanh do not last: y grows until it is
        saturated.
        """
        behind = list(zip(self.weights, self.chain.curves, strict=True))[1:]
        steepest = (abs(w) * (inf if c.steepest is None else c.steepest) for w, c in behind if w)
        return all(curve.straight for _, curve in behind) or max(steepest, default=0.0) < 1

    @property
    def _ends(self) -> bool:
        """Whether the way back ends exactly, and not only in float64."""
        number = self.blocked
        if number is None:
            return False
        dead = number > 1 and not self.weights[number - 1]
        return dead or self.chain.curves[number - 1].flat

    @property
    def limit(self) -> Decimal | None:
        """What dθ/dw_1 tends to if the chain grows by layers like those it has; None: unknown.

        Without the skip 0 where every factor must stay below 1 or one is 0, infinity (with its
        sign) where every one must stay above 1; with it x and infinity.
        """
        trend = self.bounds.trend if self.lasting else "undecided"
        if trend == "vanishes" or self._ends:
            return Decimal(self.x if self.chain.skip else 0)
        if trend == "explodes" and self.x and self.slopes[0] and min(self.factors[1:]) > 0:
            sign = "-" if (self.x < 0) != (self.slopes[0] < 0) else ""
            return Decimal(f"{sign}Infinity")
        return None

    def __str__(self) -> str:
        return f"dθ/dw_1 = {self.value:.6g}"


def gradient(chain: ScalarChain, x: float, weights: Sequence[float] | None = None) -> ChainGradient:
    """The closed forms of a chain's derivatives at x, for any L.

    Every factor is computed in float64; products have any exponent.

    Args:
        chain: what `chain_of` gives.
        x: the input, a finite number.
        weights: L + 1 finite numbers; by default those that the spec says.

    Raises:
        SpecError: no weights are given, and the spec does not say them.
        ValueError: there are more or fewer of them, or a number is not finite.
    """
    given = chain.weights() if weights is None else tuple(map(float, weights))
    if len(given) != len(chain.neurons):
        raise ValueError(f"{chain.name} has {len(chain.neurons)} weights, not {len(given)}")
    if not all(map(isfinite, (x, *given))):
        raise ValueError("x and the weights must be finite numbers")
    with localcontext(_WIDE):
        return _evaluated(chain, float(x), given)


def _evaluated(chain: ScalarChain, x: float, weights: tuple[float, ...]) -> ChainGradient:
    values, slopes = _forward(chain, x, weights)
    factors = tuple(w * s or 0.0 for w, s in zip(weights, slopes, strict=True))
    products = _behind(factors)
    before = (Decimal(x), *values[:-1])
    by_weight = [
        y * Decimal(slope) * product
        for y, slope, product in zip(before, slopes, products, strict=True)
    ]
    by_input = Decimal(factors[0]) * products[0]
    output = values[-1]
    if chain.skip:
        w = Decimal(weights[0])
        by_weight[0] = Decimal(x) * (Decimal(slopes[0]) * products[0] + 1)
        by_input, output = by_input + w, output + w * Decimal(x)
    return ChainGradient(
        chain, x, weights, _clean(values), slopes, factors, _zero(output), _clean(products),
        _clean(by_weight), _zero(by_input),
    )  # fmt: skip


def _clean(values: Iterable[Decimal]) -> tuple[Decimal, ...]:
    return tuple(map(_zero, values))


def _zero(value: Decimal) -> Decimal:
    """A zero without its exponent and its sign, which decimals keep: -0e-44 is 0."""
    return value or Decimal(0)


def _forward(
    chain: ScalarChain, x: float, weights: tuple[float, ...]
) -> tuple[tuple[Decimal, ...], tuple[float, ...]]:
    """y_l and f'(w_l y_(l-1)) for every l."""
    values: list[Decimal] = []
    slopes: list[float] = []
    y = Decimal(x)
    for w, curve in zip(weights, chain.curves, strict=True):
        z = Decimal(w) * y
        slope = curve.slope(_float(z))
        y = z * Decimal(slope) if curve.straight else _value(curve, z)
        values.append(y)
        slopes.append(slope)
    return tuple(values), tuple(slopes)


def _value(curve: Curve, z: Decimal) -> Decimal:
    if abs(z) < _TINY:  # where float64 underflows, f is its tangent at 0
        return Decimal(curve.value(0.0)) + Decimal(curve.slope(0.0)) * z
    if abs(z) > _HUGE and (slope := curve.slope(_float(z))):  # and its asymptote
        return Decimal(slope) * z
    return Decimal(curve.value(_float(z)))


def _float(z: Decimal) -> float:
    """The nearest finite float64 that has z's sign: f' looks at the sign, however small z is."""
    near = min(max(float(z), -float_info.max), float_info.max)
    return near or (5e-324 if z > 0 else -5e-324 if z < 0 else 0.0)


def _behind(factors: Iterable[float]) -> tuple[Decimal, ...]:
    """For each place the product of the factors behind it."""
    found = [Decimal(1)]
    for factor in reversed(tuple(factors)[1:]):
        found.append(found[-1] * Decimal(factor))
    return tuple(reversed(found))

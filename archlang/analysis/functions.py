"""Activation functions of one number, with their derivatives, as torch defines them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import erf, exp, expm1, inf, log1p, pi, sqrt, tanh
from types import MappingProxyType
from typing import Any

from archlang.ops import activation as kinds
from archlang.ops.base import Op
from archlang.record import Record

Real = Callable[[float], float]

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
"""The constants of Klambauer et al. 2017, arXiv:1706.02515."""


class Curve(Record):
    """A function f of one number and its derivative f'; at a kink f' is what torch takes for it.

    `steepest` is the greatest |f'(z)| over all z; None where it is not known here.
    `straight`: f(c z) = c f(z) for every c > 0, so that f is two half lines through 0.
    `flat`: f is constant on a stretch, where f' is 0 and not only small.
    """

    name: str
    value: Real
    slope: Real
    steepest: float | None = None
    straight: bool = False
    flat: bool = False


def curve_of(op: Op) -> Curve | None:
    """The function that a layer applies to each number by itself; None if it is no such layer."""
    make = _CURVES.get(type(op))
    return None if make is None else make(op)


def sigmoid(z: float) -> float:
    """1 / (1 + e^-z), for any z without an overflow."""
    if z >= 0:
        return 1.0 / (1.0 + exp(-z))
    return exp(z) / (1.0 + exp(z))


def _exp(z: float) -> float:
    """e^z, infinite where float64 cannot hold it."""
    return exp(z) if z < 709.0 else inf


def _linear(name: str, below: float, above: float = 1.0) -> Curve:
    """`above` z for z > 0, else `below` z."""

    def slope(z: float) -> float:
        return above if z > 0 else below

    steepest = max(abs(below), abs(above))
    flat = 0.0 in (below, above)
    return Curve(name, lambda z: slope(z) * z, slope, steepest, straight=True, flat=flat)


def _clipped(name: str, low: float, high: float, rise: float = 1.0, at: float = 0.0) -> Curve:
    """The line `rise` z + `at`, cut off where z leaves (low, high)."""
    return Curve(
        name,
        lambda z: rise * min(max(z, low), high) + at,
        lambda z: rise if low < z < high else 0.0,
        abs(rise),
        flat=True,
    )


def _sigmoid(_: Any) -> Curve:
    return Curve("sigmoid", sigmoid, lambda z: sigmoid(z) * sigmoid(-z), 0.25)


def _tanh(op: Any) -> Curve:
    a, b = op.scale, op.slope

    def slope(z: float) -> float:  # 1 - tanh² loses all digits where tanh is almost 1
        s = sigmoid(2 * b * z) * sigmoid(-2 * b * z)
        return 4.0 * a * b * s

    return Curve("tanh", lambda z: a * tanh(b * z), slope, abs(a * b))


def _elu(name: str, alpha: float, scale: float = 1.0) -> Curve:
    return Curve(
        name,
        lambda z: scale * (z if z > 0 else alpha * expm1(z)),
        lambda z: scale * (1.0 if z > 0 else alpha * exp(z)),
        scale * max(1.0, alpha),
    )


def _softplus(op: Any) -> Curve:
    b, threshold = op.beta, op.threshold

    def value(z: float) -> float:
        return z if b * z > threshold else log1p(_exp(b * z)) / b

    return Curve("softplus", value, lambda z: 1.0 if b * z > threshold else sigmoid(b * z), 1.0)


def _silu(_: Any) -> Curve:
    def slope(z: float) -> float:
        return sigmoid(z) * (1.0 + z * sigmoid(-z))

    return Curve("SiLU", lambda z: z * sigmoid(z), slope)


def _mish(_: Any) -> Curve:
    def soft(z: float) -> float:
        return z if z > 20 else log1p(_exp(z))

    def slope(z: float) -> float:
        t = tanh(soft(z))
        return t + z * (1.0 - t * t) * sigmoid(z)

    return Curve("Mish", lambda z: z * tanh(soft(z)), slope)


def _gelu(op: Any) -> Curve:
    if op.approximate == "tanh":
        return _gelu_tanh()

    def below(z: float) -> float:
        return 0.5 * (1.0 + erf(z / sqrt(2.0)))

    def slope(z: float) -> float:
        if abs(z) > 40.0:
            return float(z > 0)
        return below(z) + z * exp(-0.5 * z * z) / sqrt(2.0 * pi)

    return Curve("GELU", lambda z: z * below(z), slope)


def _gelu_tanh() -> Curve:
    k, c = sqrt(2.0 / pi), 0.044715

    def bent(z: float) -> float:
        return tanh(k * (z + c * z * z * z))

    def slope(z: float) -> float:
        if abs(z) > 40.0:  # z³ may be infinite, and infinity times 0 is nothing
            return float(z > 0)
        t = bent(z)
        return 0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * k * (1.0 + 3.0 * c * z * z)

    return Curve("GELU", lambda z: 0.5 * z * (1.0 + bent(z)), slope)


def _hardswish(_: Any) -> Curve:
    def slope(z: float) -> float:
        if z <= -3 or z >= 3:
            return float(z > 0)
        return z / 3.0 + 0.5

    def value(z: float) -> float:
        return z * min(max(z + 3.0, 0.0), 6.0) / 6.0

    return Curve("hard swish", value, slope, 1.5, flat=True)


IDENTITY = _linear("identity", 1.0)
"""f(z) = z, whose derivative is 1 everywhere."""

_CURVES: Mapping[type[Op], Callable[[Any], Curve]] = MappingProxyType(
    {
        kinds.Relu: lambda _: _linear("ReLU", 0.0),
        kinds.Relu6: lambda _: _clipped("ReLU6", 0.0, 6.0),
        kinds.LeakyRelu: lambda op: _linear("leaky ReLU", op.slope),
        kinds.Elu: lambda op: _elu("ELU", op.alpha),
        kinds.Selu: lambda _: _elu("SELU", _SELU_ALPHA, _SELU_SCALE),
        kinds.Gelu: _gelu,
        kinds.Silu: _silu,
        kinds.Mish: _mish,
        kinds.Hardswish: _hardswish,
        kinds.Hardsigmoid: lambda _: _clipped("hard sigmoid", -3.0, 3.0, 1.0 / 6.0, 0.5),
        kinds.Hardtanh: lambda op: _clipped("hard tanh", op.low, op.high),
        kinds.Softplus: _softplus,
        kinds.Sigmoid: _sigmoid,
        kinds.Tanh: _tanh,
        kinds.Identity: lambda _: IDENTITY,
    }
)

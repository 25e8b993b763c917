"""The formulas evaluated: whoever says what layers do gets the value of every line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import mul
from typing import Any

from archlang.chainrule.model import (
    Apply,
    Cut,
    Expr,
    Function,
    Grad,
    Image,
    Line,
    Map,
    Normal,
    Number,
    Place,
    Product,
    Pullback,
    Slope,
    SlopePullback,
    Stack,
    Sum,
    Symbol,
    Total,
    Var,
    WeightPullback,
)
from archlang.ops.base import Shape

Value = Any
"""A number or a tensor: what can be added and multiplied."""


class Evaluator(ABC):
    """Walks a formula. `values` are those of tensors and weights, `gradients` those of ∇."""

    def __init__(self) -> None:
        self.values: dict[Symbol, Value] = {}
        self.gradients: dict[Symbol, Value] = {}

    def run(self, lines: Iterable[Line]) -> list[Value]:
        """The values of lines, which later lines may use."""
        found: list[Value] = []
        for line in lines:
            value = self.value(line.right)
            known = self.gradients if isinstance(line.left, Grad) else self.values
            known[line.left.symbol] = value
            found.append(value)
        return found

    def value(self, x: Expr) -> Value:
        """The value of a formula, whose symbols are known."""
        match x:
            case Var(symbol):
                found = self.values[symbol]
            case Grad(symbol):
                found = self.gradients[symbol]
            case Number(value):
                found = value
            case Sum(terms):
                found = sum(sign * self.value(term) for sign, term in terms)
            case Product(factors):
                found = reduce(mul, map(self.value, factors))
            case Apply(function, inner):
                found = self.apply(function, self.value(inner))
            case Slope(function, inner):
                found = self.slope(function, self.value(inner))
            case _:
                found = self._layer(x)
        return found

    def _layer(self, x: Expr) -> Value:
        match x:
            case Image(kind, xs):
                found = self.image(kind, self._values(xs))
            case Pullback(kind, operand, gradient, xs):
                found = self.pullback(kind, operand, self.value(gradient), self._values(xs))
            case WeightPullback(kind, weight, gradient, xs):
                found = self.weight(kind, weight, self.value(gradient), self._values(xs))
            case Cut(inner, start, stop):
                found = self.cut(self.value(inner), start, stop)
            case Place(inner, start, stop, channels):
                found = self.place(self.value(inner), start, stop, channels)
            case Total(inner, shape, batch):
                found = self.total(self.value(inner), shape, batch)
            case Stack(parts):
                found = self.stack(self._values(parts))
            case Normal(kind, inner):
                found = self.normal(kind, self.value(inner))
            case SlopePullback(function, weight, gradient, inner):
                found = self.slope_weight(function, weight, self.value(gradient), self.value(inner))
            case _:
                raise TypeError(f"{type(x).__name__} has no value of its own")
        return found

    def _values(self, xs: Iterable[Expr]) -> list[Value]:
        return [self.value(x) for x in xs]

    @abstractmethod
    def apply(self, function: Function, x: Value) -> Value:
        """f(x)."""

    @abstractmethod
    def slope(self, function: Function, x: Value) -> Value:
        """f'(x)."""

    @abstractmethod
    def image(self, kind: Map, xs: Sequence[Value]) -> Value:
        """What a layer gives."""

    @abstractmethod
    def pullback(self, kind: Map, operand: int, gradient: Value, xs: Sequence[Value]) -> Value:
        """The transpose of its Jacobian at `xs`, by one of them, times a gradient."""

    @abstractmethod
    def weight(self, kind: Map, weight: Symbol, gradient: Value, xs: Sequence[Value]) -> Value:
        """The same by a weight or a bias."""

    @abstractmethod
    def slope_weight(self, function: Function, weight: Symbol, gradient: Value, x: Value) -> Value:
        """The same by the parameters of an activation."""

    @abstractmethod
    def cut(self, x: Value, start: int, stop: int) -> Value:
        """Some of the channels."""

    @abstractmethod
    def place(self, x: Value, start: int, stop: int, channels: int) -> Value:
        """Channels among zeros."""

    @abstractmethod
    def total(self, x: Value, shape: Shape, batch: bool) -> Value:
        """Summed to a shape."""

    @abstractmethod
    def stack(self, parts: Sequence[Value]) -> Value:
        """Side by side."""

    @abstractmethod
    def normal(self, kind: Map, x: Value) -> Value:
        """Normalised, without scale and shift."""

"""How formulas are written, as text or as TeX: the same brackets, two kinds of signs."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from itertools import pairwise
from math import isinf
from typing import Protocol

from archlang.chainrule.model import (
    Apply,
    Cut,
    Expr,
    Function,
    Grad,
    Image,
    Map,
    Normal,
    Number,
    Place,
    Product,
    Pullback,
    Series,
    Slope,
    SlopePullback,
    Stack,
    Sum,
    Symbol,
    Total,
    Var,
    WeightPullback,
)


class Tightness(IntEnum):
    """How tightly a formula holds together: what is looser than its surroundings is bracketed."""

    SUM = 0
    PRODUCT = 1
    PREFIX = 2
    ATOM = 3


class Script(Protocol):
    """The signs of a kind of writing."""

    odot: str
    dot: str
    star: str
    given: str
    total: str
    minus: str
    dagger: str
    transpose: str
    partial: str
    gap: str
    """Between a matrix and what it is multiplied with."""

    def symbol(self, symbol: Symbol) -> str:
        """A letter with its index."""
        ...

    def gradient(self, symbol: Symbol) -> str:
        """∇ of it."""
        ...

    def jacobian(self, name: Symbol) -> str:
        """J with the name of a layer as its index."""
        ...

    def series(self, factor: str) -> str:
        """The product over l from 2 to L + 1."""
        ...

    def bracketed(self, text: str) -> str:
        """In round brackets."""
        ...

    def quotient(self, above: str, below: str) -> str:
        """A fraction within a line."""
        ...


class Notation:
    """Writes formulas in one script; `scalar`: all values are numbers."""

    def __init__(self, script: Script, scalar: bool) -> None:
        self.script = script
        self.scalar = scalar

    def __call__(self, x: Expr, around: Tightness = Tightness.SUM) -> str:
        """A formula, in brackets where its surroundings hold tighter."""
        text, tightness = self._written(x)
        return text if tightness >= around else self.script.bracketed(text)

    def terms(self, x: Expr) -> list[str]:
        """The terms of a sum one by one, each with its sign, so that a line can be broken there."""
        if not isinstance(x, Sum):
            return [self(x)]
        found: list[str] = []
        for number, (sign, term) in enumerate(x.terms):
            text = self(term, Tightness.PRODUCT)
            before = f"{self.script.minus} " if sign < 0 else "+ "
            bare = self.script.minus if sign < 0 else ""
            found.append(f"{before if number else bare}{text}")
        return found

    def _written(self, x: Expr) -> tuple[str, Tightness]:
        script = self.script
        match x:
            case Var(symbol):
                found = script.symbol(symbol), Tightness.ATOM
            case Grad(symbol):
                found = script.gradient(symbol), Tightness.ATOM
            case Number(value, text):
                found = text or number(value), Tightness.ATOM
            case Sum(terms):
                loose = len(terms) > 1 or any(sign < 0 for sign, _ in terms)
                found = " ".join(self.terms(x)), Tightness.SUM if loose else Tightness.PRODUCT
            case Product(factors):
                found = self._product(factors), Tightness.PRODUCT
            case Series(factor):
                found = script.series(self(factor)), Tightness.PRODUCT
            case Apply(function, inner):
                found = self._call(script.symbol(function.symbol), self(inner)), Tightness.ATOM
            case Slope(function, inner):
                found = self._call(self._prime(function), self(inner)), Tightness.ATOM
            case _:
                found = self._layer(x)
        return found

    def _prime(self, function: Function) -> str:
        return f"{self.script.symbol(function.symbol)}'"

    def _call(self, name: str, inside: str) -> str:
        return f"{name}({inside})"

    def _product(self, factors: tuple[Expr, ...]) -> str:
        sign = self.script.dot if self.scalar else self.script.odot
        text = self(factors[0], Tightness.PRODUCT)
        for before, factor in pairwise(factors):
            between = self.script.dot if isinstance(before, Number) else sign
            text += f" {between} {self(factor, Tightness.PRODUCT)}"
        return text

    def _layer(self, x: Expr) -> tuple[str, Tightness]:
        script = self.script
        match x:
            case Image(kind, xs):
                found = self._image(kind, xs)
            case Pullback():
                found = self._pullback(x)
            case WeightPullback():
                found = self._weight(x)
            case SlopePullback(function, weight, gradient):
                found = self._by(script.symbol(function.symbol), weight, gradient)
            case Total(inner):
                found = f"{script.total} {self(inner, Tightness.PREFIX)}", Tightness.PREFIX
            case Normal(_, inner):
                found = self._call(script.symbol(Symbol("Norm")), self(inner)), Tightness.ATOM
            case Stack(parts):
                found = f"[{', '.join(map(self, parts))}]", Tightness.ATOM
            case Cut(inner, start, stop):
                found = f"{self(inner, Tightness.ATOM)}[{start}:{stop}]", Tightness.ATOM
            case Place(inner, start, stop, channels):
                parts = ["0"] * (start > 0) + [self(inner)] + ["0"] * (stop < channels)
                found = f"[{', '.join(parts)}]", Tightness.ATOM
            case _:
                raise TypeError(f"{type(x).__name__} is not written by itself")
        return found

    # ── layers ───────────────────────────────────────────────────────────────────────────────

    def _image(self, kind: Map, xs: tuple[Expr, ...]) -> tuple[str, Tightness]:
        weight, bias = self._letters(kind)
        inside = ", ".join(map(self, xs))
        if kind.kind == "fc":
            text = f"{weight}{self.script.gap}{self(xs[0], Tightness.PREFIX)}"
            return (f"{text} + {bias}", Tightness.SUM) if bias else (text, Tightness.PREFIX)
        name = self.script.symbol(kind.name)
        if kind.kind == "conv":
            given = f"{weight}, {bias}" if bias else weight
            return self._call(name, f"{inside} {self.script.given} {given}"), Tightness.ATOM
        return self._call(name, inside), Tightness.ATOM

    def _letters(self, kind: Map) -> tuple[str, str]:
        symbols = (kind.weight, kind.bias)
        weight, bias = (self.script.symbol(s) if s else "" for s in symbols)
        return weight, bias

    def _pullback(self, x: Pullback) -> tuple[str, Tightness]:
        script, kind = self.script, x.map
        weight, _ = self._letters(kind)
        if kind.kind == "fc" and self.scalar:
            text = f"{weight} {script.dot} {self(x.gradient, Tightness.PRODUCT)}"
            return text, Tightness.PRODUCT
        if kind.kind == "conv":
            name = "Conv" if kind.transposed else kind.name.letter
            filters = weight if kind.transposed else f"{weight}{script.dagger}"
            inside = f"{self(x.gradient)} {script.given} {filters}"
            return self._call(script.symbol(Symbol(name)), inside), Tightness.ATOM
        if kind.kind == "linear":
            name = f"{script.symbol(kind.name)}{script.dagger}"
            return self._call(name, self(x.gradient)), Tightness.ATOM
        if kind.kind == "fc":
            matrix = weight
        elif kind.kind == "unknown":
            operand = f",{x.operand + 1}" if len(x.xs) > 1 else ""
            matrix = script.jacobian(Symbol(kind.name.letter, kind.name.index + operand))
        else:
            matrix = f"{script.symbol(kind.name)}'"
        after = self(x.gradient, Tightness.PREFIX)
        return f"{matrix}{script.transpose}{script.gap}{after}", Tightness.PREFIX

    def _weight(self, x: WeightPullback) -> tuple[str, Tightness]:
        script, kind = self.script, x.map
        gradient, before = x.gradient, x.xs[0]
        if kind.kind == "fc" and x.weight == kind.bias:
            return self._written(gradient)
        if kind.kind == "fc" and self.scalar:
            return self._written(Product((gradient, before)))
        if kind.kind == "fc":
            left = self(gradient, Tightness.ATOM)
            right = f"{self(before, Tightness.ATOM)}{script.transpose}"
            return f"{left}{script.gap}{right}", Tightness.PREFIX
        if kind.kind == "conv" and x.weight == kind.bias:
            return f"{script.total} {self(gradient, Tightness.PREFIX)}", Tightness.PREFIX
        if kind.kind == "conv":
            left, right = self(before, Tightness.PREFIX), self(gradient, Tightness.PREFIX)
            return f"{left} {script.star} {right}", Tightness.PRODUCT
        return self._by(script.symbol(kind.name), x.weight, gradient)

    def _by(self, name: str, weight: Symbol, gradient: Expr) -> tuple[str, Tightness]:
        """`(∂f/∂a)ᵀ ∇Y`: the Jacobian by a parameter."""
        script = self.script
        above, below = f"{script.partial} {name}", f"{script.partial} {script.symbol(weight)}"
        jacobian = f"({script.quotient(above, below)}){script.transpose}"
        return f"{jacobian}{script.gap}{self(gradient, Tightness.PREFIX)}", Tightness.PREFIX


DIGITS = 4
"""Of a value that was computed: as many as one reads on a slide."""


_SMALL = 1e-4


def number(value: float | Decimal, digits: int = 8) -> str:
    """A number in so many digits at most; no zero has a sign or an exponent."""
    if isinstance(value, int):
        return str(value)
    if not value:
        return "0"
    if value.is_infinite() if isinstance(value, Decimal) else isinf(value):
        return "∞" if value > 0 else "-∞"
    text = f"{value:.{digits}g}"
    size = abs(value)
    if (
        "e" not in text and size < _SMALL
    ):  # a Decimal has its zeros written out where a float has not
        text = f"{value:.{digits - 1}e}"
    if "e" in text:
        shown, _, exponent = text.partition("e")
        shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
        return f"{shown}e{int(exponent):+03d}"
    return text.rstrip("0").rstrip(".") if "." in text else text

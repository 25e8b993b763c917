"""Where tensors meet: sum, difference, product, mean, concatenation; and the inputs."""

from __future__ import annotations

from typing import ClassVar, Literal

from archlang.diagnostics.catalog.shapes import ConcatShapes, MergeShapes
from archlang.ops.base import Op, Shape, Style, misfit, spatial
from archlang.ops.reach import POINT, WHOLE, Hop, Reach, pointwise
from archlang.ops.recipe import Fold, Input, Inputs, PassThrough, Recipe, function


class InputOp(Op):
    """An input of the network."""

    style = Style(family="input", label="{title}")
    arity = 0

    title: str
    shape: Shape

    def infer(self, *xs: Shape) -> Shape:
        return self.shape

    def recipe(self, *xs: Shape) -> Recipe:
        return PassThrough()

    def reach(self, *xs: Shape) -> tuple[()]:
        return ()


class Merge(Op):
    """Base of what joins tensors of equal shape (up to broadcasting)."""

    arity = None
    symbol: ClassVar[str] = ""
    keeps_output = False

    def infer(self, *xs: Shape) -> Shape:
        result = xs[0]
        for x in xs[1:]:
            joined = broadcast(result, x)
            if joined is None:
                raise misfit(MergeShapes(symbol=self.symbol, left=result, right=x))
            result = joined
        return result

    def reach(self, *xs: Shape) -> tuple[Reach, ...]:
        result = spatial(self.infer(*xs))
        return tuple(Reach(tuple(map(_spread, spatial(x), result))) for x in xs)


def _spread(size: int, out: int) -> Hop:
    """An operand of one unit is broadcast: all units of the result are made of it."""
    return WHOLE if size < out else POINT


def broadcast(a: Shape, b: Shape) -> Shape | None:
    """The shape two shapes broadcast to; None where they do not, or differ in rank."""
    if len(a) != len(b):
        return None
    out: list[int] = []
    for m, n in zip(a, b, strict=True):
        if m != n and 1 not in (m, n):
            return None
        out.append(max(m, n))
    return tuple(out)


class Add(Merge):
    """Sum."""

    style = Style(family="merge", label="⊕")
    symbol = "+"

    def recipe(self, *xs: Shape) -> Recipe:
        return Fold("operator.add")


class Subtract(Merge):
    """Difference."""

    style = Style(family="merge", label="⊖")
    symbol = "-"

    def recipe(self, *xs: Shape) -> Recipe:
        return Fold("operator.sub")


class Multiply(Merge):
    """Element-wise product."""

    style = Style(family="merge", label="⊗")
    symbol = "*"

    def recipe(self, *xs: Shape) -> Recipe:
        return Fold("operator.mul")


class Mean(Merge):
    """Mean of all branches (the join of FractalNet)."""

    style = Style(family="merge", label="mean")
    symbol = "mean"

    def recipe(self, *xs: Shape) -> Recipe:
        return function("runtime.mean_of", Inputs())


class Concat(Op):
    """Concatenation along the channels."""

    style = Style(family="merge", label="++")
    arity = None
    symbol: ClassVar[str] = "++"
    keeps_output = False

    def infer(self, *xs: Shape) -> Shape:
        for x in xs[1:]:
            if x[1:] != xs[0][1:]:
                raise misfit(ConcatShapes(left=xs[0], right=x))
        return (sum(x[0] for x in xs), *xs[0][1:])

    def reach(self, *xs: Shape) -> tuple[Reach, ...]:
        return tuple(pointwise(x, "part") for x in xs)

    def recipe(self, *xs: Shape) -> Recipe:
        return function("torch.cat", Inputs(), dim=1)


class WithConstant(Op):
    """A tensor and a number: `1 - T`, `0.5 * y`."""

    style = Style(family="merge", label="{symbol} {value}")
    symbol: Literal["+", "-", "*"]
    value: float | int
    reverse: bool = False
    """The number stands on the left."""

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (pointwise(xs[0], exact=self.symbol != "*" or self.value != 0),)

    def recipe(self, *xs: Shape) -> Recipe:
        operators = {"+": "operator.add", "-": "operator.sub", "*": "operator.mul"}
        operands = (self.value, Input()) if self.reverse else (Input(), self.value)
        return function(operators[self.symbol], *operands)

    def label(self) -> str:
        symbol = {"-": "−", "*": "×"}.get(self.symbol, self.symbol)
        number = f"{abs(self.value):g}"
        if self.reverse:
            return f"{'−' if self.value < 0 else ''}{number} {symbol} ·"
        if self.value < 0 and symbol in "+−":
            return f"· {'−' if symbol == '+' else '+'} {number}"
        return f"· {symbol} {'−' if self.value < 0 else ''}{number}"

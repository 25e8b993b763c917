"""Fully connected layers."""

from __future__ import annotations

from archlang.diagnostics.catalog.shapes import NeedsVector
from archlang.ops.base import Count, Op, Shape, Style, misfit
from archlang.ops.initial import Initialiser
from archlang.ops.reach import Reach, everything
from archlang.ops.recipe import Recipe
from archlang.ops.windows import configured


class FullyConnected(Op):
    """Connect every input to each of `out` units: `y = A x + b`.

    A vector of n to a vector of `out`; (n + 1) `out` parameters.
    """

    name = "fc"
    style = Style(family="linear", label="fc, {out}")
    example = "fc(10)"
    example_input = "84"
    weighted = True
    keeps_output = False

    out: Count
    bias: bool = True
    init: Initialiser | None = None

    def infer(self, *xs: Shape) -> Shape:
        (x,) = xs
        if len(x) != 1:
            raise misfit(NeedsVector(layer=self.name, got=x))
        return (self.out,)

    def params(self, *xs: Shape) -> int:
        return self.out * (xs[0][0] + self.bias)

    def macs(self, *xs: Shape) -> int:
        return self.out * xs[0][0]

    def reach(self, *xs: Shape) -> tuple[Reach]:
        return (everything(xs[0]),)

    def recipe(self, *xs: Shape) -> Recipe:
        return configured("nn.Linear", xs[0][0], self.out, bias=(self.bias, True))

    def stride_of(self, rank: int) -> None:
        return None

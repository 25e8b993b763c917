"""The formulas of a scalar chain: its neurons, its product, with the skip or without."""

from __future__ import annotations

from collections.abc import Sequence

from archlang.analysis.chain import ScalarChain
from archlang.chainrule.model import (
    Apply,
    Expr,
    Function,
    Grad,
    Image,
    Line,
    Map,
    Number,
    Product,
    Series,
    Slope,
    Sum,
    Symbol,
    Var,
)
from archlang.graph import Node
from archlang.ops.activation import Identity
from archlang.ops.base import Op

SPELLED = 6
"""Chains up to this L are written factor by factor."""
OUTPUT, LOSS = Symbol("Y"), Symbol("G")


class ChainFormulas:
    """The formulas of a chain; an index l is a number, or stands for one (`l`, `L+1`)."""

    def __init__(self, chain: ScalarChain) -> None:
        self.chain = chain
        self.spelled = chain.length <= SPELLED
        self.mixed = len({c.name for c in chain.curves}) > 1
        self.x = Var(Symbol("X"))

    def y(self, index: str) -> Var:
        """y_l; x for l = 0."""
        return self.x if index == "0" else Var(Symbol("Y", index))

    def z(self, index: str) -> Expr:
        """`w_l y_(l-1)`."""
        return self.weighted(index, self.y(_before(index)))

    def weighted(self, index: str, x: Expr) -> Expr:
        """w_l x."""
        kind = Map("fc", Symbol(""), self._node(index), Symbol("W", index))
        return Image(kind, (x,))

    def function(self, index: str) -> Function:
        """f, or f_l where not all are the same."""
        return Function(Symbol("f", index if self.mixed else ""), self.op(index))

    def op(self, index: str) -> Op:
        """The activation of a neuron."""
        neuron = self.chain.neurons[int(index) - 1] if index.isdigit() else self.chain.neurons[-1]
        users = self.chain.graph.consumers[neuron.layer]
        ops = [u.op for u in users if u.op.style.family == "activation"]
        return ops[0] if ops else Identity()

    def factor(self, index: str) -> Expr:
        """`w_l f'(w_l y_(l-1))`."""
        return self.weighted(index, self.slope(index))

    def slope(self, index: str) -> Expr:
        """`f'(w_l y_(l-1))`."""
        return Slope(self.function(index), self.z(index))

    def _node(self, index: str) -> Node:
        number = int(index) if index.isdigit() else 1
        return self.chain.graph.nodes[self.chain.neurons[number - 1].layer]

    # ── lines ────────────────────────────────────────────────────────────────────────────────

    def forward(self) -> list[Line]:
        """y_1, …, θ."""
        last = str(self.chain.length + 1) if self.spelled else "L+1"
        lines = [
            self._neuron(str(k)) for k in range(1, self.chain.length + 1 if self.spelled else 2)
        ]
        if not self.spelled:
            lines.append(self._neuron("l", condition="l = 2, …, L"))
        return lines + self._output(last)

    def _neuron(self, index: str, left: Var | None = None, condition: str = "") -> Line:
        right = Apply(self.function(index), self.z(index))
        return Line(left or self.y(index), right, condition=condition)

    def _output(self, last: str) -> list[Line]:
        if not self.chain.skip:
            return [self._neuron(last, Var(OUTPUT))]
        total = Sum(((1, self.y(last)), (1, self.weighted("1", self.x))))
        return [self._neuron(last), Line(Var(OUTPUT), total)]

    def by_weight(self) -> Line:
        """dR/dw_1, with Π and, for a short chain, factor by factor."""
        general = self._total([Series(self.factor("l"))])
        own = [self.factor(str(k)) for k in range(2, self.chain.length + 2)]
        more = (self._total(own),) if self.spelled else ()
        return Line(Grad(Symbol("W", "1")), general, more)

    def _total(self, factors: Sequence[Expr]) -> Expr:
        product = (self.slope("1"), *factors)
        start = (Var(LOSS), self.x)
        if not self.chain.skip:
            return Product((*start, *product))
        return Product((*start, Sum(((1, Product(product)), (1, Number(1))))))


def _before(index: str) -> str:
    if index.isdigit():
        return str(int(index) - 1)
    return {"l": "l-1", "L+1": "L"}[index]

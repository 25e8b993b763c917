"""The page of a scalar chain: its product, as the lecture writes it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from archlang.analysis.chain import ChainGradient, ScalarChain, gradient
from archlang.chainrule.model import (
    Apply,
    Expr,
    Function,
    Given,
    Grad,
    Image,
    Line,
    Map,
    Number,
    Numbers,
    Page,
    Product,
    Section,
    Series,
    Sign,
    Slope,
    Sum,
    Symbol,
    Var,
)
from archlang.chainrule.notation import number
from archlang.chainrule.notes import Sentence
from archlang.chainrule.numbers import STEP, check
from archlang.graph import Node
from archlang.ops.activation import Identity
from archlang.ops.base import Op

SPELLED = 6
"""Chains up to this L are written factor by factor."""
_OUTPUT, _LOSS = Symbol("Y"), Symbol("G")


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
            return [self._neuron(last, Var(_OUTPUT))]
        total = Sum(((1, self.y(last)), (1, self.weighted("1", self.x))))
        return [self._neuron(last), Line(Var(_OUTPUT), total)]

    def by_weight(self) -> Line:
        """dR/dw_1, with Π and, for a short chain, factor by factor."""
        general = self._total([Series(self.factor("l"))])
        own = [self.factor(str(k)) for k in range(2, self.chain.length + 2)]
        more = (self._total(own),) if self.spelled else ()
        return Line(Grad(Symbol("W", "1")), general, more)

    def _total(self, factors: Sequence[Expr]) -> Expr:
        product = (self.slope("1"), *factors)
        start = (Var(_LOSS), self.x)
        if not self.chain.skip:
            return Product((*start, *product))
        return Product((*start, Sum(((1, Product(product)), (1, Number(1))))))


def chain_page(chain: ScalarChain, place: str, at: float | None = None) -> Page:
    """The page of a scalar chain; `at`: with the numbers for that x and θ̄ = 1.

    Raises:
        SpecError: numbers are asked for, and the spec does not say the weights.
    """
    formulas = ChainFormulas(chain)
    forward, backward = formulas.forward(), formulas.by_weight()
    remarks = [_about(formulas)] if chain.skip else []
    table, given = None, None
    if at is not None:
        found = gradient(chain, at)
        given = 1.0
        if formulas.spelled:
            values = [*found.values[: chain.length], *([found.values[-1]] if chain.skip else [])]
            forward = [_valued(n, v) for n, v in zip(forward, [*values, found.output], strict=True)]
        backward = _valued(backward, found.value)
        table = _table(formulas, found)
        remarks += [_check(chain, found), _trend(found)]
    sections = (
        Section("forward", tuple(forward)),
        Section("backward", (backward,), (Given(_LOSS, _OUTPUT, given),)),
    )
    title = f"{chain.name}, L = {chain.length}"
    return Page(title, place, sections, _functions(formulas), tuple(remarks), True, table)


def _valued(line: Line, value: Decimal) -> Line:
    return Line(line.left, line.right, line.more, value, line.condition)


def _before(index: str) -> str:
    if index.isdigit():
        return str(int(index) - 1)
    return {"l": "l-1", "L+1": "L"}[index]


def _functions(formulas: ChainFormulas) -> tuple[Sentence, ...]:
    f, prime = Sign("f", "f"), Sign("f'", "f'")
    if not formulas.mixed:
        return ((f, f" = {formulas.op('1').label()}; ", prime, " its derivative."),)
    kinds: dict[str, list[int]] = {}
    for number_, curve in enumerate(formulas.chain.curves, 1):
        kinds.setdefault(curve.name, []).append(number_)
    said = "; ".join(f"{name} for l = {_some(at)}" for name, at in kinds.items())
    return ((Sign("f_l", "f_{l}"), f": {said}."),)


def _some(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:SPELLED]))
    return f"{shown}, …" if len(numbers) > SPELLED else shown


def _about(formulas: ChainFormulas) -> Sentence:
    return (
        "The 1 is the skip's, θ's term ", formulas.weighted("1", formulas.x), ": it has no factor "
        "of any layer in it, so the gradient does not vanish however many layers there are.",
    )  # fmt: skip


def _table(formulas: ChainFormulas, found: ChainGradient) -> Numbers:
    headings = (
        Var(Symbol("l")), Var(Symbol("W", "l")), Var(Symbol("Y", "l")), formulas.factor("l"),
        Grad(Symbol("W", "l")),
    )  # fmt: skip
    columns = (found.weights, found.values, found.factors, found.by_weight)
    rows = zip(range(1, len(found.weights) + 1), *columns, strict=True)
    return Numbers(headings, tuple(rows))


def _check(chain: ScalarChain, found: ChainGradient) -> Sentence:
    def moved(by: float) -> float:
        weights = (found.weights[0] + by, *found.weights[1:])
        return float(gradient(chain, found.x, weights).output)

    w = Symbol("W", "1")
    return check(Grad(w), Var(w), float(found.value), moved(STEP), moved(-STEP))


def _trend(found: ChainGradient) -> Sentence:
    least, greatest, mean, trend = found.bounds
    if len(found.factors) < 2:
        return ()
    between = f"The factors of the product lie between {number(least)} and {number(greatest)}"
    per = f"{number(mean)} on the average"
    if trend == "undecided":
        return (f"{between}, {per}.",)
    side = "below" if trend == "vanishes" else "above"
    fate = "tends to 0" if trend == "vanishes" else "grows beyond all bounds"
    rescued = trend == "vanishes" and found.chain.skip
    tail = ", and the derivative to x alone" if rescued else ""
    return (f"{between}, {per}, all {side} 1: with depth it {fate}{tail}.",)

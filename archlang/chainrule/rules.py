"""What each layer computes and how a gradient goes back through it: the rules of reverse mode.

A rule gives three things: the formula of the layer, the contribution to the gradient of each of
its inputs, and those to its parameters. A layer without a rule of its own has its Jacobian.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from archlang.chainrule.algebra import negative, plus, signed, times
from archlang.chainrule.letters import DROPPING, Letters, is_function
from archlang.chainrule.maps import map_of
from archlang.chainrule.model import (
    Apply,
    Cut,
    Expr,
    Image,
    Map,
    Normal,
    Number,
    Place,
    Pullback,
    Slope,
    SlopePullback,
    Stack,
    Symbol,
    Total,
    Var,
    WeightPullback,
)
from archlang.graph import Node, shapes
from archlang.ops import classic, merging, normalisation, regularisation, resampling, reshaping
from archlang.ops.base import Shape
from archlang.ops.convolution import SeparableConv

Heard: TypeAlias = tuple[Symbol, Expr]
"""A parameter and a contribution to its gradient."""


class Rule:
    """The rule of one node; `xs` are the formulas of its inputs.

    This one is that of a layer which is known by its Jacobian alone, or by its transpose.
    """

    def __init__(self, node: Node, letters: Letters, xs: tuple[Expr, ...]) -> None:
        self.node = node
        self.letters = letters
        self.xs = xs
        self.op: Any = node.op

    def forward(self, port: int) -> Expr:
        """The formula of a result."""
        return Image(self._map, self.xs)

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        """What the gradient of a result contributes to that of an input."""
        return Pullback(self._map, operand, gradient, self.xs)

    def weights(self, gradient: Expr) -> Iterator[Heard]:
        """What the gradient of the result contributes to those of the parameters."""
        kind = self._map
        for symbol in (kind.weight, kind.bias):
            if symbol is not None:
                yield symbol, WeightPullback(kind, symbol, gradient, self.xs)

    @property
    def _map(self) -> Map:
        return map_of(self.node, self.letters)

    def fitted(self, operand: int, x: Expr) -> Expr:
        """Summed over the axes along which the merge repeats an operand."""
        own = self.node.inputs[operand].shape
        return x if own == self.node.shape else Total(x, own, batch=False)


class _Pointwise(Rule):
    """f: `G ⊙ f'(x)`."""

    def forward(self, port: int) -> Expr:
        return Apply(self.letters.function(self.op), self.xs[0])

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        return times(gradient, Slope(self.letters.function(self.op), self.xs[0]))

    def weights(self, gradient: Expr) -> Iterator[Heard]:
        if count := self.op.params(*shapes(self.node)):
            a = self.letters.weight(self.node, "a")
            function = self.letters.function(self.op)
            yield a, SlopePullback(function, a, gradient, self.xs[0], (count,))


class _Add(Rule):
    """Every term hears the whole gradient."""

    signs: tuple[int, int] = (1, 1)
    """Of the first term, and of the others."""

    def _sign(self, operand: int) -> int:
        return self.signs[min(operand, 1)]

    def forward(self, port: int) -> Expr:
        return plus([(self._sign(k), x) for k, x in enumerate(self.xs)])

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        signed = gradient if self._sign(operand) > 0 else negative(gradient)
        return self.fitted(operand, signed)


class _Subtract(_Add):
    signs = (1, -1)


class _Multiply(Rule):
    """The product rule: each factor hears the gradient times the others."""

    def forward(self, port: int) -> Expr:
        return times(*self.xs)

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        others = (x for k, x in enumerate(self.xs) if k != operand)
        return self.fitted(operand, times(gradient, *others))


class _Mean(Rule):
    """Every operand hears its share."""

    @property
    def _share(self) -> Number:
        return Number(1 / len(self.xs), f"1/{len(self.xs)}")

    def forward(self, port: int) -> Expr:
        return times(self._share, plus([(1, x) for x in self.xs]))

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        return self.fitted(operand, times(self._share, gradient))


class _WithConstant(Rule):
    """`x + c`, `c - x`, `c x`."""

    def forward(self, port: int) -> Expr:
        (x,) = self.xs
        c, op = signed(self.op.value), self.op
        if op.symbol == "*":
            return times(c, x)
        sign = 1 if op.symbol == "+" else -1
        if op.reverse:
            return plus([(1, c), (sign, x)])
        return plus([(1, x), (sign, c)])

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        if self.op.symbol == "*":
            return times(signed(self.op.value), gradient)
        return negative(gradient) if self.op.symbol == "-" and self.op.reverse else gradient


class _Scale(Rule):
    """One number, learned or not."""

    @property
    def _factor(self) -> Expr:
        learned = self.op.learn
        return Var(self.letters.weight(self.node, "a")) if learned else signed(self.op.value)

    def forward(self, port: int) -> Expr:
        return times(self._factor, self.xs[0])

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        return times(self._factor, gradient)

    def weights(self, gradient: Expr) -> Iterator[Heard]:
        if self.op.learn:
            a = self.letters.weight(self.node, "a")
            yield a, Total(times(gradient, self.xs[0]), (), batch=True)


class _Affine(Rule):
    """`a ⊙ x + b`, a number of each for every channel."""

    def _shape(self) -> Shape:
        return (self.node.shape[0], *(1 for _ in self.node.shape[1:]))

    def forward(self, port: int) -> Expr:
        a, b = (Var(self.letters.weight(self.node, letter)) for letter in "ab")
        return plus([(1, times(a, self.xs[0])), (1, b)])

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        return times(gradient, Var(self.letters.weight(self.node, "a")))

    def weights(self, gradient: Expr) -> Iterator[Heard]:
        yield (
            self.letters.weight(self.node, "a"),
            Total(times(gradient, self.xs[0]), self._shape(), batch=True),
        )
        yield self.letters.weight(self.node, "b"), Total(gradient, self._shape(), batch=True)


class _Concat(Rule):
    """The gradient is cut apart."""

    def forward(self, port: int) -> Expr:
        return Stack(self.xs)

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        sizes = [x[0] for x in shapes(self.node)]
        start = sum(sizes[:operand])
        return Cut(gradient, start, start + sizes[operand])


class _Split(Rule):
    """The inverse: the gradients of the parts are put beside each other."""

    def _range(self, port: int) -> tuple[int, int]:
        sizes = [t.shape[0] for t in self.node.outputs]
        start = sum(sizes[:port])
        return start, start + sizes[port]

    def forward(self, port: int) -> Expr:
        return Cut(self.xs[0], *self._range(port))

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        return Place(gradient, *self._range(port), self.node.inputs[0].shape[0])


class _Dropout(Rule):
    """A mask M of zeros and 1/(1 - p)."""

    @property
    def _mask(self) -> Var:
        return Var(self.letters.mask(self.node, "M"))

    def forward(self, port: int) -> Expr:
        return times(self._mask, self.xs[0])

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        return times(gradient, self._mask)


class _AlphaDropout(_Dropout):
    """The mask, and a shift K that belongs to it: together they keep mean and variance."""

    def forward(self, port: int) -> Expr:
        shift = Var(self.letters.mask(self.node, "K"))
        return plus([(1, super().forward(port)), (1, shift)])


class _Norm(Rule):
    """The Jacobian of the normalisation; its scale γ and shift β are learned."""

    def weights(self, gradient: Expr) -> Iterator[Heard]:
        if not self.op.params(*shapes(self.node)):
            return
        whole = isinstance(self.op, normalisation.LayerNorm) and self.op.axes == "all"
        (x,) = shapes(self.node)
        shape = x if whole else (x[0], *(1 for _ in x[1:]))
        gamma, beta = (self.letters.weight(self.node, letter) for letter in "γβ")
        yield gamma, Total(times(gradient, Normal(self._map, self.xs[0])), shape, batch=True)
        yield beta, Total(gradient, shape, batch=True)


class _Separable(Rule):
    """A depthwise convolution and a 1×1 one behind it, with a weight each."""

    @property
    def _parts(self) -> tuple[Map, Map]:
        def one(name: str, letter: str, part: Any) -> Map:
            named = [letter, letter.lower()] if self.op.bias else [letter]
            symbols = [self.letters.weight(self.node, x, x + part) for x in named]
            bias = symbols[1] if self.op.bias else None
            return Map("conv", Symbol(name), self.node, symbols[0], bias, part)

        return one("DWConv", "D", "depthwise"), one("Conv", "W", "pointwise")

    def forward(self, port: int) -> Expr:
        depthwise, pointwise = self._parts
        return Image(pointwise, (Image(depthwise, self.xs),))

    def backward(self, operand: int, port: int, gradient: Expr) -> Expr:
        depthwise, pointwise = self._parts
        between = Image(depthwise, self.xs)
        return Pullback(depthwise, 0, Pullback(pointwise, 0, gradient, (between,)), self.xs)

    def weights(self, gradient: Expr) -> Iterator[Heard]:
        depthwise, pointwise = self._parts
        between = Image(depthwise, self.xs)
        back = Pullback(pointwise, 0, gradient, (between,))
        for kind, got, xs in ((pointwise, gradient, (between,)), (depthwise, back, self.xs)):
            for symbol in (kind.weight, kind.bias):
                if symbol is not None:
                    yield symbol, WeightPullback(kind, symbol, got, xs)


_RULES: dict[type, type[Rule]] = {
    merging.Add: _Add,
    merging.Subtract: _Subtract,
    merging.Multiply: _Multiply,
    merging.Mean: _Mean,
    merging.WithConstant: _WithConstant,
    merging.Concat: _Concat,
    reshaping.Split: _Split,
    resampling.Scale: _Scale,
    classic.Affine: _Affine,
    regularisation.AlphaDropout: _AlphaDropout,
    SeparableConv: _Separable,
    normalisation.BatchNorm: _Norm,
    normalisation.LayerNorm: _Norm,
    normalisation.GroupNorm: _Norm,
    normalisation.InstanceNorm: _Norm,
}


def rule_of(node: Node, letters: Letters, xs: tuple[Expr, ...]) -> Rule:
    """The rule of a node, whose inputs have the formulas `xs`."""
    kind = _RULES.get(type(node.op))
    if kind is None and is_function(node.op):
        kind = _Pointwise
    if kind is None and isinstance(node.op, DROPPING):
        kind = _Dropout
    return (kind or Rule)(node, letters, xs)

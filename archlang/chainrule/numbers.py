"""The lines of a network of scalars with their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

from archlang.analysis.functions import Curve, curve_of
from archlang.analysis.neurons import constant_of
from archlang.chainrule.derive import Derivation
from archlang.chainrule.evaluate import Evaluator, Value
from archlang.chainrule.letters import is_function
from archlang.chainrule.model import (
    Function,
    Given,
    Grad,
    Line,
    Map,
    Phrase,
    Section,
    Sign,
    Symbol,
    Var,
)
from archlang.chainrule.part import Part
from archlang.diagnostics.catalog.chainrule import NoNumbers, NotScalar, UnknownWeight
from archlang.graph import Node
from archlang.ops import merging, regularisation, resampling, reshaping
from archlang.ops.activation import Identity, Prelu
from archlang.ops.base import Shape, numel
from archlang.ops.linear import FullyConnected
from archlang.problems import about_network

STEP = 1e-6
"""Of the difference quotient that checks a derivative."""
_EPSILON = 2.3e-16
"""Of float64."""
_PLAIN = (
    FullyConnected, merging.Merge, merging.WithConstant, resampling.Scale, reshaping.Flatten,
    reshaping.Reshape, Identity, regularisation.Dropout, regularisation.AlphaDropout,
    regularisation.DropPath,
)  # fmt: skip


class Numbers(Evaluator):
    """Everything is one number; dropouts are in evaluation, where they do nothing."""

    def apply(self, function: Function, x: Value) -> Value:
        return _curve(function).value(x)

    def slope(self, function: Function, x: Value) -> Value:
        return _curve(function).slope(x)

    def image(self, kind: Map, xs: Sequence[Value]) -> Value:
        if kind.weight is None:
            return xs[0]
        bias = self.values[kind.bias] if kind.bias else 0.0
        return self.values[kind.weight] * xs[0] + bias

    def pullback(self, kind: Map, operand: int, gradient: Value, xs: Sequence[Value]) -> Value:
        return gradient if kind.weight is None else self.values[kind.weight] * gradient

    def weight(self, kind: Map, weight: Symbol, gradient: Value, xs: Sequence[Value]) -> Value:
        return gradient * (xs[0] if weight == kind.weight else 1.0)

    def slope_weight(self, function: Function, weight: Symbol, gradient: Value, x: Value) -> Value:
        return gradient * min(x, 0.0)

    def cut(self, x: Value, start: int, stop: int) -> Value:
        return x

    def place(self, x: Value, start: int, stop: int, channels: int) -> Value:
        return x

    def total(self, x: Value, shape: Shape, batch: bool) -> Value:
        return x

    def stack(self, parts: Sequence[Value]) -> Value:
        (one,) = parts  # two numbers side by side are no scalar
        return one

    def normal(self, kind: Map, x: Value) -> Value:
        raise TypeError("a normalisation has no number of its own")


def _curve(function: Function) -> Curve:
    op: Any = function.op
    if isinstance(op, Prelu):
        a = op.slope
        return Curve("PReLU", lambda z: z if z > 0 else a * z, lambda z: 1.0 if z > 0 else a)
    curve = curve_of(op)
    assert curve is not None, "only activations with a derivative are functions"
    return curve


def hold_numbers(part: Part) -> None:
    """Hold that numbers can be put in: one for each value, and every weight known.

    Raises:
        SpecError: something is a tensor, or a weight or a layer has no number.
    """
    for node in part.nodes:
        for tensor in (*node.inputs, *node.outputs):
            if numel(tensor.shape) != 1:
                source = part.graph.producer(tensor)
                problem = NotScalar(part=part.name, path=source.path, shape=tensor.shape)
                raise about_network(part.graph, problem, source.span)
        if not isinstance(node.op, _PLAIN) and not is_function(node.op):
            layer = node.op.name or type(node.op).__name__
            problem = NoNumbers(path=node.path, layer=layer)
            raise about_network(part.graph, problem, node.span)
        if isinstance(node.op, FullyConnected) and constant_of(node.op) is None:
            raise about_network(part.graph, UnknownWeight(path=node.path), node.span)


def with_numbers(
    derivation: Derivation, inputs: Sequence[float]
) -> tuple[tuple[Section, ...], tuple[tuple[Phrase, ...], ...]]:
    """The sections of a scalar part with the numbers of every line, and a check of the total.

    Args:
        derivation: of a part for which `hold_numbers` holds.
        inputs: one number for each of its inputs.
    """
    numbers = _at(derivation, inputs)
    done: list[Section] = []
    for section in derivation.sections:
        values = numbers.run(section.lines)
        lines = zip(section.lines, values, strict=True)
        given = tuple(Given(g.symbol, g.of, 1.0, g.outside) for g in section.given)
        done.append(Section(section.title, tuple(valued(n, v) for n, v in lines), given))
        if section.title == "forward":
            numbers.values |= {g.symbol: 1.0 for g in derivation.sections[1].given}
    return tuple(done), tuple(_checks(derivation, inputs, numbers))


def valued(line: Line, value: float | Decimal) -> Line:
    """A line with its number."""
    return Line(line.left, line.right, line.more, value, line.condition)


def _at(derivation: Derivation, inputs: Sequence[float]) -> Numbers:
    letters = derivation.letters
    numbers = Numbers()
    for node in derivation.part.nodes:
        numbers.values |= _parameters(derivation, node)
    given = zip(derivation.part.inputs, inputs, strict=True)
    numbers.values |= {letters.names[tensor]: x for tensor, x in given}
    return numbers


def _parameters(derivation: Derivation, node: Node) -> dict[Symbol, float]:
    weight, op = derivation.letters.weight, node.op
    mask = derivation.letters.mask
    match op:
        case FullyConnected():
            found = {weight(node): constant_of(op) or 0.0}
            return found | ({weight(node, "b"): 0.0} if op.bias else {})
        case resampling.Scale(learn=True):
            return {weight(node, "a"): op.value}
        case regularisation.AlphaDropout():
            return {mask(node, "M"): 1.0, mask(node, "K"): 0.0}
        case regularisation.Dropout() | regularisation.DropPath():
            return {mask(node, "M"): 1.0}
        case _:
            return {}


def _checks(
    derivation: Derivation, inputs: Sequence[float], numbers: Numbers
) -> Iterable[tuple[Phrase, ...]]:
    """The derivative by each input beside its difference quotient."""
    names = derivation.letters.names
    results = [names[t] for t in derivation.letters.results]
    for k, tensor in enumerate(derivation.part.inputs):
        found = numbers.gradients.get(names[tensor])
        if found is None:
            continue

        def moved(by: float, k: int = k) -> float:
            at = _at(derivation, [x + by * (k == i) for i, x in enumerate(inputs)])
            at.run(derivation.forward)
            return sum(at.values[r] for r in results)

        yield check(Grad(names[tensor]), Var(names[tensor]), found, moved)


def check(
    left: Grad, by: Var, found: float | Decimal, moved: Callable[[float], float]
) -> tuple[Phrase, ...]:
    """A sentence that compares a derivative with `(f(x + h) - f(x - h)) / 2h`.

    Args:
        left: the derivative.
        by: of what.
        found: its value.
        moved: the result where `by` is greater by a number.
    """
    above, below = moved(STEP), moved(-STEP)
    quotient = (above - below) / (2 * STEP)
    noise = _EPSILON * max(abs(above), abs(below)) / STEP
    if not all(map(isfinite, (quotient, found))):
        return ("Check: ", left, " is too large for a difference quotient in float64.")
    if (sides := _kink(moved, noise)) is not None:
        right, left_side = sides
        return (
            "Check: moving ", by, " up gives the quotient ", right, ", and down ", left_side,
            ": a kink, where ", left, " is ", found, ", as torch has it.",
        )  # fmt: skip
    if not found and abs(quotient) <= 2 * noise:
        quotient = 0.0
    elif found and (not float(found) or noise > abs(float(found)) * 1e-2):
        return ("Check: ", left, " is too small for a difference quotient in float64.")
    step = Sign("±1e-06", r"\pm 10^{-6}")
    start: tuple[Phrase, ...] = ("Check: moving ", by, " by ", step, " gives the quotient ")
    return (*start, quotient, "; ", left, " is ", found, ".")


def _kink(moved: Callable[[float], float], noise: float) -> tuple[float, float] | None:
    """The quotients to both sides where they differ; None where the function is smooth.

    What a smooth function bends goes down with the step; a kink stays.
    """
    here = moved(0.0)
    ends = (
        ((moved(step) - here) / step, (here - moved(-step)) / step) for step in (STEP, STEP / 4)
    )
    (right, left), (near_right, near_left) = ends
    gap, nearer = abs(right - left), abs(near_right - near_left)
    least = max(1e-3 * max(abs(right), abs(left)), 16 * noise)
    return (right, left) if gap > least and nearer > 0.6 * gap else None

"""The two passes through a part: a line for each named tensor, and one for each gradient."""

from __future__ import annotations

from typing import NamedTuple

from archlang.analysis.skips import carried
from archlang.chainrule.algebra import plus
from archlang.chainrule.letters import Letters
from archlang.chainrule.model import Expr, Given, Grad, Line, Section, Symbol, Var
from archlang.chainrule.part import Part
from archlang.chainrule.rules import Rule, rule_of
from archlang.graph import Node, Tensor
from archlang.ops.activation import Identity

Route = tuple[tuple[int, int], ...]
"""(node, operand) of the steps that a gradient goes back through, from the named tensor on."""


class Contribution(NamedTuple):
    """A term of the gradient of a tensor, and the steps it came through."""

    term: Expr
    route: Route


class Derivation:
    """The forward and the backward pass of a part.

    `terms` has, for each named tensor that hears from the loss, what its gradient is the sum of,
    in the order in which the tensor is used.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.letters = Letters(part)
        self.terms: dict[Tensor, list[Contribution]] = {}
        self.heard: dict[Symbol, list[Expr]] = {}
        self._formulas: dict[Tensor, Expr] = {}
        self._rules: dict[int, Rule] = {}
        self.forward = tuple(self._forward())
        self._back()

    @property
    def sections(self) -> tuple[Section, ...]:
        """Forward, backward, and what the weights hear."""
        letters = self.letters
        given = tuple(
            Given(letters.gradient(t), letters.names[t], outside=not self._given(t))
            for t in letters.results
        )
        return (
            Section("forward", self.forward),
            Section("backward", self.backward, given),
            Section("weights", self.weights),
        )

    @property
    def backward(self) -> tuple[Line, ...]:
        """A line for each named tensor, from the loss back to the input."""
        order = [t for n in reversed(self.part.nodes) for t in reversed(n.outputs)]
        known = [t for t in (*order, *self.part.inputs) if t in self.terms and not self._given(t)]
        return tuple(
            Line(Grad(self.letters.names[t]), plus([(1, c.term) for c in self.terms[t]]))
            for t in known
        )

    @property
    def weights(self) -> tuple[Line, ...]:
        """A line for each parameter that is trained."""
        return tuple(
            Line(Grad(symbol), plus([(1, term) for term in terms]))
            for symbol, terms in self.heard.items()
        )

    def gradient(self, tensor: Tensor) -> Expr:
        """How the gradient of a named tensor is written: G where it is given, else ∇."""
        if self._given(tensor):
            return Var(self.letters.gradient(tensor))
        return Grad(self.letters.names[tensor])

    # ── forward ──────────────────────────────────────────────────────────────────────────────

    def _forward(self) -> list[Line]:
        lines: list[Line] = []
        for tensor in self.part.inputs:
            self._formulas[tensor] = Var(self.letters.names[tensor])
        for node in self.part.nodes:
            rule = self._rule(node)
            for tensor in node.outputs if not isinstance(node.op, Identity) else ():
                formula = rule.forward(tensor.port)
                if symbol := self.letters.names.get(tensor):
                    lines.append(Line(Var(symbol), formula))
                    formula = Var(symbol)
                self._formulas[tensor] = formula
        return lines

    def _rule(self, node: Node) -> Rule:
        xs = tuple(self._formulas[self.letters.aliased(t)] for t in carried(node))
        self._rules[node.id] = rule_of(node, self.letters, xs)
        return self._rules[node.id]

    # ── backward ─────────────────────────────────────────────────────────────────────────────

    def _given(self, tensor: Tensor) -> bool:
        """Whether a gradient is G itself: that of a result that the part does not use."""
        return tensor in self.letters.results and len(self.terms.get(tensor, ())) < 2

    def _back(self) -> None:
        for tensor in self.letters.results:
            given = Var(self.letters.gradient(tensor))
            self.terms[tensor] = [Contribution(given, ())]
        named = self.letters.names
        for node in reversed(self.part.nodes):
            for tensor in reversed(node.outputs):
                if tensor in named and tensor in self.terms and not isinstance(node.op, Identity):
                    self._push(node, tensor, self.gradient(tensor), ())

    def _push(self, node: Node, tensor: Tensor, gradient: Expr, route: Route) -> None:
        """Hand a gradient on through a step, and through the steps written within its formula."""
        rule = self._rules[node.id]
        if not node.frozen:
            for symbol, term in rule.weights(gradient):
                self.heard.setdefault(symbol, []).insert(0, term)
        # the last operand first, since all are put in front
        for operand, source in reversed(list(enumerate(carried(node)))):
            term = rule.backward(operand, tensor.port, gradient)
            self._arrive(self.letters.aliased(source), term, (*route, (node.id, operand)))

    def _arrive(self, tensor: Tensor, term: Expr, route: Route) -> None:
        if tensor in self.letters.names:
            self.terms.setdefault(tensor, []).insert(0, Contribution(term, route))
        else:
            self._push(self.part.graph.nodes[tensor.node], tensor, term, route)

"""Several lines or copies in the place of one step: branch, dense, repeat, chain and `n * Unit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from archlang.diagnostics.catalog.graph import (
    EmptyBody,
    NothingFlows,
    SeveralTensors,
    UnknownMerge,
)
from archlang.diagnostics.model import Mistake
from archlang.diagnostics.suggest import closest
from archlang.graph import Scope
from archlang.ops.base import Op
from archlang.ops.merging import Add, Concat, Mean, Multiply
from archlang.semantics.frame import Frame, open_scope
from archlang.semantics.merge import Merger
from archlang.semantics.naming import join, kind_of
from archlang.semantics.surgeon import Surgeon
from archlang.semantics.values import UNKNOWN, OpKind, Repeated, Unit, Value, is_tensors
from archlang.source import Span
from archlang.syntax import tree

if TYPE_CHECKING:
    from archlang.semantics.apply import Applier
    from archlang.semantics.expand import Expander

MERGES: dict[str, type[Op]] = {
    "concat": Concat,
    "add": Add,
    "mean": Mean,
    "mul": Multiply,
}


IDLE = 4
"""Rounds that a copy without any layer counts for: nothing else bounds them."""


class Runs:
    """Runs of lines and of copies for an applier."""

    def __init__(
        self, applier: Applier, expander: Expander, merger: Merger, surgeon: Surgeon
    ) -> None:
        self._applier = applier
        self._expander = expander
        self._evaluator = expander.evaluator
        self._naming = expander.naming
        self._budget = expander.budget
        self._merger = merger
        self._surgeon = surgeon

    def lines(self, suite: tree.Suite, frame: Frame) -> Value:
        """Run lines; what the last one makes."""
        self._expander.suite(suite, frame)
        return frame.flow

    # ── statements ───────────────────────────────────────────────────────────────────────────

    def chain(self, e: tree.Chain, frame: Frame, flow: Value, name: str | None) -> Value:
        """`chain:`, with a scope of its own if it is named."""
        if name is None:
            return self.lines(e.body, frame.inside(flow))
        scope = open_scope(frame, name, "chain", name, e.span)
        return self.lines(e.body, frame.inside(flow, scope))

    def branch(self, e: tree.Branch, frame: Frame, flow: Value, name: str | None) -> Value:
        """`branch:`: every line starts from the same tensor, and the results are merged.

        Raises:
            Mistake: a way of merging that does not exist, or results that cannot be merged.
        """
        kind = e.merge or "concat"
        if kind not in MERGES:
            raise Mistake(UnknownMerge(name=kind, suggestion=closest(kind, MERGES)), e.span)
        something(flow, "branch", e.span)
        results: list[Value] = []
        self._expander.suite(e.body, frame.inside(flow, branches=results))
        if flow is UNKNOWN or any(r is UNKNOWN for r in results):
            return UNKNOWN
        if not results:
            raise Mistake(EmptyBody(what="this branch"), e.span)
        for result in results:
            if is_tensors(result):
                problem = SeveralTensors(what="a branch", count=len(result), want="one tensor")
                raise Mistake(problem, e.span)
        op = MERGES[kind]
        return self._merger.merge(op, getattr(op, "symbol", ""), results, frame, e.span, None)

    def repeat(self, e: tree.Repeat, frame: Frame, flow: Value, name: str | None) -> Value:
        """`repeat n:`: the lines n times in a row, each with fresh parameters."""
        count = self._evaluator.count(e.count, frame.env)
        something(flow, "repeat", e.span)
        chosen = name or self._naming.automatic(frame.scope, "repeat")

        def make(x: Value) -> Value:
            outer = frame.inside(x, open_scope(frame, chosen, "repeat", "repeat", e.span))

            def once(y: Value, i: int) -> Value:
                return self.lines(e.body, outer.inside(y, _round(outer, i, e.span)))

            return self._times(count, x, e.span, once)

        return self._surgeon.around(join(frame.scope.path, chosen), flow, frame, make)

    def dense(self, e: tree.Dense, frame: Frame, flow: Value, name: str | None) -> Value:
        """`dense n:`: each round sees the input and the results of all rounds before."""
        count = self._evaluator.count(e.count, frame.env)
        something(flow, "dense", e.span)
        chosen = name or self._naming.automatic(frame.scope, "dense")

        def make(x: Value) -> Value:
            outer = frame.inside(x, open_scope(frame, chosen, "dense", "dense", e.span))
            features: list[Value] = [x]

            def once(_: Value, i: int) -> Value:
                self._budget.rounds(len(features), e.span)
                joined = self._joined(features, outer, e.span)
                result = self.lines(e.body, outer.inside(joined, _round(outer, i, e.span)))
                features.append(result)
                return result

            last = self._times(count, x, e.span, once)
            return UNKNOWN if last is UNKNOWN else self._joined(features, outer, e.span)

        return self._surgeon.around(join(frame.scope.path, chosen), flow, frame, make)

    def _joined(self, features: list[Value], frame: Frame, span: Span) -> Value:
        if len(features) == 1:
            return features[0]
        return self._merger.merge(Concat, "++", list(features), frame, span, None)

    # ── copies ───────────────────────────────────────────────────────────────────────────────

    def repeated(
        self, layer: Repeated, flow: Value, frame: Frame, span: Span, name: str | None
    ) -> Value:
        """`n * Unit`: fresh copies in a row. Within a named run they count on with its units."""
        something(flow, "this repetition", span)
        unit, apply = layer.layer, self._applier.apply
        if name is None and frame.scope.kind == "chain" and isinstance(unit, Unit):
            return self._times(layer.count, flow, span, lambda x, _: apply(unit, x, frame, span))
        chosen = name or self._naming.automatic(frame.scope, _kind_of_layer(unit))

        def make(x: Value) -> Value:
            inner = frame.inside(x, open_scope(frame, chosen, "repeat", _title(unit), span))
            return self._times(
                layer.count, x, span, lambda y, i: apply(unit, y, inner, span, str(i))
            )

        return self._surgeon.around(join(frame.scope.path, chosen), flow, frame, make)

    def _times(
        self, count: int, flow: Value, span: Span, once: Callable[[Value, int], Value]
    ) -> Value:
        """Do something `count` times in a row; what the first time costs tells whether it may."""
        budget = self._budget
        for i in range(count):
            before = budget.layers
            flow = once(flow, i)
            if i == 0:
                made = budget.layers - before
                budget.expect((count - 1) * made, span)
                budget.rounds(count if made else IDLE * count, span)
            if flow is UNKNOWN:
                break
        return flow


def something(flow: Value, what: str, span: Span) -> None:
    """Hold a layer to having something to work on.

    Raises:
        Mistake: nothing flows in.
    """
    if flow is None:
        raise Mistake(NothingFlows(what=what), span)


def _round(frame: Frame, i: int, span: Span) -> Scope:
    return open_scope(frame, str(i), "round", str(i), span)


def _kind_of_layer(layer: Any) -> str:
    match layer:
        case OpKind():
            return layer.op.name
        case Op():
            return layer.name
        case Unit():
            return kind_of(layer.name)
        case _:
            return "repeat"


def _title(layer: Any) -> str:
    return layer.name if isinstance(layer, Unit) else _kind_of_layer(layer)

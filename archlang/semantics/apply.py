"""Expressions in the place of a step: layers are applied to what flows in, tensors start anew."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from archlang.diagnostics.catalog.graph import MatchOutsideMerge, SeveralTensors
from archlang.diagnostics.catalog.limits import TooDeep
from archlang.diagnostics.catalog.names import NotALayer
from archlang.diagnostics.model import Mistake
from archlang.diagnostics.suggest import LAYER_ALIASES, closest
from archlang.graph import Tensor
from archlang.ops.activation import Identity
from archlang.ops.base import Op
from archlang.ops.registry import layers
from archlang.semantics.constants import arithmetic
from archlang.semantics.forms import Forms
from archlang.semantics.frame import Frame, open_scope
from archlang.semantics.limits import MAX_NESTING, LimitReached, Unresolved
from archlang.semantics.matching import Matching
from archlang.semantics.merge import OPERATORS, Merger
from archlang.semantics.naming import join, kind_of
from archlang.semantics.resolve_unit import resolve
from archlang.semantics.runs import Runs, something
from archlang.semantics.skip_surgery import Pending
from archlang.semantics.surgeon import Surgeon
from archlang.semantics.values import (
    UNKNOWN,
    Closure,
    Env,
    MatchingKind,
    OpKind,
    Repeated,
    SharedLayer,
    Target,
    Unit,
    Value,
    describe,
    is_constant,
    is_layer,
    is_tensors,
    several,
)
from archlang.source import Span
from archlang.syntax import tree

if TYPE_CHECKING:
    from archlang.semantics.expand import Expander


class Applier:
    """Applies layers for an expander."""

    def __init__(self, expander: Expander) -> None:
        self._expander = expander
        self._evaluator = expander.evaluator
        self._naming = expander.naming
        self._weaver = expander.weaver
        self._depth = 0
        self._forms = Forms(expander.evaluator)
        self._surgeon = Surgeon(self, expander)
        self._merger = Merger(self, expander, self._surgeon)
        self._runs = Runs(self, expander, self._merger, self._surgeon)
        self._cases: dict[type, Callable[[Any, Frame, Value, str | None], Value]] = {
            tree.Pipe: self._pipe,
            tree.Branch: self._runs.branch,
            tree.Dense: self._runs.dense,
            tree.Repeat: self._runs.repeat,
            tree.Chain: self._runs.chain,
            tree.Binary: self._binary,
            tree.Conditional: self._conditional,
            tree.ListOf: self._list,
            tree.Matched: self._matched,
            tree.Unary: self._unary,
        }

    # ── expressions ──────────────────────────────────────────────────────────────────────────

    def step(
        self, e: tree.Expression, frame: Frame, name: str | None, *, always_scope: bool = False
    ) -> Value:
        """One step: a tensor, several, or unknown.

        A name goes to the one layer that the step applies; if it applies several, they lie in a
        scope of that name.

        Raises:
            Mistake: it is a constant, or nothing fits.
        """
        if name is not None and self._is_scope(e, frame.env, always_scope):
            return self._named_run(e, frame, name)
        return self._as_step(self._term(e, frame, frame.flow, name), e)

    def _is_scope(self, e: tree.Expression, env: Env, always: bool) -> bool:
        if always:
            return not self._forms.is_unit(e, env)
        return self._forms.is_run(e, env)

    def _as_step(self, value: Value, e: tree.Expression) -> Value:
        if isinstance(value, Pending):
            raise Mistake(MatchOutsideMerge(written=value.written), value.span)
        if isinstance(value, Tensor) or is_tensors(value) or value is UNKNOWN:
            return value
        if not isinstance(value, str):
            raise Mistake(NotALayer(what=describe(value)), e.span)
        near = closest(value, layers(), LAYER_ALIASES)
        parameter = e.id if isinstance(e, tree.Name) else ""
        raise Mistake(NotALayer(describe(value), parameter, near), e.span)

    def branch(self, e: tree.Expression, frame: Frame, name: str | None) -> Value:
        """One line of a `branch`: a step, or a W∘x that is still to be matched to the others.

        Raises:
            Mistake: it is a constant, or nothing fits.
        """
        if name is not None:
            return self.step(e, frame, name)
        value = self._term(e, frame, frame.flow, None)
        return value if isinstance(value, Pending) else self._as_step(value, e)

    def _term(self, e: tree.Expression, frame: Frame, flow: Value, name: str | None) -> Value:
        case = self._cases.get(type(e))
        if case is not None:
            return case(e, frame, flow, name)
        value = self._evaluator.value(e, frame.env)
        if is_layer(value) or isinstance(value, (Matching, MatchingKind)):
            return self.apply(value, flow, frame, e.span, name)
        return value

    def _pipe(self, e: tree.Pipe, frame: Frame, flow: Value, name: str | None) -> Value:
        names: list[str | None] = [None] * len(e.steps)
        if name is not None:
            names[-1] = name
        for step, its_name in zip(e.steps, names, strict=True):
            flow = self._as_step(self._term(step, frame, flow, its_name), step)
        return flow

    def _conditional(
        self, e: tree.Conditional, frame: Frame, flow: Value, name: str | None
    ) -> Value:
        return self._term(self._evaluator.chosen(e, frame.env), frame, flow, name)

    def _list(self, e: tree.ListOf, frame: Frame, flow: Value, name: str | None) -> Value:
        values = tuple(self._term(item, frame, flow, None) for item in e.items)
        return UNKNOWN if any(v is UNKNOWN for v in values) else values

    def _matched(self, e: tree.Matched, frame: Frame, flow: Value, name: str | None) -> Value:
        operator = self._evaluator.value(e.operator, frame.env)
        source = self._as_step(self._term(e.operand, frame, flow, None), e.operand)
        if operator is UNKNOWN or source is UNKNOWN:
            return UNKNOWN
        if not isinstance(source, Tensor):
            problem = SeveralTensors(what="W∘", count=len(several(source)), want="one tensor")
            raise Mistake(problem, e.operand.span)
        matching = self._evaluator.calls.as_matching(operator, frame.env, e.operator.span)
        return Pending(
            matching, source, e.operator.span.text, " ".join(e.span.text.split()), e.span
        )

    def _unary(self, e: tree.Unary, frame: Frame, flow: Value, name: str | None) -> Value:
        if e.operator != "not":
            value = self._term(e.operand, frame, flow, None)
            if isinstance(value, Tensor):
                return value if e.operator == "+" else self._merger.scaled(value, -1, frame, e.span)
        return self._evaluator.value(e, frame.env)

    def _binary(self, e: tree.Binary, frame: Frame, flow: Value, name: str | None) -> Value:
        repeated = self._forms.repetition(e, frame.env)
        if repeated is not None:
            return self.apply(repeated, flow, frame, e.span, name)
        spine = self._spine(e, frame.env)
        operands = [self._term(o, frame, flow, None) for o in spine]
        if any(o is UNKNOWN for o in operands):
            return UNKNOWN
        if all(is_constant(o) for o in operands):
            result = operands[0]
            for operand in operands[1:]:
                result = arithmetic(e.operator, result, operand)
            return result
        return self._merger.merge(
            OPERATORS.get(e.operator), e.operator, operands, frame, e.span, name
        )

    def _spine(self, e: tree.Binary, env: Env) -> list[tree.Expression]:
        """The operands of a chain of one operator: `a + b + c` has three, `2 * Unit * y` two."""
        operands = [e.right]
        left = e.left
        while isinstance(left, tree.Binary) and left.operator == e.operator:
            if self._forms.repetition(left, env) is not None:
                break
            operands.append(left.right)
            left = left.left
        return [left, *reversed(operands)]

    # ── named runs ───────────────────────────────────────────────────────────────────────────

    def _named_run(self, e: tree.Expression, frame: Frame, name: str) -> Value:
        def make(flow: Value) -> Value:
            inner = frame.inside(flow, open_scope(frame, name, "chain", name, e.span))
            if isinstance(e, tree.Chain):
                return self._runs.lines(e.body, inner)
            return self._as_step(self._term(e, inner, flow, None), e)

        return self._surgeon.around(join(frame.scope.path, name), frame.flow, frame, make)

    # ── applying layers ──────────────────────────────────────────────────────────────────────

    def apply(  # noqa: PLR0911  # one case a kind of layer
        self, layer: Value, flow: Value, frame: Frame, span: Span, name: str | None = None
    ) -> Value:
        """Apply a layer to what flows in.

        Raises:
            Mistake: it cannot be applied here.
        """
        if flow is UNKNOWN:
            return self._check_only(layer, frame, span)
        match layer:
            case OpKind():
                op = self._evaluator.calls.bare(layer, frame.env, span)
                return self._op(op, flow, frame, span, name)
            case Op():
                return self._op(layer, flow, frame, span, name)
            case Unit():
                return self._unit(
                    self._evaluator.calls.filled(layer, span), flow, frame, span, name
                )
            case Closure():
                return self._closure(layer, flow, frame, span, name)
            case Repeated():
                return self._runs.repeated(layer, flow, frame, span, name)
            case SharedLayer():
                return self._shared(layer, flow, frame, span)
            case _:
                raise Mistake(MatchOutsideMerge(written=f"{span.text}∘…"), span)

    def _check_only(self, layer: Value, frame: Frame, span: Span) -> Value:
        """What can be said of a layer even where its input is unknown: its arguments."""
        if isinstance(layer, OpKind):
            self._evaluator.calls.bare(layer, frame.env, span)
        elif isinstance(layer, Unit):
            self._evaluator.calls.filled(layer, span)
        return UNKNOWN

    def _op(self, op: Op, flow: Value, frame: Frame, span: Span, name: str | None) -> Value:
        if isinstance(op, Identity) and name is None:
            something(flow, "identity", span)
            return flow
        something(flow, op.name, span)
        chosen = name or self._naming.automatic(frame.scope, op.name)
        path = join(frame.scope.path, chosen)
        if self._surgeon.edits:
            return self._surgeon.around(
                path, flow, frame, lambda x: self._add(op, x, path, frame, span)
            )
        return self._add(op, flow, path, frame, span)

    def _add(self, op: Op, flow: Value, path: str, frame: Frame, span: Span) -> Value:
        inputs = (flow,) if isinstance(flow, Tensor) else flow
        results = self._weaver.add(op, inputs, path, frame.scope, span)
        return results[0] if len(results) == 1 else results

    def _unit(self, unit: Unit, flow: Value, frame: Frame, span: Span, name: str | None) -> Value:
        something(flow, unit.name, span)
        self._deeper(unit.name, span)
        if name is None and frame.scope.kind == "chain":
            name = self._naming.position(frame.scope)
        chosen = name or self._naming.automatic(frame.scope, kind_of(unit.name))

        def make(x: Value) -> Value:
            return self._instance(unit, x, frame, span, chosen)

        self._depth += 1
        try:
            with self._weaver.marking(within=span):
                return self._surgeon.around(join(frame.scope.path, chosen), flow, frame, make)
        finally:
            self._depth -= 1

    def _deeper(self, name: str, span: Span) -> None:
        """Pay for a block or a pipe, and hold it to a depth that no recursion without end keeps."""
        self._weaver.budget.unit(span, self._depth)
        if self._depth >= MAX_NESTING:
            raise LimitReached(TooDeep(name=name, limit=MAX_NESTING), span)

    def _instance(self, unit: Unit, flow: Value, frame: Frame, span: Span, name: str) -> Value:
        try:
            lineage = resolve(unit, self._evaluator)
        except Unresolved:
            return UNKNOWN
        unit, edits = lineage.unit, lineage.edits
        scope = open_scope(
            frame, name, "block", unit.name, span,
            arguments=tuple(unit.arguments.items()), doc=unit.declaration.body.doc,
        )  # fmt: skip
        if not edits:
            return self._expander.body(unit, flow, scope, is_root=False)
        whole = edits.within(scope.path, self._surgeon.edits)
        with self._surgeon.operating(whole):
            return self._expander.body(unit, flow, scope, is_root=False)

    def _closure(
        self, layer: Closure, flow: Value, frame: Frame, span: Span, name: str | None
    ) -> Value:
        something(flow, "this pipe", span)
        self._deeper(span.text, span)
        scope = frame.scope
        if name is not None:
            scope = open_scope(frame, name, "chain", name, span)
        inner = Frame(Env(layer.env), scope, frame.body, flow)
        self._depth += 1
        try:
            with self._weaver.marking(within=span):
                return self._as_step(
                    self._term(layer.expression, inner, flow, None), layer.expression
                )
        finally:
            self._depth -= 1

    def _shared(self, layer: SharedLayer, flow: Value, frame: Frame, span: Span) -> Value:
        """The same path each time, whatever the number of uses."""
        at = Frame(frame.env, layer.scope, frame.body, flow)
        start = len(self._weaver.graph.nodes)
        result = self.apply(layer.layer, flow, at, span, layer.name)
        for node in self._weaver.graph.nodes[start:]:
            self._weaver.check_shared(node)
        return result

    @property
    def reshaped(self) -> bool:
        """Whether surgery may have changed shapes, so that the base's ascriptions do not count."""
        edits = self._surgeon.edits
        return bool(edits.inputs) or edits.moves

    # ── for matching operators ───────────────────────────────────────────────────────────────

    def name_for(self, frame: Frame, kind: str) -> str:
        """The next automatic name of a kind."""
        return self._naming.automatic(frame.scope, kind)

    def put(
        self, op: Op, inputs: tuple[Tensor, ...], name: str, frame: Frame, span: Span
    ) -> Tensor:
        """Add a layer with one result under a name."""
        path = join(frame.scope.path, name)

        def make(x: Value) -> Value:
            first = _one(x, op.name or name, span)
            return self._weaver.add(op, (first, *inputs[1:]), path, frame.scope, span)[0]

        return _one(self._surgeon.around(path, inputs[0], frame, make), op.name or name, span)

    def frozen(self) -> AbstractContextManager[None]:
        """Layers added meanwhile are not trained."""
        return self._weaver.marking(frozen="weights")

    def matching_target(self, layer: Value, target: Target) -> Value:
        """A block with `target` at hand."""
        if isinstance(layer, Unit):
            env = Env(layer.env)
            env.names["target"] = target
            return Unit(layer.declaration, env, layer.arguments, layer.complete)
        return layer


def _one(value: Value, what: str, span: Span) -> Tensor:
    """A single tensor, where edits may have made several of it.

    Raises:
        Mistake: they did.
        Unresolved: a mistake that is reported already left it undefined.
    """
    if value is UNKNOWN:
        raise Unresolved
    if not isinstance(value, Tensor):
        problem = SeveralTensors(what=what, count=len(several(value)), want="one tensor")
        raise Mistake(problem, span)
    return value

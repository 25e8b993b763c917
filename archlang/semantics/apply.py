"""Expressions in the place of a step: layers are applied to what flows in, tensors start anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, cast

from archlang.diagnostics.catalog.graph import (
    MatchOutsideMerge,
    NothingFlows,
    SeveralTensors,
    UnknownMerge,
)
from archlang.diagnostics.catalog.limits import TooDeep
from archlang.diagnostics.catalog.names import NotALayer
from archlang.diagnostics.model import Mistake
from archlang.diagnostics.suggest import closest
from archlang.graph import Scope, ScopeKind, Tensor
from archlang.ops.activation import Identity
from archlang.ops.base import Op
from archlang.ops.merging import Add, Concat, Mean, Multiply
from archlang.semantics.constants import arithmetic
from archlang.semantics.frame import Frame
from archlang.semantics.limits import MAX_NESTING
from archlang.semantics.matching import Matching
from archlang.semantics.merge import OPERATORS, Merger, Pending
from archlang.semantics.naming import join, kind_of
from archlang.semantics.resolve_unit import resolve
from archlang.semantics.surgery import Edit, Edits
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
)
from archlang.source import Span
from archlang.syntax import tree

if TYPE_CHECKING:
    from archlang.semantics.expand import Expander

# Forms of expression that may stand for a number of repetitions.
_MAY_COUNT = (
    tree.Constant,
    tree.Name,
    tree.Binary,
    tree.Call,
    tree.Index,
    tree.Attribute,
    tree.Unary,
    tree.Conditional,
)
MERGES: dict[str, type[Op]] = {
    "concat": Concat,
    "add": Add,
    "mean": Mean,
    "mul": Multiply,
}


class Applier:
    """Applies layers for an expander."""

    def __init__(self, expander: Expander) -> None:
        self._expander = expander
        self._evaluator = expander.evaluator
        self._naming = expander.naming
        self._weaver = expander.weaver
        self._edits = expander.edits
        self._depth = 0
        self._merger = Merger(self, expander)
        self._runs: dict[type, Callable[[Any, Frame, Value, str | None], Value]] = {
            tree.Pipe: self._pipe,
            tree.Branch: self._branch,
            tree.Dense: self._dense,
            tree.Repeat: self._repeat,
            tree.Chain: self._chain,
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
        if name is not None and (always_scope or self._is_run(e, frame.env)):
            if not (always_scope and self._is_unit(e, frame.env)):
                return self._named_run(e, frame, name)
        return self._as_step(self.term(e, frame, name), e)

    def _as_step(self, value: Value, e: tree.Expression) -> Value:
        if isinstance(value, Pending):
            raise Mistake(MatchOutsideMerge(written=value.written), value.span)
        if isinstance(value, Tensor) or is_tensors(value) or value is UNKNOWN:
            return value
        raise Mistake(NotALayer(what=describe(value)), e.span)

    def is_term(self, value: Value) -> bool:
        """Whether a value may stand in a branch: a tensor, or an operand W∘x."""
        return isinstance(value, (Tensor, Pending)) or value is UNKNOWN

    def term(self, e: tree.Expression, frame: Frame, name: str | None = None) -> Value:
        """An operand: a tensor, a number, or a W∘x that is still to be matched."""
        return self._term(e, frame, frame.flow, name)

    def _term(self, e: tree.Expression, frame: Frame, flow: Value, name: str | None) -> Value:
        run = self._runs.get(type(e))
        if run is not None:
            return run(e, frame, flow, name)
        value = self._evaluator.value(e, frame.env)
        if is_layer(value) or isinstance(value, (Matching, MatchingKind)):
            return self.apply(value, flow, frame, e.span, name)
        return value

    def _pipe(self, e: tree.Pipe, frame: Frame, flow: Value, name: str | None) -> Value:
        names = [None] * len(e.steps)
        if name is not None:
            names[-1] = name
        for step, its_name in zip(e.steps, names, strict=True):
            flow = self._as_step(self._term(step, frame, flow, its_name), step)
        return flow

    def _conditional(
        self, e: tree.Conditional, frame: Frame, flow: Value, name: str | None
    ) -> Value:
        chosen = e.then if self._evaluator.truth(e.condition, frame.env) else e.otherwise
        return self._term(chosen, frame, flow, name)

    def _list(self, e: tree.ListOf, frame: Frame, flow: Value, name: str | None) -> Value:
        values = tuple(self._term(item, frame, flow, None) for item in e.items)
        return UNKNOWN if any(v is UNKNOWN for v in values) else values

    def _matched(self, e: tree.Matched, frame: Frame, flow: Value, name: str | None) -> Value:
        operator = self._evaluator.value(e.operator, frame.env)
        source = self._term(e.operand, frame, flow, None)
        if operator is UNKNOWN or source is UNKNOWN:
            return UNKNOWN
        matching = self._evaluator.as_matching(operator, frame.env, e.operator.span)
        return Pending(matching, source, e.operator.span.text, " ".join(e.span.text.split()), e.span)

    def _unary(self, e: tree.Unary, frame: Frame, flow: Value, name: str | None) -> Value:
        if e.operator != "not":
            value = self._term(e.operand, frame, flow, None)
            if isinstance(value, Tensor):
                return value if e.operator == "+" else self._merger.scaled(value, -1, frame, e.span)
        return self._evaluator.value(e, frame.env)

    def _binary(self, e: tree.Binary, frame: Frame, flow: Value, name: str | None) -> Value:
        repeated = self._repetition(e, frame.env)
        if repeated is not None:
            return self.apply(repeated, flow, frame, e.span, name)
        operands = [self._term(o, frame, flow, None) for o in _spine(e)]
        if any(o is UNKNOWN for o in operands):
            return UNKNOWN
        if all(is_constant(o) for o in operands):
            result = operands[0]
            for operand in operands[1:]:
                result = arithmetic(e.operator, result, operand)
            return result
        return self._merger.merge(OPERATORS.get(e.operator), e.operator, operands, frame, e.span, name)

    def _repetition(self, e: tree.Binary, env: Env) -> Repeated | None:
        """`n * Unit`: a whole number times a layer. Whatever else `*` joins is multiplied."""
        if e.operator != "*" or not isinstance(e.left, _MAY_COUNT):
            return None
        try:
            count = self._evaluator.value(e.left, env)
        except Mistake:  # no constant: a tensor or layer, which the merge will look at
            return None
        layer = self._layer(e.right, env) if type(count) is int else None
        return None if layer is None else Repeated(self._evaluator.count(e.left, env), layer)

    def _layer(self, e: tree.Expression, env: Env) -> Value | None:
        """The layer an expression stands for; None if it is no layer by itself."""
        if isinstance(e, tree.Pipe):
            return Closure(e, env) if self._layer(e.steps[0], env) is not None else None
        if isinstance(e, (tree.Branch, tree.Dense, tree.Repeat, tree.Chain)):
            return Closure(e, env)
        if isinstance(e, tree.Binary):
            return self._repetition(e, env)
        if not isinstance(e, (tree.Name, tree.Call, tree.Index, tree.Conditional)):
            return None
        value = self._evaluator.value(e, env)
        return value if is_layer(value) else None

    # ── names of runs ────────────────────────────────────────────────────────────────────────

    def _is_run(self, e: tree.Expression, env: Env) -> bool:
        """Whether a step applies several layers, so that its name is a scope."""
        match e:
            case tree.Pipe():
                steps = [s for s in e.steps if not self._is_tensor(s, env)]
                return len(steps) != 1 or self._is_run(steps[0], env)
            case tree.Chain() | tree.Branch():
                return True
            case tree.Binary():
                return self._repetition(e, env) is None
            case tree.Conditional():
                return self._is_run(
                    e.then if self._evaluator.truth(e.condition, env) else e.otherwise, env
                )
            case tree.Name() | tree.Call():
                return isinstance(self._evaluator.value(e, env), Closure)
            case _:
                return False

    def _is_unit(self, e: tree.Expression, env: Env) -> bool:
        if isinstance(e, tree.Pipe):
            steps = [s for s in e.steps if not self._is_tensor(s, env)]
            return len(steps) == 1 and self._is_unit(steps[0], env)
        return isinstance(self._layer(e, env), (Unit, Repeated))

    def _is_tensor(self, e: tree.Expression, env: Env) -> bool:
        if isinstance(e, (tree.Name, tree.Index)):
            value = self._evaluator.value(e, env)
            return isinstance(value, Tensor) or is_tensors(value) or value is UNKNOWN
        return isinstance(e, tree.ListOf)

    def _named_run(self, e: tree.Expression, frame: Frame, name: str) -> Value:
        def make(flow: Value) -> Value:
            scope = self.scope(frame, name, "chain", name, e.span)
            inner = frame.inside(flow, scope)
            if isinstance(e, tree.Chain):
                return self._lines(e.body, inner)
            return self._as_step(self._term(e, inner, flow, None), e)

        return self._edited(join(frame.scope.path, name), frame.flow, frame, make)

    def scope(
        self, frame: Frame, name: str, kind: ScopeKind, title: str, span: Span, **details: Any
    ) -> Scope:
        """A scope one level down, known to its parent."""
        path = join(frame.scope.path, name)
        scope = Scope(path, kind, title, span, frame.scope, **details)
        frame.scope.children.append(scope)
        return scope

    # ── applying layers ──────────────────────────────────────────────────────────────────────

    def apply(
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
                op = self._evaluator.bare(layer, frame.env, span)
                return self._op(op, flow, frame, span, name)
            case Op():
                return self._op(layer, flow, frame, span, name)
            case Unit():
                return self._unit(self._evaluator.filled(layer, span), flow, frame, span, name)
            case Closure():
                return self._closure(layer, flow, frame, span, name)
            case Repeated():
                return self._repeated(layer, flow, frame, span, name)
            case SharedLayer():
                return self._shared(layer, flow, frame, span)
            case _:
                raise Mistake(MatchOutsideMerge(written=f"{span.text}∘…"), span)

    def _check_only(self, layer: Value, frame: Frame, span: Span) -> Value:
        """What can be said of a layer even where its input is unknown: its arguments."""
        if isinstance(layer, OpKind):
            self._evaluator.bare(layer, frame.env, span)
        elif isinstance(layer, Unit):
            self._evaluator.filled(layer, span)
        return UNKNOWN

    def _op(self, op: Op, flow: Value, frame: Frame, span: Span, name: str | None) -> Value:
        if isinstance(op, Identity) and name is None:
            self._something(flow, "identity", span)
            return flow
        self._something(flow, op.name, span)
        chosen = name or self._naming.automatic(frame.scope, op.name)
        path = join(frame.scope.path, chosen)
        if self._edits.moves:
            return self._edited(
                path, flow, frame, lambda x: self._add(op, x, path, frame, span)
            )
        return self._add(op, flow, path, frame, span)

    def _add(self, op: Op, flow: Value, path: str, frame: Frame, span: Span) -> Value:
        inputs = (flow,) if isinstance(flow, Tensor) else flow
        results = self._weaver.add(op, inputs, path, frame.scope, span)
        return results[0] if len(results) == 1 else results

    def _something(self, flow: Value, what: str, span: Span) -> None:
        if flow is None:
            raise Mistake(NothingFlows(what=what), span)

    def _unit(self, unit: Unit, flow: Value, frame: Frame, span: Span, name: str | None) -> Value:
        self._something(flow, unit.name, span)
        if self._depth >= MAX_NESTING:
            raise Mistake(TooDeep(name=unit.name, limit=MAX_NESTING), span)
        if name is None and frame.scope.kind == "chain":
            name = self._naming.position(frame.scope)
        name = name or self._naming.automatic(frame.scope, kind_of(unit.name))

        def make(x: Value) -> Value:
            return self._instance(unit, x, frame, span, cast(str, name))

        self._depth += 1
        try:
            return self._edited(join(frame.scope.path, name), flow, frame, make)
        finally:
            self._depth -= 1

    def _instance(self, unit: Unit, flow: Value, frame: Frame, span: Span, name: str) -> Value:
        unit, edits = resolve(unit, self._evaluator)
        scope = self.scope(
            frame, name, "block", unit.name, span,
            arguments=tuple(unit.arguments.items()), doc=unit.declaration.body.doc,
        )  # fmt: skip
        if not edits:
            return self._expander.body(unit, flow, scope, is_root=False)
        with self._operating(edits.below(scope.path)):
            return self._expander.body(unit, flow, scope, is_root=False)

    @contextmanager
    def _operating(self, edits: Edits) -> Iterator[None]:
        """Put other edits in force: those of a derived network that serves as a part."""
        before = self._edits
        self._edits = self._weaver.edits = edits
        try:
            yield
        finally:
            self._edits = self._weaver.edits = before
            edits.report_unused(self._expander.sink)

    def _closure(
        self, layer: Closure, flow: Value, frame: Frame, span: Span, name: str | None
    ) -> Value:
        self._something(flow, "this pipe", span)
        scope = frame.scope
        if name is not None:
            scope = self.scope(frame, name, "chain", name, span)
        inner = Frame(Env(layer.env), scope, frame.body, flow)
        return self._as_step(self._term(layer.expression, inner, flow, None), layer.expression)

    def _repeated(
        self, layer: Repeated, flow: Value, frame: Frame, span: Span, name: str | None
    ) -> Value:
        self._something(flow, "this repetition", span)
        unit = layer.layer
        if name is None and frame.scope.kind == "chain" and isinstance(unit, Unit):
            return self._times(layer.count, flow, span, lambda x, _: self.apply(unit, x, frame, span))
        name = name or self._naming.automatic(frame.scope, _kind_of_layer(unit))

        def make(x: Value) -> Value:
            scope = self.scope(frame, cast(str, name), "repeat", _title(unit), span)
            inner = frame.inside(x, scope)
            return self._times(
                layer.count, x, span, lambda y, i: self.apply(unit, y, inner, span, str(i))
            )

        return self._edited(join(frame.scope.path, name), flow, frame, make)

    def _times(
        self, count: int, flow: Value, span: Span, once: Callable[[Value, int], Value]
    ) -> Value:
        """Do something `count` times in a row; what the first time costs tells whether it may."""
        budget = self._weaver.budget
        budget.rounds(count, span)
        for i in range(count):
            before = budget.layers
            flow = once(flow, i)
            if i == 0:
                budget.expect((count - 1) * (budget.layers - before), span)
            if flow is UNKNOWN:
                break
        return flow

    def _shared(self, layer: SharedLayer, flow: Value, frame: Frame, span: Span) -> Value:
        """The same path each time, whatever the number of uses."""
        at = Frame(frame.env, layer.scope, frame.body, flow)
        start = len(self._weaver.graph.nodes)
        result = self.apply(layer.layer, flow, at, span, layer.name)
        for node in self._weaver.graph.nodes[start:]:
            self._weaver.check_shared(node)
        return result

    # ── runs of lines ────────────────────────────────────────────────────────────────────────

    def _lines(self, suite: tree.Suite, frame: Frame) -> Value:
        self._expander.suite(suite, frame)
        return frame.flow

    def _chain(self, e: tree.Chain, frame: Frame, flow: Value, name: str | None) -> Value:
        if name is not None:
            scope = self.scope(frame, name, "chain", name, e.span)
            return self._lines(e.body, frame.inside(flow, scope))
        return self._lines(e.body, frame.inside(flow))

    def _branch(self, e: tree.Branch, frame: Frame, flow: Value, name: str | None) -> Value:
        kind = e.merge or "concat"
        if kind not in MERGES:
            raise Mistake(UnknownMerge(name=kind, suggestion=closest(kind, MERGES)), e.span)
        self._something(flow, "branch", e.span)
        results: list[Value] = []
        self._expander.suite(e.body, frame.inside(flow, branches=results))
        if flow is UNKNOWN or not results or any(r is UNKNOWN for r in results):
            return UNKNOWN
        for result in results:
            if is_tensors(result):
                problem = SeveralTensors(what="a branch", count=len(result), want="one tensor")
                raise Mistake(problem, e.span)
        op = MERGES[kind]
        return self._merger.merge(op, getattr(op, "symbol", ""), results, frame, e.span, None)

    def _repeat(self, e: tree.Repeat, frame: Frame, flow: Value, name: str | None) -> Value:
        count = self._evaluator.count(e.count, frame.env)
        self._something(flow, "repeat", e.span)
        name = name or self._naming.automatic(frame.scope, "repeat")

        def make(x: Value) -> Value:
            scope = self.scope(frame, cast(str, name), "repeat", "repeat", e.span)
            outer = frame.inside(x, scope)

            def once(y: Value, i: int) -> Value:
                return self._lines(e.body, outer.inside(y, self._round(outer, i, e.span)))

            return self._times(count, x, e.span, once)

        return self._edited(join(frame.scope.path, name), flow, frame, make)

    def _dense(self, e: tree.Dense, frame: Frame, flow: Value, name: str | None) -> Value:
        count = self._evaluator.count(e.count, frame.env)
        self._something(flow, "dense", e.span)
        name = name or self._naming.automatic(frame.scope, "dense")

        def make(x: Value) -> Value:
            scope = self.scope(frame, cast(str, name), "dense", "dense", e.span)
            outer = frame.inside(x, scope)
            features: list[Value] = [x]

            def once(_: Value, i: int) -> Value:
                self._weaver.budget.rounds(len(features), e.span)
                joined = self._joined(features, outer, e.span)
                result = self._lines(e.body, outer.inside(joined, self._round(outer, i, e.span)))
                features.append(result)
                return result

            last = self._times(count, x, e.span, once)
            return UNKNOWN if last is UNKNOWN else self._joined(features, outer, e.span)

        return self._edited(join(frame.scope.path, name), flow, frame, make)

    def _joined(self, features: list[Value], frame: Frame, span: Span) -> Value:
        if len(features) == 1:
            return features[0]
        return self._merger.merge(Concat, "++", list(features), frame, span, None)

    def _round(self, frame: Frame, i: int, span: Span) -> Scope:
        return self.scope(frame, str(i), "round", str(i), span)

    # ── surgery ──────────────────────────────────────────────────────────────────────────────

    def _edited(
        self, path: str, flow: Value, frame: Frame, make: Callable[[Value], Value]
    ) -> Value:
        """Make what stands at a path, with the edits of a derived network around it."""
        if not self._edits:
            return make(flow)
        self._edits.see(path)
        if not self._edits.moves:
            return make(flow)
        for edit in self._edits.inserted(path, after=False):
            flow = self._put(edit, f"before_{path.rpartition('.')[2]}", flow, frame)
        replacement = self._edits.replaces(path)
        if replacement is not None:
            flow = self._put(replacement, path.rpartition(".")[2], flow, frame)
        elif not self._edits.removes(path):
            flow = make(flow)
        for edit in self._edits.inserted(path, after=True):
            flow = self._put(edit, f"after_{path.rpartition('.')[2]}", flow, frame)
        return flow

    def _put(self, edit: Edit, name: str, flow: Value, frame: Frame) -> Value:
        """Run the lines of an edit under a name; a single layer carries the name itself."""
        with self._edits.resting():
            at = Frame(Env(edit.env), frame.scope, frame.body, flow)
            lines = edit.body.statements
            if len(lines) == 1 and isinstance(lines[0], tree.Step) and not lines[0].targets:
                return self.step(lines[0].value, at, name)
            scope = self.scope(frame, name, "chain", name, edit.pattern.span)
            return self._lines(edit.body, at.inside(flow, scope))

    # ── for matching operators ───────────────────────────────────────────────────────────────

    def name_for(self, frame: Frame, kind: str) -> str:
        """The next automatic name of a kind."""
        return self._naming.automatic(frame.scope, kind)

    def put(
        self, op: Op, inputs: tuple[Tensor, ...], name: str, frame: Frame, span: Span
    ) -> Tensor:
        """Add a layer with one result under a name."""
        path = join(frame.scope.path, name)
        return self._weaver.add(op, inputs, path, frame.scope, span)[0]

    def frozen(self) -> AbstractContextManager[None]:
        """Layers added meanwhile are not trained."""
        return self._weaver.marking(frozen=True)

    def matching_target(self, layer: Value, target: Target) -> Value:
        """A block with `target` at hand."""
        if isinstance(layer, Unit):
            env = Env(layer.env)
            env.names["target"] = target
            return Unit(layer.declaration, env, layer.arguments, layer.complete)
        return layer


def _spine(e: tree.Binary) -> list[tree.Expression]:
    """The operands of a chain of one operator: `a + b + c` has three."""
    operands: list[tree.Expression] = []
    left: tree.Expression = e
    while isinstance(left, tree.Binary) and left.operator == e.operator:
        operands.append(left.right)
        left = left.left
    return [left, *reversed(operands)]


def _kind_of_layer(layer: Value) -> str:
    match layer:
        case OpKind():
            return layer.op.name
        case Op():
            return layer.name
        case Unit():
            return kind_of(layer.name)
        case _:
            return "repeat"


def _title(layer: Value) -> str:
    return layer.name if isinstance(layer, Unit) else _kind_of_layer(layer)

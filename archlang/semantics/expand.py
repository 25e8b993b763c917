"""Bodies to nodes: runs the statements of a block or network, line after line.

Each statement is run by itself: a mistake in one is reported, what it would have made is unknown
from then on, and the rest is still checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from archlang.diagnostics.catalog.arguments import BadUnpacking, MissingArgument
from archlang.diagnostics.catalog.graph import (
    EmptyBody,
    NoInput,
    SeveralTensors,
)
from archlang.diagnostics.catalog.names import (
    BoundTwice,
    UnknownAttribute,
    UnknownLayer,
    UnknownName,
)
from archlang.diagnostics.catalog.shapes import AscriptionDiffers
from archlang.diagnostics.catalog.syntax import MisplacedStatement
from archlang.diagnostics.model import Diagnostics, Label, Mistake
from archlang.graph import Graph, Output, Scope, Tensor
from archlang.semantics.apply import Applier
from archlang.semantics.assertions import Assertions
from archlang.semantics.builtins import what_is
from archlang.semantics.evaluate import Evaluator
from archlang.semantics.frame import Body, Frame
from archlang.semantics.kept import Kept, kept_in
from archlang.semantics.limits import (
    MAX_MISTAKES,
    Budget,
    LimitReached,
    TooManyMistakes,
    Unresolved,
)
from archlang.semantics.naming import Naming
from archlang.semantics.ports import Ports, arriving
from archlang.semantics.resolve_unit import parameters
from archlang.semantics.skip_surgery import SkipSurgeon
from archlang.semantics.surgery import Edits
from archlang.semantics.values import (
    UNKNOWN,
    Declaration,
    Env,
    Function,
    Indexed,
    SharedLayer,
    Unit,
    Value,
    is_layer,
    is_tensors,
    several,
)
from archlang.semantics.weave import Weaver
from archlang.semantics.workshop import Workshop
from archlang.syntax import tree
from archlang.syntax.walk import walk

_HALF_TYPED = (MissingArgument, UnknownName, UnknownLayer, UnknownAttribute)
"""What is wrong with a line while a word in it is typed."""


class Witness(Protocol):
    """Sees a network while it is expanded, also where a mistake keeps it from being whole."""

    def begun(self, graph: Graph) -> None:
        """The graph, to which nodes come from now on."""
        ...

    def step(
        self, statement: tree.Step | tree.Input | tree.Output, value: Value, scope: Scope
    ) -> None:
        """What a line gave: a tensor, several, or what is unknown."""
        ...

    def passes_over(self) -> bool:
        """Whether a line that cannot be read lets through what flows in; else that is unknown."""
        ...


class Expander:
    """Expands one network into a graph."""

    def __init__(
        self,
        graph: Graph,
        sink: Diagnostics,
        edits: Edits,
        workshop: Workshop,
        as_declared: bool,
        witness: Witness | None = None,
    ) -> None:
        self.graph = graph
        self.witness = witness
        self.sink = sink
        self.edits = edits
        self.budget = Budget()
        self.evaluator = Evaluator(self.budget, workshop)
        self.naming = Naming()
        self.weaver = Weaver(graph, self.budget, edits, workshop)
        self.assertions = Assertions(self.evaluator, sink, as_declared)
        self.skips = SkipSurgeon(self)
        self.applier = Applier(self)
        self._ports = Ports(self)
        self._kept_in: dict[int, Kept] = {}
        """Suites by their ids, with the names that their lines keep."""
        self.discarded: set[tuple[int, int]] = set()
        """(node, port) of results that the spec does not want: `a, _ = split(2)`."""
        self.kept: dict[tuple[int, int], str] = {}
        """(node, port) of results, with the names that they were kept under."""
        self.complete = True
        """Whether no statement failed, so that the graph is whole."""
        self._cases: dict[type, Callable[[Any, Frame], None]] = {
            tree.Step: self._step,
            tree.Let: self._let,
            tree.For: self._for,
            tree.If: self._if,
            tree.Input: self._ports.input,
            tree.Output: self._ports.output,
            tree.Default: self._default,
            tree.Assert: self._assert,
            tree.Shared: self._shared,
            tree.Weights: self._weights,
        }

    # ── bodies ───────────────────────────────────────────────────────────────────────────────

    def body(self, unit: Unit, flow: Value, scope: Scope, is_root: bool) -> Value:
        """Run the body of a block or network on what flows in; what flows out."""
        declaration = unit.declaration
        env = parameters(unit, self.evaluator)
        if not is_root:
            env.names["x"] = flow
        body = Body(env, declaration, is_root)
        if not is_root:
            body.arriving = arriving(unit, flow, scope)
        if is_root and not _has_input(declaration.body):
            self._report_no_input(declaration)
            flow = env.names["x"] = UNKNOWN
        frame = Frame(env, scope, body, flow)
        self.suite(declaration.body, frame)
        if not body.stepped and frame.flow is not UNKNOWN:
            raise Mistake(EmptyBody(what=declaration.name.id), declaration.span)
        if body.outputs:
            values = [value for _, value, _ in body.outputs]
            return values[0] if len(values) == 1 else tuple(values)
        if is_root:
            self._main_output(frame.flow, declaration)
        return frame.flow

    def _report_no_input(self, declaration: Declaration) -> None:
        self.sink.report(NoInput(network=declaration.name.id), declaration.span)
        self.complete = False

    def _main_output(self, flow: Value, declaration: Declaration) -> None:
        """Without an `output` line, what flows last is the network's output."""
        span = (declaration.body.statements or (declaration,))[-1].span
        if isinstance(flow, Tensor):
            self.graph.outputs.insert(0, Output("output", flow, span))
        elif is_tensors(flow):
            problem = SeveralTensors(what="the output", count=len(flow), want="one tensor")
            self.sink.report(problem, span)
            self.complete = False

    def suite(self, suite: tree.Suite, frame: Frame) -> None:
        """Run the lines of a suite; mistakes are reported and the rest goes on."""
        if id(suite) not in self._kept_in:
            self._kept_in[id(suite)] = kept_in(suite)
        self.naming.reserve(frame.scope, self._kept_in[id(suite)])
        for statement in suite.statements:
            self.statement(statement, frame)

    def statement(self, statement: tree.Statement, frame: Frame) -> None:
        """Run one line."""
        case = self._cases.get(type(statement))
        try:
            if case is None:
                reason = "only a derived network (network A from B:) can be operated on"
                raise Mistake(MisplacedStatement(tree.word(statement), reason), statement.span)
            case(statement, frame)
        except LimitReached:
            raise
        except Unresolved:
            self._leave_undefined(statement, frame)
        except Mistake as mistake:
            self._report(mistake, statement, frame)
            if isinstance(mistake.problem, _HALF_TYPED) and self._passed_over(statement, frame):
                self.complete = False
            else:
                self._leave_undefined(statement, frame)

    def _report(self, mistake: Mistake, statement: tree.Statement, frame: Frame) -> None:
        at = mistake.at or statement.span
        unit, secondary = frame.scope.unit, mistake.secondary
        shapes = mistake.problem.code.startswith("E04")
        if shapes and unit.kind == "block" and unit.span and unit.span != at:
            secondary = (*secondary, Label(unit.span, f"{unit.name} is used here"))
        self.sink.report(mistake.problem, at, secondary, mistake.fix)
        if len(self.sink) >= MAX_MISTAKES:
            raise TooManyMistakes

    def _leave_undefined(self, statement: tree.Statement, frame: Frame) -> None:
        """What a statement would have made is unknown from here on, silently."""
        self.complete &= isinstance(statement, tree.Assert)
        for part in walk(statement) if isinstance(statement, (tree.If, tree.For)) else [statement]:
            if isinstance(part, tree.Step):
                self._bind_unknown(part.targets, frame)
            elif isinstance(part, tree.Input):
                names = part.names if part.shape else (tree.Name(part.span, "x"),)
                self._bind_unknown(names, frame)
            elif isinstance(part, (tree.Let, tree.Shared)):
                frame.env.names.setdefault(part.name.id, UNKNOWN)
            elif isinstance(part, tree.Output) and isinstance(part.target, tree.Name):
                frame.env.names.setdefault(part.target.id, UNKNOWN)
        if not isinstance(statement, (tree.Assert, tree.Let, tree.Default, tree.Shared)):
            frame.flow = UNKNOWN
            frame.body.stepped = True
            if frame.branches is not None:
                frame.branches.append(UNKNOWN)

    def _passed_over(self, statement: tree.Statement, frame: Frame) -> bool:
        """Whether a line is taken as if it were not there, but for its names."""
        if not isinstance(statement, tree.Step) or frame.branches is not None:
            return False
        if self.witness is None or not self.witness.passes_over():
            return False
        self._bind_unknown(statement.targets, frame)
        return True

    def _bind_unknown(self, targets: tuple[tree.Expression, ...], frame: Frame) -> None:
        for target in targets:
            if isinstance(target, tree.Name):
                frame.env.names[target.id] = UNKNOWN
            else:
                base = target
                while isinstance(base, tree.Index):
                    base = base.value
                if isinstance(base, tree.Name):
                    frame.body.env.names[base.id] = UNKNOWN

    # ── steps ────────────────────────────────────────────────────────────────────────────────

    def _step(self, s: tree.Step, frame: Frame) -> None:
        if isinstance(s.value, tree.Unread) and self._passed_over(s, frame):
            return
        name = self._name_of(s, frame)
        if frame.branches is None:
            value = self.applier.step(s.value, frame, name)
        else:
            value = self.applier.branch(s.value, frame, name)
            frame.branches.append(value)
        frame.body.stepped = True
        if value is UNKNOWN:
            self.complete = False
        if self.witness is not None:
            self.witness.step(s, value, frame.scope)
        self._ascribe(s, value, frame)
        if s.targets:
            self._keep(s, value, frame)
        if frame.branches is None:
            frame.flow = value

    def _name_of(self, s: tree.Step, frame: Frame) -> str | None:
        """The path component that a binding gives; several names give none."""
        if len(s.targets) != 1:
            return None
        target = s.targets[0]
        if isinstance(target, tree.Name):
            if target.id == "_":
                return None
            if target.id in frame.env.names:
                raise Mistake(BoundTwice(name=target.id), target.span)
            if not self.makes_layers(s.value, frame):
                return None
            if frame.rounds:
                return self.naming.automatic(frame.scope, target.id)
            self.naming.claim(frame.scope, target.id, target.span)
            return target.id
        base, index = self._index_of(target, frame)
        name = base + ".".join(map(str, index))
        self.naming.claim(
            frame.scope, name.partition(".")[0] if len(index) < 2 else name, target.span
        )
        return name

    def makes_layers(self, value: tree.Expression, frame: Frame) -> bool:
        """Whether a binding makes anything of its own; `Y = x` only gives a second name."""
        if not isinstance(value, tree.Name):
            return True
        return not isinstance(frame.env.find(value.id), Tensor)

    def _index_of(self, target: tree.Expression, frame: Frame) -> tuple[str, tuple[int, ...]]:
        index: list[int] = []
        while isinstance(target, tree.Index):
            index.insert(0, self.evaluator.count(target.index, frame.env))
            target = target.value
        assert isinstance(target, tree.Name)
        return target.id, tuple(index)

    def _ascribe(self, s: tree.Step, value: Value, frame: Frame) -> None:
        if s.ascription is None or value is UNKNOWN or self.applier.reshaped:
            return
        said = self.evaluator.shape(s.ascription, frame.env)
        got = value.shape if isinstance(value, Tensor) else None
        if got is None:
            count = len(several(value))
            raise Mistake(
                SeveralTensors(what=": shape", count=count, want="one"), s.ascription.span
            )
        if said is not None and said != got:
            made = Label(s.value.span, "gives " + "x".join(map(str, got)))
            raise Mistake(AscriptionDiffers(said=said, got=got), s.ascription.span, [made])

    def _keep(self, s: tree.Step, value: Value, frame: Frame) -> None:
        values = [value]
        if len(s.targets) > 1:
            values = [UNKNOWN] * len(s.targets) if value is UNKNOWN else several(value)
            if len(values) != len(s.targets):
                tensors = f"{len(values)} tensor{'' if len(values) == 1 else 's'}"
                raise Mistake(BadUnpacking(names=len(s.targets), values=tensors), s.span)
        for target, item in zip(s.targets, values, strict=True):
            self._keep_one(target, item, frame)

    def _keep_name(self, target: tree.Name, value: Value, frame: Frame) -> None:
        if target.id == "_":
            if isinstance(value, Tensor):
                self.discarded.add((value.node, value.port))
            return
        if target.id in frame.env.names:
            raise Mistake(BoundTwice(name=target.id), target.span)
        frame.env.names[target.id] = value
        if isinstance(value, Tensor):
            self.kept.setdefault((value.node, value.port), target.id)

    def _keep_one(self, target: tree.Expression, value: Value, frame: Frame) -> None:
        if isinstance(target, tree.Name):
            self._keep_name(target, value, frame)
            return
        base, index = self._index_of(target, frame)
        indexed = frame.body.env.names.setdefault(base, Indexed(base))
        if indexed is UNKNOWN:
            return
        if not isinstance(indexed, Indexed) or index in indexed.tensors:
            raise Mistake(BoundTwice(name=target.span.text), target.span)
        indexed.tensors[index] = value

    # ── the rest ─────────────────────────────────────────────────────────────────────────────

    def _let(self, s: tree.Let, frame: Frame) -> None:
        if s.name.id in frame.env.names:
            raise Mistake(BoundTwice(name=s.name.id), s.name.span)
        if what_is(s.name.id) is not None:
            return  # it keeps its meaning; that this is a mistake was reported with the names
        frame.env.names[s.name.id] = let_value(s, frame.env, self.evaluator)

    def _for(self, s: tree.For, frame: Frame) -> None:
        for turn, value in enumerate(self.evaluator.items(s.over, frame.env)):
            inner = frame.inside(frame.flow, branches=frame.branches)
            inner.rounds = True
            for name, item in self.evaluator.unpack(s.targets, value):
                inner.env.names[name.id] = item
            inner.env = Env(inner.env)
            # a plain value says better than a count which round it is: `range(skip, 3)`
            which = value if isinstance(value, (int, str)) else f"round {turn}"
            with self.weaver.marking(within=which):
                self.suite(s.body, inner)
            frame.flow = inner.flow

    def _if(self, s: tree.If, frame: Frame) -> None:
        for condition, suite in s.arms:
            if condition is None or self.evaluator.truth(condition, frame.env):
                self.suite(suite, frame)
                return

    def _default(self, s: tree.Default, frame: Frame) -> None:
        set_default(s, frame.env, self.evaluator)

    def _assert(self, s: tree.Assert, frame: Frame) -> None:
        self.assertions.check_or_defer(s, frame.env, frame.body.is_root)

    def _weights(self, s: tree.Weights, frame: Frame) -> None:
        """They were read beforehand; here it is only seen that the line stands where it can."""
        declaration = frame.body.declaration
        if not isinstance(declaration, tree.Network) or s not in declaration.body.statements:
            reason = "a network declares its weights, among its own lines"
            raise Mistake(MisplacedStatement(statement="weights", reason=reason), s.span)

    def _shared(self, s: tree.Shared, frame: Frame) -> None:
        layer = self.evaluator.value(s.value, frame.env)
        if s.name.id in frame.env.names:
            raise Mistake(BoundTwice(name=s.name.id), s.name.span)
        if not is_layer(layer) and layer is not UNKNOWN:
            reason = "shared names a layer: shared name = conv(64)"
            raise Mistake(MisplacedStatement(statement="shared", reason=reason), s.value.span)
        name = s.name.id
        if frame.rounds:
            name = self.naming.automatic(frame.scope, name)
        else:
            self.naming.claim(frame.scope, name, s.name.span)
        shared = SharedLayer(name, layer, frame.scope, s.span)
        frame.env.names[s.name.id] = UNKNOWN if layer is UNKNOWN else shared


def _has_input(suite: tree.Suite) -> bool:
    if any(isinstance(s, tree.Input) for s in suite.statements):
        return True
    return any(isinstance(node, tree.Input) for node in walk(suite))


def let_value(s: tree.Let, env: Env, evaluator: Evaluator) -> Value:
    """What a `let` binds its name to."""
    if s.parameters is not None:
        return Function(s.name.id, s.parameters, s.value, env)
    return evaluator.value(s.value, env)


def set_default(s: tree.Default, env: Env, evaluator: Evaluator) -> None:
    """Set arguments of a layer for the rest of a scope."""
    name, arguments = evaluator.calls.default(s.call, env)
    env.defaults = {**env.defaults, name: {**env.defaults.get(name, {}), **arguments}}

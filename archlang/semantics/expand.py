"""Bodies to nodes: runs the statements of a block or network, line after line.

Each statement is run by itself: a mistake in one is reported, what it would have made is unknown
from then on, and the rest is still checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archlang.diagnostics.catalog.arguments import BadUnpacking
from archlang.diagnostics.catalog.graph import (
    EmptyBody,
    OutputTwice,
    SeveralTensors,
)
from archlang.diagnostics.catalog.names import BoundTwice
from archlang.diagnostics.catalog.shapes import AscriptionDiffers, InputShape
from archlang.diagnostics.catalog.syntax import MisplacedStatement
from archlang.diagnostics.model import Diagnostics, Label, Mistake
from archlang.graph import Graph, Output, Scope, Tensor
from archlang.ops.merging import InputOp
from archlang.semantics.apply import Applier
from archlang.semantics.assertions import Assertions
from archlang.semantics.evaluate import Evaluator
from archlang.semantics.frame import Body, Frame, kept_names
from archlang.semantics.limits import Budget, LimitReached
from archlang.semantics.naming import Naming
from archlang.semantics.resolve_unit import parameters
from archlang.semantics.surgery import Edits
from archlang.semantics.values import (
    UNKNOWN,
    Env,
    Function,
    Indexed,
    SharedLayer,
    TrainingName,
    Unit,
    Value,
    is_layer,
    is_tensors,
)
from archlang.semantics.weave import Weaver
from archlang.source import Span
from archlang.syntax import tree


class Expander:
    """Expands one network into a graph."""

    def __init__(self, graph: Graph, sink: Diagnostics, edits: Edits, as_declared: bool) -> None:
        self.graph = graph
        self.sink = sink
        self.edits = edits
        self.budget = Budget()
        self.evaluator = Evaluator(self.budget)
        self.naming = Naming()
        self.weaver = Weaver(graph, self.budget, edits)
        self.assertions = Assertions(self.evaluator, sink, as_declared)
        self.applier = Applier(self)
        self.complete = True
        """Whether no statement failed, so that the graph is whole."""
        self._cases: dict[type, Callable[[Any, Frame], None]] = {
            tree.Step: self._step,
            tree.Let: self._let,
            tree.For: self._for,
            tree.If: self._if,
            tree.Input: self._input,
            tree.Output: self._output,
            tree.Default: self._default,
            tree.Assert: self._assert,
            tree.Shared: self._shared,
        }

    # ── bodies ───────────────────────────────────────────────────────────────────────────────

    def body(self, unit: Unit, flow: Value, scope: Scope, is_root: bool) -> Value:
        """Run the body of a block or network on what flows in; what flows out."""
        declaration = unit.declaration
        env = parameters(unit, self.evaluator)
        if not is_root:
            env.names["x"] = flow
        body = Body(env, is_root)
        self.naming.reserve(scope, kept_names(declaration.body))
        frame = Frame(env, scope, body, flow)
        self.suite(declaration.body, frame)
        if not body.stepped and frame.flow is not UNKNOWN:
            raise Mistake(EmptyBody(what=declaration.name.id), declaration.span)
        if body.outputs:
            values = [value for _, value, _ in body.outputs]
            return values[0] if len(values) == 1 else tuple(values)
        if is_root and not is_tensors(frame.flow):
            self._main_output(frame.flow, declaration.body.statements[-1].span)
        return frame.flow

    def _main_output(self, flow: Value, span: Span) -> None:
        if isinstance(flow, Tensor):
            self.graph.outputs.insert(0, Output("output", flow, span))

    def suite(self, suite: tree.Suite, frame: Frame) -> None:
        """Run the lines of a suite; mistakes are reported and the rest goes on."""
        for statement in suite.statements:
            self.statement(statement, frame)

    def statement(self, statement: tree.Statement, frame: Frame) -> None:
        """Run one line."""
        case = self._cases.get(type(statement))
        try:
            if case is None:
                word = type(statement).__name__.lower()
                reason = "only a derived network (network A from B:) can be operated on"
                raise Mistake(MisplacedStatement(statement=word, reason=reason), statement.span)
            case(statement, frame)
        except LimitReached:
            raise
        except Mistake as mistake:
            self._report(mistake, statement, frame)

    def _report(self, mistake: Mistake, statement: tree.Statement, frame: Frame) -> None:
        unit = frame.scope.unit
        secondary = mistake.secondary
        if unit.kind == "block" and unit.span and mistake.problem.code.startswith("E04"):
            secondary = (*secondary, Label(unit.span, f"{unit.name} is used here"))
        at = mistake.at or statement.span
        self.sink.report(mistake.problem, at, secondary, mistake.fix)
        self.complete = False
        if isinstance(statement, tree.Step):
            self._bind_unknown(statement.targets, frame)
        elif isinstance(statement, (tree.Let, tree.Shared)):
            frame.env.names.setdefault(statement.name.id, UNKNOWN)
        if not isinstance(statement, (tree.Assert, tree.Let, tree.Default, tree.Shared)):
            frame.flow = UNKNOWN
            frame.body.stepped = True

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
        name = self._name_of(s, frame)
        if frame.branches is None:
            value = self.applier.step(s.value, frame, name)
        else:
            value = self.applier.term(s.value, frame, name)
            if not self.applier.is_term(value):
                value = self.applier.step(s.value, frame, name)
            frame.branches.append(value)
        frame.body.stepped = True
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
            if target.id in frame.env.names:
                raise Mistake(BoundTwice(name=target.id), target.span)
            if not self._makes_layers(s.value, frame):
                return None
            if frame.rounds:
                return self.naming.automatic(frame.scope, target.id)
            self.naming.claim(frame.scope, target.id, target.span)
            return target.id
        base, index = self._index_of(target, frame)
        name = base + ".".join(map(str, index))
        self.naming.claim(frame.scope, name.partition(".")[0] if len(index) < 2 else name, target.span)
        return name

    def _makes_layers(self, value: tree.Expression, frame: Frame) -> bool:
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
        if s.ascription is None or value is UNKNOWN or self.edits.inputs:
            return
        said = self.evaluator.shape(s.ascription, frame.env)
        got = value.shape if isinstance(value, Tensor) else None
        if got is None:
            count = len(value) if isinstance(value, tuple) else 0
            raise Mistake(SeveralTensors(what=": shape", count=count, want="one"), s.ascription.span)
        if said is not None and said != got:
            made = Label(s.value.span, "gives " + "x".join(map(str, got)))
            raise Mistake(AscriptionDiffers(said=said, got=got), s.ascription.span, [made])

    def _keep(self, s: tree.Step, value: Value, frame: Frame) -> None:
        values = [value]
        if len(s.targets) > 1:
            if value is UNKNOWN:
                values = [UNKNOWN] * len(s.targets)
            else:
                values = list(value) if isinstance(value, tuple) else [value]
            if len(values) != len(s.targets):
                tensors = f"{len(values)} tensor{'' if len(values) == 1 else 's'}"
                raise Mistake(BadUnpacking(names=len(s.targets), values=tensors), s.span)
        for target, item in zip(s.targets, values, strict=True):
            self._keep_one(target, item, frame)

    def _keep_one(self, target: tree.Expression, value: Value, frame: Frame) -> None:
        if isinstance(target, tree.Name):
            if target.id != "_":
                if target.id in frame.env.names:
                    raise Mistake(BoundTwice(name=target.id), target.span)
                frame.env.names[target.id] = value
            return
        base, index = self._index_of(target, frame)
        indexed = frame.body.env.names.setdefault(base, Indexed(base))
        if indexed is UNKNOWN:
            return
        if not isinstance(indexed, Indexed) or index in indexed.tensors:
            raise Mistake(BoundTwice(name=target.span.text), target.span)
        indexed.tensors[index] = value

    # ── inputs and outputs ───────────────────────────────────────────────────────────────────

    def _input(self, s: tree.Input, frame: Frame) -> None:
        if frame.body.stepped:
            reason = "inputs come first"
            raise Mistake(MisplacedStatement(statement="input", reason=reason), s.span)
        if frame.body.is_root:
            self._network_input(s, frame)
        else:
            self._unit_input(s, frame)

    def _network_input(self, s: tree.Input, frame: Frame) -> None:
        expression = s.shape or s.names[0]
        name = s.names[0].id if s.shape and isinstance(s.names[0], tree.Name) else "x"
        if len(s.names) > 1:
            reason = "each input of a network has a line and a shape of its own"
            raise Mistake(MisplacedStatement(statement="input", reason=reason), s.span)
        position = len(self.graph.inputs)
        if position < len(self.edits.inputs):
            shape: tuple[int, ...] | None = self.edits.inputs[position][0]
        else:
            shape = self.evaluator.shape(expression, frame.env)
        if shape is None:
            frame.flow = frame.env.names["x" if s.shape is None else name] = UNKNOWN
            return
        if name != "x" and name in frame.env.names or name == "x" and position:
            raise Mistake(BoundTwice(name=name), s.span)
        self.naming.claim(frame.scope, name, s.span)
        op = InputOp(title=name, shape=shape)
        (tensor,) = self.weaver.add(op, (), name, frame.scope, s.span, role="input")
        self.graph.inputs.append(tensor.node)
        if name != "x":
            frame.env.names.pop("x", None)
        frame.env.names[name] = tensor
        frame.flow = tensor if position == 0 else None

    def _unit_input(self, s: tree.Input, frame: Frame) -> None:
        """In a block, or a network used as one, inputs name (and check) what flows in."""
        flow = frame.flow
        if flow is UNKNOWN:
            for name in s.names:
                if isinstance(name, tree.Name):
                    frame.env.names[name.id] = UNKNOWN
            return
        tensors = list(flow) if isinstance(flow, tuple) else [flow]
        if s.shape is None and not all(isinstance(n, tree.Name) for n in s.names):
            shape = self.evaluator.shape(s.names[0], frame.env)
            self._check_input(shape, tensors[0], s, frame)
            return
        if s.shape is not None:
            self._check_input(self.evaluator.shape(s.shape, frame.env), tensors[0], s, frame)
        if len(tensors) < len(s.names) or (len(tensors) > len(s.names) and s.shape is None):
            want = f"{len(s.names)} tensors" if len(s.names) > 1 else "one tensor"
            problem = SeveralTensors(what=frame.scope.unit.name, count=len(tensors), want=want)
            raise Mistake(problem, frame.scope.unit.span or s.span)
        frame.env.names.pop("x", None)
        for name, tensor in zip(s.names, tensors, strict=False):
            assert isinstance(name, tree.Name)
            if name.id in frame.env.names:
                raise Mistake(BoundTwice(name=name.id), name.span)
            frame.env.names[name.id] = tensor
        rest = tensors[len(s.names) :]
        frame.flow = tuple(rest) if len(rest) > 1 else rest[0] if rest else tensors[0]
        if len(s.names) > 1:
            frame.flow = None

    def _check_input(
        self, want: tuple[int, ...] | None, tensor: Tensor, s: tree.Input, frame: Frame
    ) -> None:
        if want is not None and want != tensor.shape:
            unit = frame.scope.unit
            problem = InputShape(network=unit.name, want=want, got=tensor.shape)
            at = unit.span or s.span
            raise Mistake(problem, at, [Label(s.span, "declared here")])

    def _output(self, s: tree.Output, frame: Frame) -> None:
        body = frame.body
        target = s.target if s.target is not None else s.value
        if not isinstance(target, tree.Name):
            reason = "an output has a name: output name = …"
            raise Mistake(MisplacedStatement(statement="output", reason=reason), target.span)
        if s.training and not body.is_root:
            return  # auxiliary outputs of a network that serves as a part of another
        if any(name == target.id for name, _, _ in body.outputs) or any(
            o.name == target.id for o in self.graph.outputs
        ):
            raise Mistake(OutputTwice(name=target.id), s.span)
        if s.training:
            self._training_output(s, target, frame)
            return
        value = self._output_value(s, target, frame)
        body.stepped = True
        body.outputs.append((target.id, value, s.span))
        if body.is_root and isinstance(value, Tensor):
            regular = sum(not o.training for o in self.graph.outputs)
            self.graph.outputs.insert(regular, Output(target.id, value, s.span))

    def _output_value(self, s: tree.Output, target: tree.Name, frame: Frame) -> Value:
        name = None
        if s.target is not None:
            if target.id in frame.env.names:
                raise Mistake(BoundTwice(name=target.id), target.span)
            if self._makes_layers(s.value, frame):
                self.naming.claim(frame.scope, target.id, target.span)
                name = target.id
        value = self.applier.step(s.value, frame, name)
        if s.target is not None:
            frame.env.names[target.id] = value
        if is_tensors(value):
            problem = SeveralTensors(what="output", count=len(value), want="one tensor")
            raise Mistake(problem, s.span)
        return value

    def _training_output(self, s: tree.Output, target: tree.Name, frame: Frame) -> None:
        self.naming.claim(frame.scope, target.id, target.span)
        with self.weaver.marking(training=target.id):
            value = self.applier.step(s.value, frame, target.id, always_scope=True)
        frame.env.names[target.id] = TrainingName(target.id)
        if isinstance(value, Tensor):
            if self.graph.nodes[value.node].training is None:
                reason = "it makes nothing that is not there anyway; leave out when training"
                raise Mistake(MisplacedStatement(statement="when training", reason=reason), s.span)
            self.graph.outputs.append(Output(target.id, value, s.span, training=True))

    # ── the rest ─────────────────────────────────────────────────────────────────────────────

    def _let(self, s: tree.Let, frame: Frame) -> None:
        if s.name.id in frame.env.names:
            raise Mistake(BoundTwice(name=s.name.id), s.name.span)
        frame.env.names[s.name.id] = let_value(s, frame.env, self.evaluator)

    def _for(self, s: tree.For, frame: Frame) -> None:
        for value in self.evaluator.items(s.over, frame.env):
            inner = frame.inside(frame.flow, branches=frame.branches)
            inner.rounds = True
            for name, item in self.evaluator.unpack(s.targets, value):
                inner.env.names[name.id] = item
            inner.env = Env(inner.env)
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

    def _shared(self, s: tree.Shared, frame: Frame) -> None:
        layer = self.evaluator.value(s.value, frame.env)
        if s.name.id in frame.env.names:
            raise Mistake(BoundTwice(name=s.name.id), s.name.span)
        if not is_layer(layer) and layer is not UNKNOWN:
            reason = "shared names a layer: shared name = conv(64)"
            raise Mistake(MisplacedStatement(statement="shared", reason=reason), s.value.span)
        self.naming.claim(frame.scope, s.name.id, s.name.span)
        shared = SharedLayer(s.name.id, layer, frame.scope, s.span)
        frame.env.names[s.name.id] = UNKNOWN if layer is UNKNOWN else shared


def let_value(s: tree.Let, env: Env, evaluator: Evaluator) -> Value:
    """What a `let` binds its name to."""
    if s.parameters is not None:
        return Function(s.name.id, s.parameters, s.value, env)
    return evaluator.value(s.value, env)


def set_default(s: tree.Default, env: Env, evaluator: Evaluator) -> None:
    """Set arguments of a layer for the rest of a scope."""
    name, arguments = evaluator.default(s.call, env)
    env.defaults = {**env.defaults, name: {**env.defaults.get(name, {}), **arguments}}

"""Where a body begins and ends: its inputs and outputs, those for training alone included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlang.diagnostics.catalog.graph import OutputTwice, SeveralTensors
from archlang.diagnostics.catalog.names import BoundTwice
from archlang.diagnostics.catalog.shapes import InputShape
from archlang.diagnostics.catalog.syntax import MisplacedStatement
from archlang.diagnostics.model import Label, Mistake
from archlang.graph import Output, Scope, Tensor
from archlang.ops.merging import InputOp
from archlang.semantics.frame import Frame
from archlang.semantics.naming import join
from archlang.semantics.values import UNKNOWN, TrainingName, Unit, Value, is_tensors, several
from archlang.syntax import tree

if TYPE_CHECKING:
    from archlang.semantics.expand import Expander


def names_inputs(s: tree.Input, is_network: bool) -> bool:
    """Whether an input statement gives names, rather than a shape for `x`.

    An input of a network always has a shape; `input a, b` in a block names what flows in.
    """
    if s.shape is not None:
        return True
    return not is_network and all(isinstance(name, tree.Name) for name in s.names)


def arriving(unit: Unit, flow: Value, scope: Scope) -> list[Value]:
    """The tensors that a block's inputs name, in order; empty where it names none.

    Raises:
        Mistake: there are more or fewer of them than inputs.
    """
    is_network = isinstance(unit.declaration, tree.Network)
    inputs = [s for s in unit.declaration.body.statements if isinstance(s, tree.Input)]
    count = sum(len(s.names) if names_inputs(s, is_network) else 1 for s in inputs)
    if not inputs or flow is UNKNOWN:
        return [UNKNOWN] * count
    tensors = several(flow)
    if len(tensors) != count:
        want = "one tensor" if count == 1 else f"{count} tensors"
        problem = SeveralTensors(what=unit.name, count=len(tensors), want=want)
        declared = Label(inputs[0].span.to(inputs[-1].span), "declared here")
        raise Mistake(problem, scope.span, [declared])
    return tensors


class Ports:
    """The `input` and `output` statements for an expander."""

    def __init__(self, expander: Expander) -> None:
        self._expander = expander
        self._graph = expander.graph
        self._edits = expander.edits
        self._evaluator = expander.evaluator
        self._naming = expander.naming
        self._weaver = expander.weaver
        self._applier = expander.applier
        self._makes_layers = expander.makes_layers
        self._witness = expander.witness

    # ── inputs ───────────────────────────────────────────────────────────────────────────────

    def input(self, s: tree.Input, frame: Frame) -> None:
        """`input 3x224x224`, `input left: 3xHxW`; in a block `input a, b`.

        Raises:
            Mistake: it stands too late, has no shape, or a name twice; what flows in differs.
        """
        if frame.body.stepped:
            reason = "inputs come first"
            raise Mistake(MisplacedStatement(statement="input", reason=reason), s.span)
        if frame.body.is_root:
            self._network_input(s, frame)
        else:
            self._unit_input(s, frame)

    def _network_input(self, s: tree.Input, frame: Frame) -> None:
        if len(s.names) > 1:
            reason = "each input of a network has a line and a shape of its own"
            raise Mistake(MisplacedStatement(statement="input", reason=reason), s.span)
        name = _input_name(s)
        shape = self._input_shape(s, frame)
        if shape is None:
            self._expander.complete = False
            self._bind(name, UNKNOWN, s, frame)
            return
        self._naming.claim(frame.scope, name.id, name.span)
        op = InputOp(title=name.id, shape=shape)
        (tensor,) = self._weaver.add(op, (), name.id, frame.scope, s.span, role="input")
        self._graph.inputs.append(tensor.node)
        self._bind(name, tensor, s, frame)
        self._tell(s, tensor, frame)

    def _tell(self, s: tree.Input | tree.Output, value: Value, frame: Frame) -> None:
        if self._witness is not None:
            self._witness.step(s, value, frame.scope)

    def _input_shape(self, s: tree.Input, frame: Frame) -> tuple[int, ...] | None:
        said = self._edits.input_shape(_input_name(s).id, len(self._graph.inputs))
        return said or self._evaluator.shape(s.shape or s.names[0], frame.env)

    def _unit_input(self, s: tree.Input, frame: Frame) -> None:
        """In a block, or a network used as one, inputs name (and check) what flows in."""
        is_network = isinstance(frame.body.declaration, tree.Network)
        names = [_input_name(s)]
        shape = s.shape
        if names_inputs(s, is_network):
            names = [n for n in s.names if isinstance(n, tree.Name)]
        else:
            shape = s.names[0]
        want = None if shape is None else self._evaluator.shape(shape, frame.env)
        tensors = [frame.body.arriving.pop(0) for _ in names]
        self._tell(s, tensors[0] if len(tensors) == 1 else tuple(tensors), frame)
        for name, tensor in zip(names, tensors, strict=True):
            if isinstance(tensor, Tensor) and want is not None:
                self._check_input(want, tensor, s, frame)
            self._bind(name, tensor, s, frame)

    def _bind(self, name: tree.Name, value: Value, s: tree.Input, frame: Frame) -> None:
        """Name an input; where there are several, the first line has to say where it starts."""
        body, names = frame.body, frame.env.names
        if body.inputs == 0:
            names.pop("x", None)
        if name.id in names:
            raise Mistake(BoundTwice(name=name.id), name.span)
        names[name.id] = value
        body.inputs += 1
        frame.flow = value if body.inputs == 1 or value is UNKNOWN else None

    def _check_input(
        self, want: tuple[int, ...], tensor: Tensor, s: tree.Input, frame: Frame
    ) -> None:
        if want != tensor.shape:
            unit = frame.scope.unit
            problem = InputShape(network=unit.name, want=want, got=tensor.shape)
            labels = [Label(s.span, "declared here"), *self._weaver.origins([tensor])]
            raise Mistake(problem, unit.span or s.span, labels)

    # ── outputs ──────────────────────────────────────────────────────────────────────────────

    def output(self, s: tree.Output, frame: Frame) -> None:
        """`output seg = expr`, `output aux = expr when training`.

        Raises:
            Mistake: it has no name, a name twice, or is several tensors.
        """
        body = frame.body
        target = s.target if s.target is not None else s.value
        if not isinstance(target, tree.Name):
            reason = "an output has a name: output name = …"
            raise Mistake(MisplacedStatement(statement="output", reason=reason), target.span)
        if target.id in body.output_names:
            raise Mistake(OutputTwice(name=target.id), target.span)
        body.output_names.add(target.id)
        if s.training and body.is_root and self._is_removed(target, frame):
            frame.env.names[target.id] = UNKNOWN
        elif s.training and not body.is_root:
            # Auxiliary outputs of a network that serves as a part of another are left out.
            frame.env.names[target.id] = TrainingName(target.id)
        elif s.training:
            self._training_output(s, target, frame)
        else:
            self._regular_output(s, target, frame)

    def _is_removed(self, target: tree.Name, frame: Frame) -> bool:
        """Whether a derived network leaves out an auxiliary output: `remove aux1`."""
        edits, path = self._edits, join(frame.scope.path, target.id)
        edits.see(path)
        edit = edits.instead(path) if edits.moves else None
        return edit is not None and edit.change.word == "remove"

    def _regular_output(self, s: tree.Output, target: tree.Name, frame: Frame) -> None:
        value = self._output_value(s, target, frame)
        frame.body.stepped = True
        frame.body.outputs.append((target.id, value, s.span))
        if frame.body.is_root and isinstance(value, Tensor):
            regular = sum(not o.training for o in self._graph.outputs)
            self._graph.outputs.insert(regular, Output(target.id, value, s.span))

    def _output_value(self, s: tree.Output, target: tree.Name, frame: Frame) -> Value:
        name = None
        if s.target is not None:
            if target.id in frame.env.names:
                raise Mistake(BoundTwice(name=target.id), target.span)
            if self._makes_layers(s.value, frame):
                self._naming.claim(frame.scope, target.id, target.span)
                name = target.id
        value = self._applier.step(s.value, frame, name)
        self._tell(s, value, frame)
        if s.target is not None:
            frame.env.names[target.id] = value
        if is_tensors(value):
            problem = SeveralTensors(what="output", count=len(value), want="one tensor")
            raise Mistake(problem, s.span)
        return value

    def _training_output(self, s: tree.Output, target: tree.Name, frame: Frame) -> None:
        if target.id in frame.env.names:
            raise Mistake(BoundTwice(name=target.id), target.span)
        self._naming.claim(frame.scope, target.id, target.span)
        with self._weaver.marking(training=target.id):
            value = self._applier.step(s.value, frame, target.id, always_scope=True)
        self._tell(s, value, frame)
        frame.env.names[target.id] = TrainingName(target.id)
        if isinstance(value, Tensor):
            if self._graph.nodes[value.node].training is None:
                reason = "it makes nothing that is not there anyway; leave out when training"
                raise Mistake(MisplacedStatement(statement="when training", reason=reason), s.span)
            self._graph.outputs.append(Output(target.id, value, s.span, training=True))


def _input_name(s: tree.Input) -> tree.Name:
    """The name an input of a network is given: its own, or `x` where it is only a shape."""
    first = s.names[0]
    if s.shape is not None and isinstance(first, tree.Name):
        return first
    return tree.Name(s.span, "x")

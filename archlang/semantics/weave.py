"""Adding nodes: the only place that writes to a graph while a spec is expanded."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from archlang.diagnostics.catalog.graph import SeveralTensors, SharedDiffers
from archlang.diagnostics.catalog.limits import TensorTooLarge
from archlang.diagnostics.model import Label, Mistake
from archlang.graph import Change, Frozen, Graph, Node, Role, Scope, Tensor, shapes
from archlang.ops.base import Op, Shape, numel, shape_text
from archlang.semantics.limits import MAX_ELEMENTS, Budget
from archlang.semantics.surgery import Edits
from archlang.semantics.workshop import Workshop
from archlang.source import Span


class Weaver:
    """Adds nodes with their shapes, and knows how coarse each tensor is.

    `frozen`, `training`, `role`, `change` and `within` are what the nodes to come are marked with.
    """

    def __init__(self, graph: Graph, budget: Budget, edits: Edits, workshop: Workshop) -> None:
        self.graph = graph
        self.edits = edits
        self.budget = budget
        self.frozen: Frozen = ""
        self.training: str | None = None
        self.role: Role = "layer"
        self.change: Change | None = None
        self.within: tuple[object, ...] = ()
        self._workshop = workshop
        self._strides: dict[tuple[int, int], tuple[float, ...] | None] = {}
        self._jumps: list[tuple[float, ...] | None] = []
        self._shared: dict[str, Node] = {}

    @contextmanager
    def marking(
        self,
        *,
        frozen: Frozen | None = None,
        training: str | None = None,
        role: Role | None = None,
        change: Change | None = None,
        within: object = None,
    ) -> Generator[None]:
        """Mark all nodes added meanwhile."""
        before = self.frozen, self.training, self.role, self.change, self.within
        self.frozen = self.frozen if frozen is None else frozen
        self.training = training or self.training
        self.role = role or self.role
        self.change = change or self.change
        self.within = self.within if within is None else (*self.within, within)
        try:
            yield
        finally:
            self.frozen, self.training, self.role, self.change, self.within = before

    def add(
        self,
        op: Op,
        inputs: Sequence[Tensor],
        path: str,
        scope: Scope,
        span: Span,
        role: Role | None = None,
    ) -> tuple[Tensor, ...]:
        """A node with its results.

        Raises:
            Mistake: the shapes do not fit; says where each input comes from.
        """
        self.budget.layer(span)
        outputs = self._outputs(op, inputs, span)
        number = len(self.graph.nodes)
        tensors = tuple([Tensor(number, shape, port) for port, shape in enumerate(outputs)])
        node = Node(
            number, op, tuple(inputs), tensors, path, scope, span,
            role or self.role,
            "layer" if self.edits.freezes(path, self.change) else self.frozen,
            self.training,
            self.change,
            self.within,
            self.edits.adapts(path),
        )  # fmt: skip
        self.graph.nodes.append(node)
        self._jumps.append(self._jump(op, inputs, outputs[0]))
        return tensors

    def _outputs(self, op: Op, inputs: Sequence[Tensor], span: Span) -> tuple[Shape, ...]:
        given = tuple([t.shape for t in inputs])
        key = (id(op), given)
        known = self._workshop.inferred.get(key)
        if known is not None:
            return known
        self._check_arity(op, inputs, span)
        try:
            inferred: Any = op.infer(*given)
        except Mistake as mistake:
            if mistake.at is None:
                mistake.at = span
                mistake.secondary = (*mistake.secondary, *self.origins(inputs))
            raise
        several = bool(inferred) and isinstance(inferred[0], tuple)
        outputs: tuple[Shape, ...] = inferred if several else (inferred,)
        self._check_size(op, given, outputs, span)
        self._workshop.inferred[key] = outputs
        self._workshop.kept.append(op)
        return outputs

    def _check_size(
        self, op: Op, given: tuple[Shape, ...], outputs: tuple[Shape, ...], span: Span
    ) -> None:
        for shape in (*outputs, (op.params(*given),)):
            if numel(shape) > MAX_ELEMENTS:
                raise Mistake(TensorTooLarge(shape=shape, limit=MAX_ELEMENTS), span)

    def _check_arity(self, op: Op, inputs: Sequence[Tensor], span: Span) -> None:
        if op.arity is not None and len(inputs) != op.arity:
            want = "one tensor" if op.arity == 1 else f"{op.arity} tensors"
            what = op.name or type(op).__name__
            raise Mistake(SeveralTensors(what=what, count=len(inputs), want=want), span)

    def origins(self, inputs: Sequence[Tensor]) -> list[Label]:
        """Labels that say where tensors come from."""
        return [
            Label(self.graph.nodes[t.node].span, f"{shape_text(t.shape)} comes from here")
            for t in inputs
        ]

    def _jump(self, op: Op, inputs: Sequence[Tensor], shape: Shape) -> tuple[float, ...] | None:
        """How many steps of the input one step of this tensor is, for each axis."""
        rank = len(shape) - 1
        if not inputs:
            return (1.0,) * rank
        before = self._jumps[inputs[0].node]
        if before is None or len(before) != rank:
            return None
        key = (id(op), rank)
        if key not in self._strides:
            strides = op.stride_of(rank)
            self._strides[key] = None if strides == (1.0,) * rank else strides or ()
        strides = self._strides[key]
        if strides is None:
            return before
        return tuple(b * s for b, s in zip(before, strides, strict=True)) if strides else None

    def strides_between(self, source: Tensor, target: Tensor) -> tuple[float, ...] | None:
        """By how much the target is coarser than the source; None where that is unknown."""
        a, b = self._jumps[source.node], self._jumps[target.node]
        if a is None or b is None or len(a) != len(b):
            return None
        return tuple(n / m for m, n in zip(a, b, strict=True))

    def is_shared(self, path: str) -> bool:
        """Whether several uses of a path are meant."""
        return path in self._shared

    def check_shared(self, node: Node) -> None:
        """Hold a use of a shared path to the parameters that its first use made.

        Raises:
            Mistake: this input needs other parameters.
        """
        first = self._shared.setdefault(node.path, node)
        before, now = shapes(first), shapes(node)
        if node.op.recipe(*now) != first.op.recipe(*before):
            problem = SharedDiffers(name=node.path, first=before[0], now=now[0])
            raise Mistake(problem, node.span, [Label(first.span, "first used here")])

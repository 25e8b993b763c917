"""Merges: where tensors meet, and where W∘x learns what it has to fit."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from archlang.diagnostics.catalog.arguments import BadOperands
from archlang.diagnostics.catalog.graph import NothingToMatch, SeveralTensors
from archlang.diagnostics.catalog.shapes import MergeShapes
from archlang.diagnostics.model import Mistake
from archlang.graph import Match, Tensor
from archlang.ops.base import Op, Shape
from archlang.ops.merging import Add, Concat, Merge, Multiply, Subtract, WithConstant, broadcast
from archlang.record import Record
from archlang.semantics.constants import arithmetic
from archlang.semantics.frame import Frame, open_scope
from archlang.semantics.matching import Goal, Matching, fitting
from archlang.semantics.naming import join
from archlang.semantics.values import UNKNOWN, Target, Value, describe, is_tensors
from archlang.source import Span

if TYPE_CHECKING:
    from archlang.semantics.apply import Applier
    from archlang.semantics.expand import Expander

OPERATORS: dict[str, type[Op]] = {"+": Add, "-": Subtract, "*": Multiply, "++": Concat}
NAMES: dict[type[Op], str] = {Add: "add", Subtract: "sub", Multiply: "mul", Concat: "cat"}


class Pending(Record):
    """W∘x before it is known what it has to fit."""

    matching: Matching
    source: Tensor
    operator: str
    """W as written."""
    written: str
    span: Span


class Merger:
    """Merges operands for an applier."""

    def __init__(self, applier: Applier, expander: Expander) -> None:
        self._applier = applier
        self._naming = expander.naming
        self._weaver = expander.weaver

    def merge(
        self,
        op: type[Op] | None,
        sign: str,
        operands: list[Value],
        frame: Frame,
        span: Span,
        name: str | None,
    ) -> Value:
        """Join operands (tensors, numbers, W∘x) by one operator, in the order written.

        Raises:
            Mistake: shapes that do not fit, or operands that cannot be merged.
        """
        self._check(op, sign, operands, span)
        assert op is not None
        tensors = self._fitted(op, operands, frame, span)
        if any(t is UNKNOWN for t in tensors):
            return UNKNOWN
        if any(not isinstance(t, Tensor) for t in tensors):
            return self._with_numbers(op, sign, tensors, frame, span)
        if len(tensors) == 1:
            return tensors[0]
        return self._add(op, tensors, operands, frame, span, name)

    def _check(self, op: type[Op] | None, sign: str, operands: list[Value], span: Span) -> None:
        for operand in operands:
            if operand is None or is_tensors(operand):
                count = len(operand) if operand else 0
                raise Mistake(SeveralTensors(what=f"{sign} ", count=count, want="one tensor"), span)
        numbers = [o for o in operands if not isinstance(o, (Tensor, Pending))]
        wrong = [o for o in numbers if isinstance(o, bool) or not isinstance(o, (int, float))]
        if op is None or wrong or (numbers and op is Concat):
            other = describe((wrong or numbers or operands)[0])
            raise Mistake(BadOperands(operator=sign, left="a tensor", right=other), span)

    # ── matching ─────────────────────────────────────────────────────────────────────────────

    def _fitted(self, op: type[Op], operands: list[Value], frame: Frame, span: Span) -> list[Value]:
        """The operands with every W∘x made to fit the others."""
        if not any(isinstance(o, Pending) for o in operands):
            return operands
        others = [o for o in operands if isinstance(o, Tensor)]
        if not others:
            raise Mistake(NothingToMatch(), span)
        shape = self._target(op, others, span)
        return [
            self._fit(o, shape, others, op is Concat, frame) if isinstance(o, Pending) else o
            for o in operands
        ]

    def _target(self, op: type[Op], others: list[Tensor], span: Span) -> Shape:
        shape = others[0].shape
        for other in others[1:]:
            joined = shape if op is Concat else broadcast(shape, other.shape)
            if joined is None:
                raise self._unequal(op, others, span)
            shape = joined
        return shape

    def _fit(
        self, pending: Pending, shape: Shape, others: list[Tensor], spatial: bool, frame: Frame
    ) -> Value:
        like = next((t for t in others if t.shape[1:] == shape[1:]), others[0])
        strides = self._weaver.strides_between(pending.source, like)
        goal = Goal(shape, spatial, like, strides)
        builder = Build(self._applier, frame, pending, goal)
        with self._weaver.marking(role="match"):
            try:
                return pending.matching.fit(pending.source, goal, builder)
            except Mistake as mistake:
                if mistake.at is None:
                    mistake.at = pending.span
                    mistake.secondary = tuple(self._weaver.origins([pending.source, like]))
                raise

    # ── merging ──────────────────────────────────────────────────────────────────────────────

    def _add(
        self,
        op: type[Op],
        tensors: list[Any],
        operands: list[Value],
        frame: Frame,
        span: Span,
        name: str | None,
    ) -> Tensor:
        if issubclass(op, Merge):
            self._target(op, tensors, span)
        kind = NAMES.get(op, op.__name__.lower())
        path = join(frame.scope.path, name or self._naming.automatic(frame.scope, kind))
        made = _SHARED_OPS.setdefault(op, op())
        (result,) = self._weaver.add(made, tensors, path, frame.scope, span, role="merge")
        for i, operand in enumerate(operands):
            if isinstance(operand, Pending):
                unchanged = tensors[i] == operand.source
                did = "identity" if unchanged else operand.matching.text()
                match = Match(operand.source, operand.operator, did)
                self._weaver.graph.matching[result.node, i] = match
        return result

    def _unequal(self, op: type[Op], tensors: list[Tensor], span: Span) -> Mistake:
        left = tensors[0]
        right = next(t for t in tensors[1:] if broadcast(left.shape, t.shape) is None)
        symbol = getattr(op, "symbol", "+")
        fits = None
        for source, target in ((right, left), (left, right)):
            goal = Goal(target.shape, False, target, self._weaver.strides_between(source, target))
            fits = fits or fitting(source.shape, goal)
        labels = self._weaver.origins([left, right])
        problem = MergeShapes(symbol=symbol, left=left.shape, right=right.shape, fits=fits)
        return Mistake(problem, span, labels)

    def _with_numbers(
        self, op: type[Op], sign: str, operands: list[Value], frame: Frame, span: Span
    ) -> Value:
        """Fold from the left where numbers take part: `1 - T`, `0.5 * y`."""
        result = operands[0]
        for operand in operands[1:]:
            if isinstance(result, Tensor) and isinstance(operand, Tensor):
                result = self._add(op, [result, operand], [], frame, span, None)
            elif isinstance(result, Tensor):
                result = self._number(sign, result, operand, False, frame, span)
            elif isinstance(operand, Tensor):
                result = self._number(sign, operand, result, True, frame, span)
            else:
                result = arithmetic(sign, result, operand)
        return result

    def scaled(self, tensor: Tensor, factor: float, frame: Frame, span: Span) -> Tensor:
        """A tensor times a number."""
        return self._number("*", tensor, factor, True, frame, span)

    def _number(
        self, sign: str, tensor: Tensor, number: Any, reverse: bool, frame: Frame, span: Span
    ) -> Tensor:
        op = WithConstant(symbol=sign, value=number, reverse=reverse)  # pyright: ignore[reportArgumentType]
        path = join(frame.scope.path, self._naming.automatic(frame.scope, "scalar"))
        return self._weaver.add(op, [tensor], path, frame.scope, span, role="merge")[0]


_SHARED_OPS: dict[type[Op], Op] = {}
"""Merges have no settings, so one object of each serves all."""


class Build:
    """How a matching operator applies layers: within the frame of its merge."""

    def __init__(self, applier: Applier, frame: Frame, pending: Pending, goal: Goal) -> None:
        self._applier = applier
        self._frame = frame
        self._pending = pending
        self._goal = goal
        self._frozen = False

    def op(self, op: Op, *inputs: Tensor) -> Tensor:
        """Apply one layer, named by what it is."""
        name = op.name or {"CropLike": "crop", "ResizeLike": "resize", "PadShortcut": "pad"}.get(
            type(op).__name__, type(op).__name__.lower()
        )
        chosen = self._applier.name_for(self._frame, name)
        with self._marking():
            return self._applier.put(op, inputs, chosen, self._frame, self._pending.span)

    def layer(self, layer: Value, source: Tensor) -> Value:
        """Apply any layer; a block sees `target`."""
        strides = self._goal.strides
        stride: int | tuple[int, ...] = 1
        if strides and all(s == int(s) for s in strides):
            whole = tuple(int(s) for s in strides)
            stride = whole[0] if len(set(whole)) == 1 else whole
        target = Target(self._goal.shape, stride)
        with self._marking():
            ready = self._applier.matching_target(layer, target)
            return self._applier.apply(ready, source, self._frame, self._pending.span)

    def scoped(self, name: str) -> Build:
        """A builder for layers under a path of their own."""
        chosen = self._applier.name_for(self._frame, name)
        scope = open_scope(self._frame, chosen, "match", self._pending.operator, self._pending.span)
        inner = Build(self._applier, self._frame.inside(None, scope), self._pending, self._goal)
        inner._frozen = self._frozen
        return inner

    def frozen(self) -> Build:
        """A builder whose layers are not trained."""
        inner = Build(self._applier, self._frame, self._pending, self._goal)
        inner._frozen = True
        return inner

    def _marking(self) -> AbstractContextManager[None]:
        return self._applier.frozen() if self._frozen else nullcontext()

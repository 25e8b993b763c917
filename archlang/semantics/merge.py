"""Merges: where tensors meet, and where W∘x learns what it has to fit."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from archlang.diagnostics.catalog.arguments import BadOperands
from archlang.diagnostics.catalog.graph import NothingToMatch, SeveralTensors
from archlang.diagnostics.catalog.shapes import MergeShapes
from archlang.diagnostics.model import Label, Mistake
from archlang.graph import Match, Tensor
from archlang.ops.base import Op, Shape
from archlang.ops.merging import Add, Concat, Merge, Multiply, Subtract, WithConstant, broadcast
from archlang.semantics.constants import arithmetic
from archlang.semantics.frame import Frame, open_scope
from archlang.semantics.matching import Goal, fitting, layer_name
from archlang.semantics.naming import Naming, join, kind_of
from archlang.semantics.skip_surgery import Operands, Pending
from archlang.semantics.values import UNKNOWN, Target, Value, describe, is_tensors
from archlang.source import Span

if TYPE_CHECKING:
    from archlang.semantics.apply import Applier
    from archlang.semantics.expand import Expander
    from archlang.semantics.surgeon import Surgeon

OPERATORS: dict[str, type[Op]] = {"+": Add, "-": Subtract, "*": Multiply, "++": Concat}
NAMES: dict[type[Op], str] = {Add: "add", Subtract: "sub", Multiply: "mul", Concat: "cat"}


class Merger:
    """Merges operands for an applier."""

    def __init__(self, applier: Applier, expander: Expander, surgeon: Surgeon) -> None:
        self._applier = applier
        self._naming = expander.naming
        self._weaver = expander.weaver
        self._skips = expander.skips
        self._surgeon = surgeon

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
        if all(isinstance(o, (Tensor, Pending)) for o in operands):
            return self._join(op, operands, frame, span, name)
        tensors = self._fitted(op, Operands(operands), frame, span)
        if any(t is UNKNOWN for t in tensors):
            return UNKNOWN
        return self._with_numbers(op, sign, tensors, frame, span)

    def _join(
        self, op: type[Op], values: list[Value], frame: Frame, span: Span, name: str | None
    ) -> Value:
        """Join tensors and W∘x, as the lines of derived networks about skips leave them."""
        edits = self._surgeon.edits
        operands = self._skips.operands(edits, values, frame, span) if edits else Operands(values)
        tensors = self._fitted(op, operands, frame, span)
        self._skips.hold_names(operands, frame)
        if any(t is UNKNOWN for t in tensors):
            return UNKNOWN
        if len(tensors) == 1:
            if len(values) > 1:
                self._path(op, frame, name)  # nobody else shall have its name
            result = tensors[0]
        else:
            result = self._add(op, tensors, operands.left, frame, span, name)
        self._skips.note(edits, operands, op, result)
        return result

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

    def _fitted(self, op: type[Op], operands: Operands, frame: Frame, span: Span) -> list[Value]:
        """The operands with every W∘x made to fit the others."""
        if not any(isinstance(o, Pending) for o in operands.left):
            return operands.left
        others = [o for o in operands.left if isinstance(o, Tensor)] or operands.aside
        if not others:
            raise Mistake(NothingToMatch(), span)
        shape = self._target(op, others, span)
        return [
            self._fit(o, shape, others, op is Concat, frame) if isinstance(o, Pending) else o
            for o in operands.left
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
        builder = Build(self._applier, self._naming, frame, pending, goal)
        put = pending.put
        doing = self._surgeon.doing(put.edit) if put is not None else nullcontext()
        try:
            with self._weaver.marking(role="match"), doing:
                return pending.matching.fit(pending.source, goal, builder)
        except Mistake as mistake:
            if put is not None and put.edits.kept_skips is not None:
                put.edits.kept_skips.add(put.path)
                return self._kept(put.operand, shape, others, spatial, frame)
            if mistake.at is None:
                mistake.at = pending.span
                mistake.secondary = tuple(self._weaver.origins([pending.source, like]))
                if put is not None:
                    text = f"needed here; `except {put.path}` leaves that skip as it is"
                    mistake.secondary = (Label(put.at, text), *mistake.secondary)
            raise

    def _kept(
        self, operand: Value, shape: Shape, others: list[Tensor], spatial: bool, frame: Frame
    ) -> Value:
        """A skip as it was, since the other W does not fit it."""
        if isinstance(operand, Pending):
            return self._fit(operand, shape, others, spatial, frame)
        return operand

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
        path = self._path(op, frame, name)
        made = _SHARED_OPS.setdefault(op, op())
        (result,) = self._weaver.add(made, tensors, path, frame.scope, span, role="merge")
        for i, operand in enumerate(operands):
            if isinstance(operand, Pending):
                unchanged = tensors[i] == operand.source
                did = "identity" if unchanged else operand.matching.text()
                match = Match(operand.source, operand.operator, did)
                self._weaver.graph.matching[result.node, i] = match
        return result

    def _path(self, op: type[Op], frame: Frame, name: str | None) -> str:
        kind = NAMES.get(op, op.__name__.lower())
        return join(frame.scope.path, name or self._naming.automatic(frame.scope, kind))

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
                result = self._join(op, [result, operand], frame, span, None)
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

    def __init__(
        self, applier: Applier, naming: Naming, frame: Frame, pending: Pending, goal: Goal
    ) -> None:
        self._applier = applier
        self._naming = naming
        self._frame = frame
        self._pending = pending
        self._goal = goal
        self._frozen = False
        self._put = pending.put

    def _name(self, kind: str) -> str:
        """The next automatic name of a kind; beside what the base has, where a line put W there."""
        if self._put is None:
            return self._applier.name_for(self._frame, kind)
        return self._naming.beside(self._frame.scope, kind, self._put.avoid)

    def op(self, op: Op, *inputs: Tensor) -> Tensor:
        """Apply one layer, named by what it is."""
        name = op.name or {"CropLike": "crop", "ResizeLike": "resize", "PadShortcut": "pad"}.get(
            type(op).__name__, type(op).__name__.lower()
        )
        chosen = self._name(name)
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
            name = None if self._put is None else self._name(_kind(layer))
            return self._applier.apply(ready, source, self._frame, self._pending.span, name)

    def scoped(self, name: str) -> Build:
        """A builder for layers under a path of their own."""
        chosen = self._name(name)
        scope = open_scope(self._frame, chosen, "match", self._pending.operator, self._pending.span)
        within = self._frame.inside(None, scope)
        inner = Build(self._applier, self._naming, within, self._pending, self._goal)
        inner._frozen = self._frozen
        inner._put = None  # in a scope of its own no name is taken
        return inner

    def frozen(self) -> Build:
        """A builder whose layers are not trained."""
        inner = Build(self._applier, self._naming, self._frame, self._pending, self._goal)
        inner._frozen = True
        return inner

    def _marking(self) -> AbstractContextManager[None]:
        return self._applier.frozen() if self._frozen else nullcontext()


def _kind(layer: Value) -> str:
    """What the scope of a W that is a layer is called by."""
    name = layer_name(layer)
    return kind_of(name) if name.isidentifier() else "match"

"""Which results become part of a longer expression, and which a statement of their own."""

from __future__ import annotations

from dataclasses import dataclass

from archlang.backends.python.layout import Doc, flat
from archlang.backends.python.locals import Flow
from archlang.backends.python.parts import Key, Parts, Step
from archlang.backends.python.terms import CALL, INFIX
from archlang.ops.recipe import Fold

_CLOSE_FAMILIES = frozenset({"norm", "activation"})
_FUSED_WIDTH = 72
"""An expression longer than this is a statement of its own."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A result that is not written yet: the expression, and the tensors it reads."""

    key: Key
    doc: Doc
    binds: int
    reads: tuple[Key, ...]
    step: Step
    at: int

    @property
    def waits(self) -> bool:
        """Whether it is a term that may stand in a larger one."""
        return self.binds < CALL or self.step.is_match


class Fusing:
    """Decides for one forward function."""

    def __init__(self, parts: Parts, flow: Flow) -> None:
        self._parts = parts
        self._flow = flow

    def unfusable(self, pending: list[Pending], step: Step, overwriting: bool) -> list[Pending]:
        """The waiting results that must be statements before this step: a beginning of the list."""
        operands = [step.inputs.index(p.key) for p in pending if p.key in step.inputs]
        ordered = operands == sorted(operands)
        keep = len(pending)
        while keep and ordered and self._fuses(pending[keep - 1], step, overwriting):
            keep -= 1
        before = pending[:keep]
        # what waits below is evaluated first in any case; only short terms are worth the wait
        while before and before[-1].waits and before[-1].key not in step.inputs:
            before.pop()
        return before

    def _fuses(self, p: Pending, step: Step, overwriting: bool) -> bool:
        if p.key not in step.inputs:
            return False
        alone = self._flow.uses[p.key] == 1 and step.inputs.count(p.key) == 1
        if (
            not alone
            or len(flat(p.doc)) > _FUSED_WIDTH
            or (overwriting and p.key == step.inputs[0])
        ):
            return False
        if step.training != p.step.training:
            return False
        module = self._parts.module_of(step)
        if module is None:
            return p.step.is_match or (self._is_fold(step) and p.binds < CALL)
        if step.call is not None:
            place = self._flow.branch(step.outputs[0])
            return place is not None and place[2] > 2 and len(flat(p.doc)) < _FUSED_WIDTH // 2
        return step.node is not None and (
            step.node.op.style.family in _CLOSE_FAMILIES or step.node.op.name == "flatten"
        )

    def _is_fold(self, step: Step) -> bool:
        if step.node is None:
            return False
        recipe = self._parts.recipe(step.node)
        return isinstance(recipe, Fold) or getattr(recipe, "target", "") in INFIX

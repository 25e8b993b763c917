"""What an expression stands for before it is applied: a repetition, one layer, a run, a tensor."""

from __future__ import annotations

from archlang.diagnostics.model import Mistake
from archlang.graph import Tensor
from archlang.semantics.evaluate import Evaluator
from archlang.semantics.limits import LimitReached
from archlang.semantics.values import (
    UNKNOWN,
    Closure,
    Env,
    Repeated,
    Unit,
    Value,
    is_layer,
    is_tensors,
)
from archlang.syntax import tree

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
RUNS = (tree.Branch, tree.Dense, tree.Repeat, tree.Chain)


class Forms:
    """Looks at expressions by their constants and layers; applies nothing."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def repetition(self, e: tree.Binary, env: Env) -> Repeated | None:
        """`n * Unit`: a whole number times a layer. Whatever else `*` joins is multiplied."""
        if e.operator != "*" or not isinstance(e.left, _MAY_COUNT):
            return None
        try:
            count = self._evaluator.value(e.left, env)
        except LimitReached:
            raise
        except Mistake:  # no constant: a tensor or layer, which the merge will look at
            return None
        layer = self.layer(e.right, env) if type(count) is int else None
        return None if layer is None else Repeated(self._evaluator.count(e.left, env), layer)

    def layer(self, e: tree.Expression, env: Env) -> Value | None:
        """The layer an expression stands for; None if it is no layer by itself."""
        if isinstance(e, tree.Pipe):
            return Closure(e, env) if self.layer(e.steps[0], env) is not None else None
        if isinstance(e, RUNS):
            return Closure(e, env)
        if isinstance(e, tree.Binary):
            return self.repetition(e, env)
        if not isinstance(e, (tree.Name, tree.Call, tree.Index, tree.Conditional)):
            return None
        value = self._evaluator.value(e, env)
        return value if is_layer(value) else None

    def is_run(self, e: tree.Expression, env: Env) -> bool:
        """Whether a step applies several layers, so that its name is a scope."""
        match e:
            case tree.Pipe():
                steps = [s for s in e.steps if not self._is_tensor(s, env)]
                return len(steps) != 1 or self.is_run(steps[0], env)
            case tree.Chain() | tree.Branch():
                return True
            case tree.Binary():
                return self.repetition(e, env) is None
            case tree.Conditional():
                return self.is_run(self._evaluator.chosen(e, env), env)
            case tree.Name() | tree.Call():
                return isinstance(self._evaluator.value(e, env), Closure)
            case _:
                return False

    def is_unit(self, e: tree.Expression, env: Env) -> bool:
        """Whether a step is one block or repetition, whose scope a name can be given to."""
        if isinstance(e, tree.Pipe):
            steps = [s for s in e.steps if not self._is_tensor(s, env)]
            return len(steps) == 1 and self.is_unit(steps[0], env)
        return isinstance(self.layer(e, env), (Unit, Repeated))

    def _is_tensor(self, e: tree.Expression, env: Env) -> bool:
        if isinstance(e, (tree.Name, tree.Index)):
            value = self._evaluator.value(e, env)
            return isinstance(value, Tensor) or is_tensors(value) or value is UNKNOWN
        return isinstance(e, tree.ListOf)

"""The spec's own expectations: `assert params == 61_706`.

What speaks of constants is checked on the spot; what speaks of the whole network waits until it
is whole, and is only held against the network as declared, not with other parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archlang.diagnostics.catalog.fields import NoPlace
from archlang.diagnostics.catalog.graph import AssertionFailed
from archlang.diagnostics.model import Diagnostics, Mistake
from archlang.graph import Graph
from archlang.ops.base import Dims
from archlang.semantics.builtins import METRICS
from archlang.semantics.evaluate import Evaluator
from archlang.semantics.limits import Unresolved
from archlang.semantics.values import UNKNOWN, Env
from archlang.syntax import tree
from archlang.syntax.walk import names_in


def _receptive_field(graph: Graph) -> int | Dims:
    """One number where it is the same on all axes, else a size.

    Raises:
        Mistake: the input is a vector, of which nothing sees a part.
    """
    from archlang.analysis.receptive import receptive_field  # few specs assert it

    field = receptive_field(graph)
    if not field.size:
        features = graph.nodes[graph.inputs[0]].shape[0]
        raise Mistake(NoPlace(network=graph.name, features=features))
    return field.size[0] if len(set(field.size)) == 1 else Dims(field.size)


_METRICS: dict[str, Callable[[Graph], Any]] = {
    "params": lambda g: g.params,
    "macs": lambda g: g.macs,
    "depth": lambda g: g.depth,
    "receptive_field": _receptive_field,
    "input": lambda g: Dims(g.nodes[g.inputs[0]].shape),
    "output": lambda g: Dims(g.outputs[0].tensor.shape),
}
assert set(_METRICS) == set(METRICS)


class Assertions:
    """The assertions of one network."""

    def __init__(self, evaluator: Evaluator, sink: Diagnostics, as_declared: bool) -> None:
        self._evaluator = evaluator
        self._sink = sink
        self._as_declared = as_declared
        self._waiting: list[tuple[tree.Assert, Env]] = []

    def check_or_defer(self, s: tree.Assert, env: Env, is_root: bool) -> None:
        """Check an assertion now, or keep it until the network is whole.

        Raises:
            Mistake: it does not hold.
        """
        metrics = [n for n in names_in(s.test) if n in METRICS and env.find(n) is None]
        if not metrics:
            self._check(s, env)
        elif is_root and self._as_declared:
            self._waiting.append((s, env))

    def expect(self, s: tree.Assert, env: Env) -> None:
        """Keep an assertion until the network is whole, whatever it speaks of."""
        self._waiting.append((s, env))

    def hold(self, graph: Graph) -> None:
        """Hold the waiting assertions against the whole network."""
        for s, env in self._waiting:
            wanted = set(names_in(s.test))
            inner = Env(env)
            try:
                inner.names.update((n, m(graph)) for n, m in _METRICS.items() if n in wanted)
                self._check(s, inner)
            except Unresolved:
                pass  # what it depends on is reported already
            except Mistake as mistake:
                self._sink.report_mistake(mistake, s.span)

    def _check(self, s: tree.Assert, env: Env) -> None:
        value = self._evaluator.constant(s.test, env)
        if value is UNKNOWN or value:
            return
        left = operator = right = ""
        if isinstance(s.test, tree.Compare) and len(s.test.rest) == 1:
            operator, expression = s.test.rest[0]
            left = self._side(s.test.first, env)
            right = self._side(expression, env)
        problem = AssertionFailed(left=left, operator=operator, right=right, said=s.message)
        raise Mistake(problem, s.test.span)

    def _side(self, e: tree.Expression, env: Env) -> str:
        value = self._evaluator.constant(e, env)
        text = f"{value:,}".replace(",", "_") if type(value) is int else str(value)
        return text if isinstance(e, (tree.Constant, tree.Size)) else f"{e.span.text} = {text}"

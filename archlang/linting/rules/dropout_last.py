"""W0505: a dropout behind the last layer with weights."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import DropoutLast
from archlang.diagnostics.model import Fix
from archlang.graph import Graph, Node, shapes
from archlang.linting.model import Found, StepRule, is_output, layer, only_user
from archlang.linting.written import Written, is_plain
from archlang.ops.regularisation import DropPath


class DropoutLastRule(StepRule):
    """Dropouts behind which only layers without weights lead to an output."""

    problem = DropoutLast
    families = frozenset({"regular"})
    repairs = True

    def check(self, node: Node, graph: Graph) -> Found | None:
        if isinstance(node.op, DropPath) or getattr(node.op, "p", 0) == 0:
            return None
        at: Node | None = node
        while at is not None and not is_output(at, graph):
            at = only_user(at, graph)
            if at is not None and (len(at.inputs) != 1 or at.op.params(*shapes(at))):
                return None
        return None if at is None else Found(DropoutLast(layer(node.op)))

    def fix(self, node: Node, written: Written) -> Fix | None:
        plain = is_plain(written.call_at(node.span))  # else a parameter would do nothing
        sure = plain and written.in_network(node.span)
        return written.without_step(node.span) if sure else None

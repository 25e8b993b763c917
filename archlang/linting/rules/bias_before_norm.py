"""W0501: a bias that the normalisation behind it subtracts again."""

from __future__ import annotations

from archlang.diagnostics.catalog.lint_layers import BiasBeforeNorm
from archlang.diagnostics.model import Fix, Label
from archlang.graph import Graph, Node
from archlang.linting.model import Found, StepRule, layer, only_user
from archlang.linting.written import Written
from archlang.ops.normalisation import BatchNorm, InstanceNorm

_NORMS = (BatchNorm, InstanceNorm)


class BiasBeforeNormRule(StepRule):
    """Convolutions and linear layers with a bias, directly before bn or inorm."""

    problem = BiasBeforeNorm
    families = frozenset({"conv", "linear"})
    repairs = True

    def check(self, node: Node, graph: Graph) -> Found | None:
        if getattr(node.op, "bias", False) is not True:
            return None
        norm = only_user(node, graph)
        # a frozen normalisation subtracts its running mean, whatever the bias is
        if norm is None or not isinstance(norm.op, _NORMS) or norm.frozen == "layer":
            return None
        name = layer(norm.op)
        label = Label(norm.span, f"this {name} subtracts it")
        return Found(BiasBeforeNorm(layer(node.op), name), (label,))

    def fix(self, node: Node, written: Written) -> Fix | None:
        if written.next_name(node.span) not in {norm.name for norm in _NORMS}:
            return None  # what follows may be another layer in a network that is not built here
        return written.with_argument(node.span, "bias", "false")

"""W0517: a `let` that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.diagnostics.catalog.lint_names import UnusedConstant
from archlang.diagnostics.model import Diagnostic, Fix
from archlang.linting.model import TextRule
from archlang.linting.written import Written
from archlang.syntax import tree


class UnusedConstantRule(TextRule):
    """Constants of a body that it never mentions, and of a file that nothing mentions."""

    problem = UnusedConstant
    repairs = True

    def check(self, written: Written) -> Iterator[Diagnostic]:
        for definition in written.definitions:
            top = definition.tree
            if isinstance(top, tree.Let):
                name, uses = top.name, written.mentions[top.name.id]
                known = name.id in written.elsewhere or not written.has_networks
                if not known and uses == definition.mentions[name.id]:  # others may not mention it
                    yield Diagnostic.of(UnusedConstant(name.id), name.span)
                continue
            for node in definition.of(tree.Let):
                if isinstance(node, tree.Let) and not definition.mentions[node.name.id]:
                    problem = UnusedConstant(node.name.id)
                    yield Diagnostic.of(problem, node.name.span, fix=Fix(node.span, ""))

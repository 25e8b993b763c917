"""W0523: a condition that is always the same."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.diagnostics.catalog.lint_names import FixedCondition
from archlang.diagnostics.model import Diagnostic
from archlang.linting.model import TextRule
from archlang.linting.written import Written
from archlang.syntax import tree
from archlang.syntax.walk import walk


class FixedConditionRule(TextRule):
    """Conditions of `if` in which no name occurs."""

    problem = FixedCondition

    def check(self, written: Written) -> Iterator[Diagnostic]:
        for definition in written.definitions:
            for node in definition.of(tree.If, tree.Conditional):
                for condition in _conditions(node):
                    if not any(isinstance(n, tree.Name) for n in walk(condition)):
                        yield Diagnostic.of(FixedCondition(), condition.span)


def _conditions(node: tree.Syntax) -> Iterator[tree.Expression]:
    if isinstance(node, tree.If):
        yield from (condition for condition, _ in node.arms if condition is not None)
    elif isinstance(node, tree.Conditional):
        yield node.condition

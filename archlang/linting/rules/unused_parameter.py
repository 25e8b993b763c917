"""W0519: a parameter that its block or network never uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from archlang.diagnostics.catalog.lint_names import UnusedParameter
from archlang.diagnostics.model import Diagnostic
from archlang.linting.model import TextRule
from archlang.linting.written import Written
from archlang.syntax import tree


class UnusedParameterRule(TextRule):
    """Parameters of blocks and networks, but of those that are handed on as arguments."""

    problem = UnusedParameter

    def check(self, written: Written) -> Iterator[Diagnostic]:
        called: Counter[str] = Counter()
        for definition in written.definitions:
            called.update(_called(definition.of(tree.Call, tree.Network)))
        for definition in written.definitions:
            unit = definition.tree
            if (
                not isinstance(unit, (tree.Block, tree.Network))
                or unit.name.id in written.elsewhere
            ):
                continue
            if written.mentions[unit.name.id] > called[unit.name.id]:
                continue  # its name alone is handed on, so it takes what others like it take
            for parameter in unit.parameters:
                used = definition.mentions[parameter.name]
                if not used and not parameter.name.startswith("_"):
                    problem = UnusedParameter(parameter.name, unit.name.id)
                    yield Diagnostic.of(problem, parameter.span)


def _called(nodes: Iterable[tree.Syntax]) -> Iterator[str]:
    """The names that are called, or stand for a network by themselves."""
    for node in nodes:
        match node:
            case tree.Call(callee=tree.Name(id=name)):
                yield name
            case tree.Network():
                for behind in (node.alias, node.base):
                    if isinstance(behind, tree.Name):
                        yield behind.id
            case _:
                pass

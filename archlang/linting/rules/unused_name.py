"""W0516: a second name for a tensor, or a shared layer, that is never used."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.diagnostics.catalog.lint_names import UnusedName
from archlang.diagnostics.model import Diagnostic, Fix
from archlang.linting.model import TextRule
from archlang.linting.written import Definition, Written
from archlang.syntax import tree


class UnusedNameRule(TextRule):
    """Lines such as `Y = x` and `shared head = …` whose name no line of the body mentions."""

    problem = UnusedName
    repairs = True

    def check(self, written: Written) -> Iterator[Diagnostic]:
        for definition in written.definitions:
            tensors = _tensors(definition)
            for node in definition.of(tree.Step, tree.Shared):
                name = _renamed(node, tensors)
                if name is not None and not definition.mentions[name.id]:
                    sure = isinstance(node, tree.Shared) or _opens(definition.tree, node)
                    fix = Fix(node.span, "") if sure else None
                    yield Diagnostic.of(UnusedName(name.id), name.span, fix=fix)


def _tensors(definition: Definition) -> set[str]:
    """The names that stand for tensors in a definition."""
    steps = (node for node in definition.of(tree.Step) if isinstance(node, tree.Step))
    kept = (target for step in steps for target in step.targets)
    return {"x", *(target.id for target in kept if isinstance(target, tree.Name))}


def _renamed(node: tree.Syntax, tensors: set[str]) -> tree.Name | None:
    """The name that a line gives without making anything."""
    match node:
        case tree.Shared():
            return node.name
        case tree.Step(targets=(tree.Name() as name,), value=tree.Name() as value):
            plain = node.ascription is None and name.id != "_"
            return name if plain and value.id in tensors else None
        case _:
            return None


def _opens(unit: tree.Definition, node: tree.Syntax) -> bool:
    """Whether a line is the first of a block, so that the same flows before and behind it."""
    if not isinstance(unit, tree.Block) or not isinstance(node, tree.Step):
        return False
    lines = unit.body.statements
    opens = len(lines) > 1 and lines[0] is node
    return opens and isinstance(node.value, tree.Name) and node.value.id == "x"

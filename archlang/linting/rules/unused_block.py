"""W0518: a block that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.diagnostics.catalog.lint_names import UnusedBlock
from archlang.diagnostics.model import Diagnostic
from archlang.linting.model import TextRule
from archlang.linting.written import Written
from archlang.syntax import tree


class UnusedBlockRule(TextRule):
    """Blocks of a file with networks that nothing but they themselves mention."""

    problem = UnusedBlock

    def check(self, written: Written) -> Iterator[Diagnostic]:
        if not written.has_networks:
            return
        for definition in written.definitions:
            unit = definition.tree
            if not isinstance(unit, tree.Block) or unit.name.id in written.elsewhere:
                continue
            if written.mentions[unit.name.id] == definition.mentions[unit.name.id]:
                yield Diagnostic.of(UnusedBlock(unit.name.id), unit.name.span)

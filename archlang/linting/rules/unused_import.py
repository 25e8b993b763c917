"""W0520: a name that is brought in from another file and never used."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.diagnostics.catalog.lint_names import UnusedImport
from archlang.diagnostics.model import Diagnostic, Fix
from archlang.linting.model import TextRule
from archlang.linting.written import Written
from archlang.source import Span
from archlang.syntax import tree


class UnusedImportRule(TextRule):
    """Names behind `use`; a file of nothing but `use` hands them on, and is left alone."""

    problem = UnusedImport
    repairs = True

    def check(self, written: Written) -> Iterator[Diagnostic]:
        kinds = (tree.Use, tree.Version)
        if all(isinstance(definition.tree, kinds) for definition in written.definitions):
            return
        for definition in written.definitions:
            use = definition.tree
            if not isinstance(use, tree.Use):
                continue
            for number, (_, here) in enumerate(use.names):
                if not written.mentions[here.id] and here.id not in written.elsewhere:
                    problem = UnusedImport(here.id, str(use.file.value))
                    yield Diagnostic.of(problem, here.span, fix=_without(use, number))


def _without(use: tree.Use, number: int) -> Fix:
    """The line without one of its names; without any, no line."""
    if len(use.names) == 1:
        return Fix(use.span, "")
    source = use.span.source
    if number:
        return Fix(
            Span(source, use.names[number - 1][1].span.end, use.names[number][1].span.end), ""
        )
    return Fix(Span(source, use.names[0][0].span.start, use.names[1][0].span.start), "")

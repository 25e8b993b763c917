"""W0521: both signs of the matching operator in one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from archlang.diagnostics.catalog.lint_names import TwoSigns
from archlang.diagnostics.model import Diagnostic, Fix
from archlang.linting.model import TextRule
from archlang.linting.written import Written
from archlang.source import Span
from archlang.syntax import tree

_SIGNS = ("∘", "@")


class TwoSignsRule(TextRule):
    """Where the rarer one of W∘x and W@x stands."""

    problem = TwoSigns
    repairs = True

    def check(self, written: Written) -> Iterator[Diagnostic]:
        signs = [
            sign
            for definition in written.definitions
            for node in definition.of(tree.Matched)
            if isinstance(node, tree.Matched) and (sign := _sign(node)) is not None
        ]
        counts = Counter(sign.text for sign in signs)
        usual = max(_SIGNS, key=lambda sign: counts[sign])
        for sign in signs:
            if sign.text != usual:
                yield Diagnostic.of(TwoSigns(sign.text, usual), sign, fix=Fix(sign, usual))


def _sign(node: tree.Matched) -> Span | None:
    """Where the sign stands between W and x."""
    source = node.span.source
    between = Span(source, node.operator.span.end, node.operand.span.start)
    at = next((i for i, char in enumerate(between.text) if char in _SIGNS), None)
    return None if at is None else Span(source, between.start + at, between.start + at + 1)

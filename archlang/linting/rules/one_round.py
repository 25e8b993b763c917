"""W0522: a repetition of one round, or of none."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.diagnostics.catalog.lint_names import OneRound
from archlang.diagnostics.model import Diagnostic
from archlang.linting.model import TextRule
from archlang.linting.written import Written
from archlang.ops.registry import find
from archlang.source import Span
from archlang.syntax import tree

_KINDS = (tree.Repeat, tree.Dense, tree.Binary, tree.For, tree.Branch)


class OneRoundRule(TextRule):
    """`repeat 1:`, `dense 1:`, `1 * Unit`, `for i in range(1)`, a `branch:` with one line."""

    problem = OneRound

    def check(self, written: Written) -> Iterator[Diagnostic]:
        for definition in written.definitions:
            for node in definition.of(*_KINDS):
                found = _repetition(node)
                if found is not None and found[1] in (0, 1):
                    what, count, at = found
                    yield Diagnostic.of(OneRound(what, count), at)


def _repetition(node: tree.Syntax) -> tuple[str, int, Span] | None:
    """What repeats, how often if that is a plain number, and where it is said."""
    match node:
        case tree.Repeat(count=tree.Constant(value=int() as count)):
            return "repeat", count, node.count.span
        case tree.Dense(count=tree.Constant(value=int() as count)):
            return "dense", count, node.count.span
        case tree.Binary(operator="*", left=tree.Constant(value=int() as count)):
            return ("repetition", count, node.span) if _is_layer(node.right) else None
        case tree.For():
            count = _rounds(node.over)
            return None if count is None else ("for", count, node.over.span)
        case tree.Branch(body=tree.Suite(statements=(tree.Step(),))):
            return "branch", 1, node.body.statements[0].span
        case _:
            return None


def _rounds(over: tree.Expression) -> int | None:
    match over:
        case tree.ListOf(items=items):
            return len(items)
        case tree.Call(
            callee=tree.Name(id="range"),
            arguments=(tree.Argument(value=tree.Constant(value=int() as count)),),
        ):
            return count
        case _:
            return None


def _is_layer(e: tree.Expression) -> bool:
    """Whether it is a layer for sure: a built-in one, or a block by its capital."""
    name = e.callee if isinstance(e, tree.Call) else e
    if not isinstance(name, tree.Name):
        return False
    return (isinstance(e, tree.Call) and name.id[:1].isupper()) or find(name.id) is not None

"""Walking trees: the children of any node, and the names an expression mentions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archlang.syntax import tree


def children(node: tree.Syntax) -> Iterator[tree.Syntax]:
    """The nodes directly below a node."""
    for name in node.compared:
        yield from _nodes(getattr(node, name))


def _nodes(value: Any) -> Iterator[tree.Syntax]:
    if isinstance(value, tree.Syntax):
        yield value
    elif isinstance(value, tuple):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _nodes(item)


def walk(node: tree.Syntax) -> Iterator[tree.Syntax]:
    """A node and all below it, without recursion."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(children(current))


def names_in(expression: tree.Expression) -> Iterator[str]:
    """The names an expression mentions."""
    return (node.id for node in walk(expression) if isinstance(node, tree.Name))

"""The rows of a summary: by layer, by block or by stage, in order or sorted by what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import Any, Literal, TypeAlias

from archlang.analysis.activations import Memory
from archlang.analysis.receptive import Field
from archlang.analysis.stages import Stage, stages
from archlang.analysis.summary import Row, Summary
from archlang.graph import Graph, Node, Scope
from archlang.ops.base import Shape

By: TypeAlias = Literal["layer", "block", "stage"]
Column: TypeAlias = Literal["params", "macs", "memory", "field"]
_LISTED = 4
"""How many parts of a stage its label names."""


@dataclass(frozen=True, slots=True)
class Group:
    """Some steps that are one row: a single layer, or all of a block or stage."""

    path: str
    label: str
    """What a paper writes in its box; of a block its name and constants, of a stage its parts."""
    rows: tuple[Row, ...]
    file: str
    line: int
    """Where it is written, or used; lines count from 1."""

    @property
    def last(self) -> Row:
        """The step whose result is the group's."""
        regular = [row for row in self.rows if row.training is None]
        return (regular or self.rows)[-1]

    @property
    def outputs(self) -> tuple[Shape, ...]:
        """The shapes of what its last step gives."""
        return self.last.outputs

    @property
    def field(self) -> Field:
        """What a unit of its last result sees of the input."""
        return self.last.field

    @property
    def params(self) -> int:
        """All its parameters, the frozen ones included."""
        return sum(row.params for row in self.rows)

    @property
    def frozen(self) -> int:
        """Those of its parameters that are not trained."""
        return sum(row.params for row in self.rows if row.frozen)

    @property
    def macs(self) -> int:
        """Multiplications for one sample, those of parts for training included."""
        return sum(row.macs for row in self.rows)

    @property
    def nodes(self) -> tuple[int, ...]:
        """The ids of its nodes in the graph."""
        return tuple(row.node for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """A block or stage as an object of `archlang summary --json`."""
        return {
            "path": self.path,
            "label": self.label,
            "file": self.file,
            "line": self.line,
            "layers": [row.path for row in self.rows],
            "outputs": [list(shape) for shape in self.outputs],
            "field": self.field.as_json(),
            "params": self.params,
            "frozen": self.frozen,
            "macs": self.macs,
        }


def groups(graph: Graph, summary: Summary, by: By = "layer") -> tuple[Group, ...]:
    """The rows of a network's summary, in the order of the network; every step is in one of them.

    A block is a use of a declared block, the outermost that has a step of its own: what merely
    repeats other blocks is not one of them. Steps outside of all blocks stay rows by themselves.
    """
    rows = {row.node: row for row in summary.rows}
    if by == "layer":
        return tuple(map(_single, summary.rows))
    if by == "stage":
        return tuple(_stage(stage, rows) for stage in stages(graph))
    found: dict[int, tuple[Scope | None, list[Row]]] = {}
    outermost = _blocks(graph)
    for row in summary.rows:
        scope = outermost(graph.nodes[row.node])
        found.setdefault(id(scope) if scope else -row.node, (scope, []))[1].append(row)
    return tuple(
        _joint(scope.path, _block_label(scope), inside, scope) if scope else _single(inside[0])
        for scope, inside in found.values()
    )


def sorted_groups(
    found: Sequence[Group], column: Column, memory: Memory | None = None
) -> tuple[Group, ...]:
    """The greatest first; equal ones in the order of the network.

    Memory is what is kept for training; a field is greatest if it is all of the input.

    Raises:
        ValueError: they are to be sorted by a memory that is not given.
    """
    return tuple(sorted(found, key=_key(column, memory), reverse=True))


def _key(column: Column, memory: Memory | None) -> Callable[[Group], Any]:
    if column == "params":
        return lambda group: group.params
    if column == "macs":
        return lambda group: group.macs
    if column == "field":
        return lambda group: (group.field.whole, prod(group.field.size))
    if memory is None:
        raise ValueError("there is no memory to sort by: measure it for a batch")
    return lambda group: memory.of(group.nodes).training


def _single(row: Row) -> Group:
    return Group(row.path, row.label, (row,), row.file, row.line)


def _joint(path: str, label: str, rows: Iterable[Row], scope: Scope | None) -> Group:
    """Several rows as one, which stands where the scope they lie in is used."""
    rows = tuple(rows)
    if scope is None or scope.span is None:
        return Group(path, label, rows, rows[0].file, rows[0].line)
    return Group(path, label, rows, scope.span.source.name, scope.span.begin.line)


def _stage(stage: Stage, rows: Mapping[int, Row]) -> Group:
    outermost = next(iter(_within(stage.nodes[0])), None)
    inside = (rows[node.id] for node in stage.nodes)
    return _joint(stage.name, _stage_label(stage.nodes, outermost), inside, outermost)


def _blocks(graph: Graph) -> Callable[[Node], Scope | None]:
    """Finds the outermost block with a step of its own that a node lies in."""
    own = {id(node.scope.unit) for node in graph.nodes if node.role != "input"}

    def outermost(node: Node) -> Scope | None:
        blocks = (s for s in node.scope.ancestors() if s.kind == "block" and id(s) in own)
        return next(reversed(list(blocks)), None)

    return outermost


def _block_label(scope: Scope) -> str:
    """`Bottleneck(C=64, stride=1)`; constants that are layers or operators are left out."""
    given = [f"{name}={value:g}" for name, value in scope.arguments if _is_number(value)]
    return f"{scope.name}({', '.join(given)})" if given else scope.name


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _stage_label(nodes: Sequence[Node], outermost: Scope | None) -> str:
    """A block's name if it is one, else what it is made of: `3 × Bottleneck`."""
    if outermost and outermost.kind == "block":
        return _block_label(outermost)
    parts = [name for _, name in _merged((id(part), name) for part, name in map(_part, nodes))]
    counted = [(name, len(list(alike))) for name, alike in groupby(parts)]
    words = [f"{n} × {name}" if n > 1 else name for name, n in counted]
    return ", ".join(words[:_LISTED]) + (", …" if len(words) > _LISTED else "")


def _within(node: Node) -> list[Scope]:
    """The scopes that a node lies in, outside in, without the network."""
    return [s for s in node.scope.ancestors() if s.parent is not None][::-1]


def _part(node: Node) -> tuple[object, str]:
    """The block of a stage that a node lies in, and its name; else the node, and its layer's."""
    block = next((s for s in _within(node) if s.kind == "block"), None)
    return (block, block.name) if block else (node, node.kind)


def _merged(parts: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """One of each run of equal parts."""
    return [part for part, _ in groupby(parts)]

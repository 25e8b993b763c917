"""The stages of a network: the runs of layers that people name together (`layer3`, `stem`)."""

from __future__ import annotations

from itertools import groupby

from archlang.graph import Graph, Node
from archlang.record import Record


class Stage(Record):
    """A run of steps, in the order of the network."""

    name: str
    """The path of the part they lie in (`layer3`); of loose steps the first and last path."""
    nodes: tuple[Node, ...]


def stages(graph: Graph) -> tuple[Stage, ...]:
    """The parts that a network's own body is made of; loose steps between two parts are one.

    Every step but the inputs is in exactly one of them.
    """
    steps = [n for n in graph.nodes if n.role != "input"]
    return tuple(_stage(part, tuple(nodes)) for part, nodes in groupby(steps, part_of))


def part_of(node: Node) -> str:
    """The path of the outermost scope below the network that a step lies in; empty for none."""
    outermost = ""
    for scope in node.scope.ancestors():
        if scope.parent is not None:
            outermost = scope.path
    return outermost


def _stage(part: str, nodes: tuple[Node, ...]) -> Stage:
    first, last = nodes[0].path, nodes[-1].path
    return Stage(part or (first if first == last else f"{first}–{last}"), nodes)

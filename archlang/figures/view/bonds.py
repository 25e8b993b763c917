"""What ties a box to others of its panel: whose results it takes in which order, whose weights."""

from __future__ import annotations

from collections.abc import Iterator

from archlang.figures.view.model import Box, Panel
from archlang.graph import Graph, Node
from archlang.ops.merging import Concat, Subtract


class Bonds:
    """The boxes of one panel by the nodes and the parameters they stand for."""

    def __init__(self, graph: Graph, panel: Panel) -> None:
        self.graph = graph
        self.owner = {node: box.id for box in panel.boxes for node in box.nodes}
        self._sharing: dict[str, set[int]] = {}
        for box in panel.boxes:
            for node in box.nodes:
                self._sharing.setdefault(graph.nodes[node].path, set()).add(box.id)

    def operands(self, box: Box) -> tuple[int, ...]:
        """The boxes that a difference or a concatenation takes its operands from, in order; nothing
        for all else, where the order says nothing or is compared already."""
        nodes = [self.graph.nodes[n] for n in box.nodes]
        if len(nodes) != 1 or not isinstance(nodes[0].op, (Subtract, Concat)):
            return ()
        return tuple(self._sources(nodes[0]))

    def _sources(self, node: Node) -> Iterator[int]:
        for operand, tensor in enumerate(node.inputs):
            given = self.graph.matching.get((node.id, operand))
            source = tensor.node if tensor.node in self.owner or given is None else given[0].node
            yield self.owner.get(source, -1)

    def sharing(self, box: Box) -> frozenset[int]:
        """The other boxes with parameters of this one."""
        paths = {self.graph.nodes[n].path for n in box.nodes}
        return frozenset(set[int]().union(*(self._sharing[p] for p in paths)) - {box.id})

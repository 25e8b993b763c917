"""Questions that passes ask of a graph: who takes a result, and what one layer is used for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from functools import cached_property

from archlang.graph import Graph, Node


class Uses:
    """What is known of the results and the layers of a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._outputs = {output.tensor.node for output in graph.outputs}

    def only_user(self, node: Node) -> Node | None:
        """The one node that takes a node's result, once; None: another does, or it is an output."""
        users = self.graph.consumers[node.id]
        if node.id in self._outputs or len(users) != 1 or len(node.outputs) != 1:
            return None
        return users[0]

    def is_output(self, node: Node) -> bool:
        """Whether the network gives one of a node's results."""
        return node.id in self._outputs

    @cached_property
    def by_path(self) -> Mapping[str, list[Node]]:
        """The uses of each layer: several, where it is shared."""
        found: defaultdict[str, list[Node]] = defaultdict(list)
        for node in self.graph.nodes:
            found[node.path].append(node)
        return found

    def agreed(self, said: Mapping[int, Hashable]) -> set[int]:
        """The nodes of which something is said that holds for all uses of their layers.

        Args:
            said: what is said, by the number of the node.
        """
        return {
            number
            for number, what in said.items()
            if all(said.get(n.id) == what for n in self.by_path[self.graph.nodes[number].path])
        }

"""Which paired layers take their inputs from somewhere else than their partners do."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

from archlang.graph import Graph, Node, Tensor
from archlang.ops.merging import Concat, Subtract

_ORDERED = (Subtract, Concat)
"""Merges whose operands have an order."""
_MOST_OPERANDS = 4


class Wiring:
    """Says of two networks, whose layers are paired, where the connections differ.

    What came or went between two paired layers is looked through: it is told of by itself.
    """

    def __init__(self, before: Graph, after: Graph, layers: Mapping[int, int]) -> None:
        self._before, self._after = before, after
        self._layers = layers
        self._partners = {b: a for a, b in layers.items()}
        self._known: dict[tuple[bool, int], frozenset[int]] = {}

    def differs(self, a: Node, b: Node) -> bool:
        """Whether a layer takes another tensor, or another number of them, than its partner."""
        if len(a.inputs) != len(b.inputs):
            return True
        if all(map(self.same, a.inputs, b.inputs)):
            return False
        if isinstance(a.op, _ORDERED) or len(a.inputs) > _MOST_OPERANDS:
            return True
        return not any(all(map(self.same, a.inputs, other)) for other in permutations(b.inputs))

    def sources(self, a: Node, b: Node) -> str:
        """Where a layer took its inputs from, and where it takes them from now, in words."""
        left = [self._before.producer(t).path for t in a.inputs]
        right = [self._after.producer(t).path for t in b.inputs]
        if len(left) == len(right):
            differ = [
                k for k, (s, t) in enumerate(zip(a.inputs, b.inputs, strict=True))
                if not self.same(s, t)
            ]  # fmt: skip
            left, right = [left[k] for k in differ], [right[k] for k in differ]
        return f"takes {', '.join(right) or 'nothing'} instead of {', '.join(left) or 'nothing'}"

    def same(self, a: Tensor, b: Tensor) -> bool:
        """Whether two tensors are made by partners, or come from partners on any way."""
        if a.node in self._layers and b.node in self._partners:
            return self._layers[a.node] == b.node and a.port == b.port
        left, right = self._sources(a.node, first=True), self._sources(b.node, first=False)
        return bool(left & right) or not (left or right)

    def _sources(self, start: int, *, first: bool) -> frozenset[int]:
        """The nearest paired layers that a node's result comes from, by their ids in `after`."""
        graph = self._before if first else self._after
        key = (first, start)
        if key not in self._known:
            found: set[int] = set()
            seen, waiting = {start}, [start]
            while waiting:
                node = waiting.pop()
                partner = self._layers.get(node) if first else node
                if partner is not None and partner in self._partners:
                    found.add(partner)
                    continue
                inputs = {tensor.node for tensor in graph.nodes[node].inputs} - seen
                seen |= inputs
                waiting += inputs
            self._known[key] = frozenset(found)
        return self._known[key]

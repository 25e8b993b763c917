"""Where a network may be cut in two, and which tensors live across a cut."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Literal

from archlang.analysis.inplace import inplace_nodes
from archlang.distributed.planning.values import Value, Values
from archlang.graph import Graph, Node, Tensor, shapes
from archlang.ops.base import numel
from archlang.ops.recipe import Module
from archlang.record import Record

Side = Literal["before", "after"]


class Place(Record):
    """A place to cut: everything from node `at` on is behind it.

    A place is beside a layer that is a module, which `split` finds by its path in any module of
    the network, optimised or not: right `before` one, or right `after` one.
    """

    at: int
    side: Side
    numbers: int
    """Numbers that live across it, for one sample."""


class Shared(Record):
    """A layer that is used again, so that all between its uses has to stay together."""

    path: str
    first: Node
    last: Node


class Cuts:
    """All places to cut a graph at, from its head to its end."""

    def __init__(self, graph: Graph, *, apart: bool = False) -> None:
        """`apart`: as if no layer were used twice."""
        self.graph = graph
        self.values = Values(graph)
        self._last = self._last_uses()
        self.layers = tuple(accumulate(map(is_layer, graph.nodes), initial=0))
        """How many layers stand before each node; the last one is how many there are."""
        self.shared = () if apart else shared_layers(graph)
        self.places = self._places()

    def live(self, at: int) -> tuple[Tensor, ...]:
        """The tensors that live across a cut before node `at`, each once, in running order."""
        crossing = sorted(v for v, last in self._last.items() if self._made(v) < at <= last)
        inputs = [v for v in crossing if self._made(v) < 0]
        rest = [v for v in crossing if self._made(v) >= 0]
        return tuple(map(self.values.tensor, (*inputs, *rest)))

    def _made(self, value: Value) -> int:
        """When it is made; the network's inputs are there from the start."""
        node = self.graph.nodes[value[0]]
        return -1 if node.role == "input" else node.id

    def _last_uses(self) -> dict[Value, int]:
        last: dict[Value, int] = {}
        for node in self.graph.nodes:
            last.update((value, node.id) for value in self.values.taken(node))
        for output in self.graph.outputs:
            last[self.values.of(output.tensor)] = len(self.graph.nodes)
        return last

    def _places(self) -> tuple[Place, ...]:
        size = len(self.graph.nodes)
        change: defaultdict[int, int] = defaultdict(int)
        for value, last in self._last.items():
            numbers = numel(self.values.tensor(value).shape)
            change[self._made(value) + 1] += numbers
            change[last + 1] -= numbers
        live = list(accumulate(change[at] for at in range(size + 1)))
        closed = self._closed()
        open_ = (at for at in range(1, size) if not closed[at] and self._parts(at))
        return tuple(
            Place(at, side, live[at]) for at in open_ if (side := self._side(at)) is not None
        )

    def _side(self, at: int) -> Side | None:
        if is_layer(self.graph.nodes[at]):
            return "before"
        return "after" if is_layer(self.graph.nodes[at - 1]) else None

    def _parts(self, at: int) -> bool:
        """Whether there are layers on both sides."""
        return 0 < self.layers[at] < self.layers[-1]

    def _closed(self) -> list[bool]:
        """For each node, whether no cut may be right before it."""
        spans = [(s.first.id, s.last.id) for s in self.shared]
        spans += overwriting(self.graph)
        spans += [(min(again.nodes), max(again.nodes)) for again in self.graph.again]
        nodes = self.graph.nodes
        spans += [  # what runs only while training is one step, for each of its outputs
            (a.id, b.id)
            for a, b in pairwise(nodes)
            if a.training is not None and a.training == b.training
        ]
        change = [0] * (len(nodes) + 2)
        for first, last in spans:
            change[first + 1] += 1
            change[last + 1] -= 1
        return [depth > 0 for depth in accumulate(change)]


def is_layer(node: Node) -> bool:
    """Whether a step is a module of torch, so that it has a name of its own."""
    return node.role != "input" and isinstance(node.op.recipe(*shapes(node)), Module)


def overwriting(graph: Graph) -> list[tuple[int, int]]:
    """Steps that work in place, as (who made what they overwrite, they).

    A stage must not overwrite what it receives: that is a leaf of autograd's graph there.
    """
    return [(graph.nodes[n].inputs[0].node, n) for n in sorted(inplace_nodes(graph))]


def shared_layers(graph: Graph) -> tuple[Shared, ...]:
    """The layers that are used more than once and so belong into one stage."""
    uses: defaultdict[str, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        if is_layer(node):
            uses[node.path].append(node)
    return tuple(_shared(path, nodes) for path, nodes in uses.items() if len(nodes) > 1)


def _shared(path: str, nodes: Iterable[Node]) -> Shared:
    ordered = sorted(nodes, key=lambda n: n.id)
    return Shared(path, ordered[0], ordered[-1])

"""Which networks are scalar chains: neurons in a row, with the lecture's one skip or without."""

from __future__ import annotations

from archlang.analysis.functions import IDENTITY, Curve, curve_of
from archlang.diagnostics.catalog.chainrule import NotAChain, UnknownWeight
from archlang.diagnostics.model import SpecError
from archlang.graph import Graph, Node
from archlang.ops.base import shape_text
from archlang.ops.initial import Constant, Ones, Zeros
from archlang.ops.linear import FullyConnected
from archlang.ops.merging import Add
from archlang.problems import about_network
from archlang.record import Record
from archlang.source import Span


class Neuron(Record):
    """`y_l = f(w_l y_(l-1))`: where its weight stands in the spec, what it starts as, and f."""

    path: str
    weight: float | None
    """None where it is drawn at random."""
    curve: Curve
    layer: int
    """The node of w_l, by its number in the graph."""


class ScalarChain(Record):
    """`y_1 = f(w_1 x)`, `y_l = f(w_l y_(l-1))`, `θ = y_(L+1)`; with the skip `θ = y_(L+1) + w_1 x`.

    The L + 1 neurons stand in the order of the network.
    """

    name: str
    neurons: tuple[Neuron, ...]
    skip: bool
    graph: Graph

    @property
    def length(self) -> int:
        """The lecture's L: the neurons without the last one."""
        return len(self.neurons) - 1

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The activations, in order; most chains have one kind."""
        return tuple(neuron.curve for neuron in self.neurons)

    def weights(self) -> tuple[float, ...]:
        """What the spec says that the weights start as.

        Raises:
            SpecError: one is drawn at random, so that the spec does not say it.
        """
        for neuron in self.neurons:
            if neuron.weight is None:
                problem = UnknownWeight(path=neuron.path)
                raise about_network(self.graph, problem, self.graph.nodes[neuron.layer].span)
        return tuple(n.weight for n in self.neurons if n.weight is not None)


def chain_of(graph: Graph) -> ScalarChain:
    """Read a network as a scalar chain.

    It takes one number and consists of `fc(1, bias=false)` and any number of activations that have
    a derivative here (none between two neurons: the identity), and at the end perhaps of the sum
    `+ w_1 x`.

    Raises:
        SpecError: it is no such chain; says at which line.
    """
    return _Reader(graph).chain()


class _Reader:
    """Reads a graph from its input to its output as a chain."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.seen = {*graph.inputs}
        """The nodes that have been read as a part of the chain."""
        self.paths: set[str] = set()
        """Where its weights stand."""

    def chain(self) -> ScalarChain:
        """The chain.

        Raises:
            SpecError: it is none.
        """
        graph = self.graph
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise self._none("it has several inputs or outputs")
        for node in graph.nodes:
            if node.shape != (1,):
                raise self._none(f"{node.path} is {shape_text(node.shape)}", node)
        first = self._first()
        neurons, end = self._neurons(first)
        skip = isinstance(end.op, Add)
        if skip:
            self._hold_skip(end, first)
        rest = [n for n in graph.nodes if n.id not in self.seen]
        if rest or graph.outputs[0].tensor.node != end.id:
            strange = rest[0] if rest else end
            raise self._none(f"{strange.path} is no part of a chain", strange)
        return ScalarChain(graph.name, neurons, skip, graph)

    def _first(self) -> Node:
        """The node of w_1 x that the chain goes on from; the skip may use the weight once more."""
        users = self.graph.consumers[self.graph.inputs[0]]
        onward = [u for u in users if not self._is_skip(u)] or users
        if len(onward) != 1 or any(u.path != onward[0].path for u in users):
            raise self._none("its input goes to more than one layer", users[-1] if users else None)
        return onward[0]

    def _is_skip(self, node: Node) -> bool:
        """Whether a value goes into the sum and nowhere else."""
        users = self.graph.consumers[node.id]
        return len(users) == 1 and isinstance(users[0].op, Add) and node.role != "input"

    def _neurons(self, node: Node) -> tuple[tuple[Neuron, ...], Node]:
        """The neurons one by one, and the last node: an activation, or the sum."""
        found: list[Neuron] = []
        while True:
            if node.path in self.paths:
                raise self._none(f"{node.path} is used twice", node)
            self.paths.add(node.path)
            weight = self._weight(node)
            curve, end = self._activation(node)
            found.append(Neuron(node.path, weight, curve, node.id))
            self.seen |= {node.id, end.id}
            users = self._users(end)
            if not users or isinstance(users[0].op, Add):
                return tuple(found), users[0] if users else end
            node = users[0]

    def _activation(self, layer: Node) -> tuple[Curve, Node]:
        """The f of a neuron and its node; the identity where no activation follows."""
        users = self._users(layer)
        curve = curve_of(users[0].op) if users else None
        if curve is None:
            return IDENTITY, layer
        return curve, users[0]

    def _users(self, node: Node) -> list[Node]:
        """Who takes a value of the chain; the skip takes w_1 x beside the chain."""
        users = self.graph.consumers[node.id]
        onward = [u for u in users if not isinstance(u.op, Add)]
        if len(users) > 1 and not (len(users) == 2 and len(onward) == 1):
            raise self._none(f"{node.path} is taken by more than one layer", users[-1])
        return onward or users

    def _weight(self, node: Node) -> float | None:
        op = node.op
        if not isinstance(op, FullyConnected):
            raise self._none(f"{node.path} is neither fc(1, bias=false) nor an activation", node)
        if op.bias:
            raise self._none(f"{node.path} has a bias", node)
        return constant_of(op)

    def _hold_skip(self, end: Node, first: Node) -> None:
        """Hold that the sum is y_(L+1) + w_1 x, in this or the other order, and the output."""
        terms = [self.graph.producer(t) for t in end.inputs]
        skips = [t for t in terms if t.path == first.path and t.inputs == first.inputs]
        if len(terms) != 2 or len(skips) != 1 or self.graph.consumers[end.id]:
            raise self._none("its skip is not w_1 x, added at the end", end)
        self.seen |= {end.id, skips[0].id}

    def _none(self, reason: str, node: Node | None = None) -> SpecError:
        at: Span | None = node.span if node else None
        return about_network(self.graph, NotAChain(network=self.graph.name, reason=reason), at)


def constant_of(op: FullyConnected) -> float | None:
    """The value that every weight of a layer starts as; None where it is drawn at random."""
    match op.init:
        case Constant(val=value):
            return value
        case Zeros():
            return 0.0
        case Ones():
            return 1.0
        case _:
            return None

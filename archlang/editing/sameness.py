"""Whether an edit leaves the networks of a file what they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from archlang.diagnostics.model import Severity
from archlang.editing.document import Analysis
from archlang.editing.places import whole_offsets
from archlang.graph import Graph, Node, Tensor
from archlang.ops.base import Op

Stretch = tuple[int, int]
"""Of a text: where it begins and ends."""


class Step(NamedTuple):
    """What a node computes, whatever it is called; tensors by the numbers of the steps."""

    op: Op
    inputs: tuple[tuple[int, int], ...]
    outputs: tuple[tuple[int, ...], ...]
    role: str
    frozen: str
    training: bool
    matching: tuple[int, ...]
    """The operands that W was applied to."""
    adapt: str


class Essence(NamedTuple):
    """What a network computes."""

    steps: tuple[Step, ...]
    results: tuple[tuple[tuple[int, int], bool], ...]
    """The tensors it gives, and whether while training alone."""


def essence(graph: Graph, without: Collection[int] = ()) -> Essence:
    """What a network computes; nodes `without` hand on what they get, and do not count."""
    numbers: dict[tuple[int, int], tuple[int, int]] = {}
    steps: list[Step] = []

    def known(tensor: Tensor) -> tuple[int, int]:
        return numbers[tensor.node, tensor.port]

    for node in graph.nodes:
        inputs = tuple(map(known, node.inputs))
        if node.id in without:
            numbers[node.id, 0] = inputs[0]
            continue
        for port in range(len(node.outputs)):
            numbers[node.id, port] = len(steps), port
        matched = (i for i in range(len(inputs)) if (node.id, i) in graph.matching)
        shapes = tuple(tensor.shape for tensor in node.outputs)
        adapt = node.adapt.how if node.adapt else ""
        during = node.training is not None
        steps.append(
            Step(node.op, inputs, shapes, node.role, node.frozen, during, tuple(matched), adapt)
        )
    results = tuple((known(output.tensor), output.training) for output in graph.outputs)
    return Essence(tuple(steps), results)


def graphs(analysis: Analysis) -> dict[str, Graph]:
    """The networks that can be built as they are."""
    built = ((name, n.graph) for name, n in analysis.networks.items() if n.whole)
    return {name: graph for name, graph in built if graph is not None}


def sound(analysis: Analysis) -> bool:
    """Whether nothing is wrong in a file."""
    return not any(problem.severity is Severity.ERROR for problem in analysis.problems)


class Kept:
    """What a file says before it is edited; made then, since its pieces move with each edit."""

    def __init__(self, analysis: Analysis, name: str) -> None:
        """`name`: of the file in which stretches may be taken out."""
        self._graphs = graphs(analysis)
        self._places = {
            network: [_place(node, name) for node in graph.nodes]
            for network, graph in self._graphs.items()
        }

    def in_(self, after: Analysis, gone: Sequence[Stretch] = ()) -> bool:
        """Whether a file says the same now, but for the layers in the stretches that are gone, and
        for biases that are no more."""
        now = graphs(after)
        return now.keys() >= self._graphs.keys() and all(
            _same(essence(graph, self._within(network, gone)), essence(now[network]))
            for network, graph in self._graphs.items()
        )

    def _within(self, network: str, gone: Sequence[Stretch]) -> set[int]:
        places: Mapping[int, Stretch | None] = dict(enumerate(self._places[network]))
        return {
            node
            for node, at in places.items()
            if at is not None and any(a <= at[0] and at[1] <= b for a, b in gone)
        }


def _place(node: Node, name: str) -> Stretch | None:
    one_in_one_out = len(node.inputs) == 1 and len(node.outputs) == 1
    return whole_offsets(node.span) if one_in_one_out and node.span.source.name == name else None


def _same(before: Essence, after: Essence) -> bool:
    if before.results != after.results or len(before.steps) != len(after.steps):
        return False
    return all(
        b == a or (b._replace(op=_unbiased(b.op)) == a)
        for b, a in zip(before.steps, after.steps, strict=True)
    )


def _unbiased(op: Op) -> Op:
    biased = getattr(op, "bias", False) is True
    return op.model_copy(update={"bias": False}) if biased else op

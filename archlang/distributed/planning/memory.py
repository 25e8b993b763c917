"""What a pipeline stage keeps in memory: weights, gradients, states, and activations in flight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from types import MappingProxyType
from typing import Literal

from archlang.distributed.planning.costs import ITEM_SIZES, Dtype
from archlang.distributed.planning.values import VIEWS, Value, Values, keeps
from archlang.graph import Graph, Node, shapes
from archlang.ops.base import numel
from archlang.record import Record

Schedule = Literal["1f1b", "gpipe"]
OPTIMIZERS = MappingProxyType(
    {
        "sgd": 0,
        "momentum": 1,
        "rmsprop": 1,
        "adagrad": 1,
        "lion": 1,
        "adam": 2,
        "adamw": 2,
    }
)
"""How many numbers an optimiser remembers for each that it trains."""
STATE_SIZE = 4
"""Optimisers remember in float32, and keep a float32 copy of weights of 16 bits."""


class Memory(Record):
    """Bytes on one device of a stage."""

    weights: int
    gradients: int
    states: int
    """What the optimiser remembers, with its float32 copy of the weights if they have 16 bits."""
    activations: int
    """What is kept for the backward pass of one microbatch."""
    in_flight: int
    """Microbatches whose backward pass is still to come, at most."""

    @property
    def total(self) -> int:
        """All of it, when most is in flight."""
        return self.fixed + self.activations * self.in_flight

    @property
    def fixed(self) -> int:
        """What does not depend on the batch."""
        return self.weights + self.gradients + self.states

    def as_json(self) -> dict[str, int]:
        """The memory as an object of `archlang plan --format json`."""
        names = ("weights", "gradients", "states", "activations", "in_flight", "total")
        return {name: getattr(self, name) for name in names}


class Weights(Record):
    """Numbers of parameters of a stage."""

    trained: int
    frozen: int
    largest: int
    """Those of the block or layer that has most: what sharding puts together at a time."""

    @property
    def all(self) -> int:
        """Trained and frozen together."""
        return self.trained + self.frozen


def weights_of(graph: Graph, nodes: Iterable[Node]) -> Weights:
    """The parameters of some nodes of a graph, each shared one counted once."""
    owners = {node.id for node in graph.owners}
    trained = frozen = 0
    units: dict[str, int] = {}
    for node in nodes:
        if node.id in owners:
            params = node.op.params(*shapes(node))
            trained += 0 if node.frozen else params
            frozen += params if node.frozen else 0
            # the network itself is no block: its own layers are gathered one by one
            unit = node.scope.unit
            path = node.path if unit.parent is None else unit.path
            units[path] = units.get(path, 0) + params
    return Weights(trained, frozen, max(units.values(), default=0))


def stage_memory(
    weights: Weights, activations: int, in_flight: int, dtype: Dtype, optimizer: str, shards: int
) -> Memory:
    """The memory of a stage.

    Args:
        weights: its parameters.
        activations: bytes that are kept for one microbatch.
        in_flight: microbatches at most that wait for their backward pass.
        dtype: the type of weights, gradients and activations.
        optimizer: one of `OPTIMIZERS`.
        shards: devices that weights, gradients and states are divided among (FSDP); a device also
            holds the largest unit whole, with its gradients, when it is its turn.
    """
    size = ITEM_SIZES[dtype]
    copies = OPTIMIZERS[optimizer] + (1 if size < STATE_SIZE else 0)
    state = max(size, STATE_SIZE)
    gathered = size * weights.largest if shards > 1 else 0
    return Memory(
        weights=ceil(size * weights.all / shards) + gathered,
        gradients=ceil(size * weights.trained / shards) + gathered,
        states=ceil(state * copies * weights.trained / shards),
        activations=activations,
        in_flight=in_flight,
    )


def in_flight(schedule: Schedule, stage: int, stages: int, microbatches: int) -> int:
    """How many microbatches of a stage wait for their backward pass at most.

    With GPipe (Huang et al. 2018, arXiv:1811.06965) all of them; with 1F1B (Narayanan et al. 2019,
    arXiv:1806.03377) as many as there are stages from it to the last.
    """
    return microbatches if schedule == "gpipe" else min(microbatches, stages - stage)


class Activations:
    """What is kept of the activations of any part of a graph, for one sample."""

    def __init__(self, graph: Graph, overwriting: Iterable[int]) -> None:
        self._values = Values(graph)
        self._graph = graph
        self._overwriting = frozenset(overwriting)

    def bytes(self, start: int, stop: int, ends: Sequence[Value], dtype: Dtype) -> int:
        """The bytes of nodes `start` to `stop` (without it) for one sample.

        Every tensor whose memory autograd keeps counts once, and so do those that the part
        receives and sends (`ends`), which the pipeline holds as long.
        """
        kept = {self._memory(value, start) for value in ends}
        more = 0.0
        size = ITEM_SIZES[dtype]
        for node in self._graph.nodes[start:stop]:
            if node.role == "input":
                continue
            needs = keeps(node)
            numbers = sum(numel(tensor.shape) for tensor in node.outputs)
            more += numbers * (needs.more + needs.copies * size)
            if needs.inputs:
                kept |= {self._memory(value, start) for value in self._values.taken(node)}
            if needs.output:
                kept.add(self._memory((node.id, 0), start))
        numbers = sum(numel(self._values.tensor(value).shape) for value in kept)
        return round(size * numbers + more)

    def _memory(self, value: Value, start: int) -> Value:
        """The value whose memory another one lies in, no farther back than a node."""
        while value[0] >= start:
            node = self._graph.nodes[value[0]]
            if not (isinstance(node.op, VIEWS) or node.id in self._overwriting):
                break
            value = self._values.of(node.inputs[0])
        return value

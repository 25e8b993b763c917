"""From a number of stages to the stages: where they are cut, what they cost and keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TypeAlias

from archlang.analysis.inplace import inplace_nodes
from archlang.diagnostics.catalog.distribution import SharedAcrossStages, TooManyStages
from archlang.diagnostics.model import Diagnostic, Label, SpecError
from archlang.distributed.planning.costs import ITEM_SIZES, PICO, StepCost
from archlang.distributed.planning.cuts import Cuts, Side, is_layer
from archlang.distributed.planning.memory import (
    Activations,
    Memory,
    Weights,
    in_flight,
    stage_memory,
    weights_of,
)
from archlang.distributed.planning.partition import Row, most_pieces, partition
from archlang.distributed.planning.wanted import Wanted
from archlang.graph import Graph, Tensor, total
from archlang.ops.base import numel
from archlang.problems import about_network
from archlang.record import Record

Costs: TypeAlias = Callable[[int], Sequence[StepCost]]
"""What each node costs for a microbatch of so many samples."""


class Stage(Record):
    """One stage of a pipeline: nodes `start` to `stop` (without it) of the graph."""

    number: int
    """From 0 on, as ranks are counted."""
    start: int
    stop: int
    side: Side
    """Whether it begins right `before` a layer, or right `after` the last of the one before."""
    first: str
    last: str
    """The paths of its first and last step."""
    layers: int
    """Modules in it."""
    weights: Weights
    macs: int
    """Of one sample, in evaluation, as `Graph.macs`."""
    forward: int
    backward: int
    """Picoseconds for a microbatch."""
    memory: Memory
    sends: tuple[Tensor, ...]
    """What it hands on to the next stage: all tensors that live across the cut."""

    @property
    def cost(self) -> int:
        """Forward and backward together."""
        return self.forward + self.backward

    @property
    def params(self) -> int:
        """Parameters, trained or not."""
        return self.weights.all

    @property
    def numbers_sent(self) -> int:
        """Numbers that go to the next stage, for one sample."""
        return sum(numel(tensor.shape) for tensor in self.sends)


class Layout(Record):
    """A way of using devices: a pipeline of stages, and copies of it."""

    stages: int
    replicas: int
    sharded: bool
    """Whether the replicas divide weights, gradients and states among themselves (FSDP)."""
    microbatches: int
    samples: int
    """Of one microbatch."""

    @property
    def bubble(self) -> float:
        """The part of the time that a device waits while the pipeline fills and drains."""
        return (self.stages - 1) / (self.microbatches + self.stages - 1)

    def text(self) -> str:
        """`4 stages × 16 replicas, sharded`."""
        parts = [f"{self.stages} stage{'s' * (self.stages > 1)}"]
        if self.replicas > 1:
            parts.append(f"{self.replicas} replicas{', sharded' * self.sharded}")
        return " × ".join(parts)


class Planner:
    """Plans one graph; what several plans need is worked out once."""

    def __init__(self, graph: Graph, wish: Wanted, costs: Costs) -> None:
        self.graph = graph
        self.wish = wish
        self._costs = costs
        self._activations = Activations(graph, inplace_nodes(graph))
        self._prefixes: dict[int, tuple[list[int], list[int]]] = {}
        self._cuts_of: dict[tuple[int, int], tuple[int, ...]] = {}
        self._kept: dict[tuple[int, int], int] = {}
        self._weights: dict[tuple[int, int], Weights] = {}

    def asked(self, wish: Wanted) -> Planner:
        """A planner of the same graph for something else that is asked."""
        other = Planner(self.graph, wish, self._costs)
        other.__dict__.update({"cuts": self.cuts})
        for name in ("_prefixes", "_cuts_of", "_kept", "_weights"):
            setattr(other, name, getattr(self, name))
        return other

    @cached_property
    def cuts(self) -> Cuts:
        """The places to cut at."""
        return Cuts(self.graph)

    @cached_property
    def _ats(self) -> tuple[int, ...]:
        return (0, *(place.at for place in self.cuts.places), len(self.graph.nodes))

    def most_stages(self) -> int:
        """Into how many stages the network can be cut at most."""
        return max(1, most_pieces(self._row(1)))

    def stages(self, layout: Layout) -> tuple[Stage, ...]:
        """The stages of a layout, balanced.

        Raises:
            SpecError: the network cannot be cut into so many.
        """
        bounds = self._bounds(layout)
        return tuple(
            self._stage(number, start, stop, layout)
            for number, (start, stop) in enumerate(pairwise(bounds))
        )

    def seconds(self, layout: Layout, stages: Sequence[Stage]) -> float:
        """How long a step of training takes, by the simple model that docs/distributed.md tells.

        The slowest stage, with what it sends on and gets back, once for each microbatch and once
        more for each other stage; then the replicas exchange gradients (DDP), or, sharded, weights
        twice for each microbatch and gradients once. Nothing overlaps.
        """
        size, link = ITEM_SIZES[self.wish.dtype], self.wish.machine.link
        times = [s.cost / PICO + 2 * size * layout.samples * s.numbers_sent / link for s in stages]
        turns = layout.microbatches + layout.stages - 1
        part = size * (layout.replicas - 1) / layout.replicas / link
        trained = max(stage.weights.trained for stage in stages)
        whole = max(stage.weights.all for stage in stages)
        exchange = 2 * trained if not layout.sharded else trained + 2 * layout.microbatches * whole
        return turns * max(times) + part * exchange

    def _bounds(self, layout: Layout) -> tuple[int, ...]:
        key = layout.stages, layout.samples
        if key not in self._cuts_of:
            row = self._row(layout.samples)
            self._hold_stages(row, layout.stages)
            places = partition(row, layout.stages, self.wish.slack) if layout.stages > 1 else ()
            inner = (self._ats[place] for place in places)
            self._cuts_of[key] = (0, *inner, len(self.graph.nodes))
        return self._cuts_of[key]

    def _hold_stages(self, row: Row, stages: int) -> None:
        most = max(1, most_pieces(row))
        if stages <= most:
            return
        name, shared = self.graph.name, self.cuts.shared
        apart = Cuts(self.graph, apart=True)
        if shared and len(apart.places) > len(self.cuts.places):
            longest = sorted(shared, key=lambda s: s.first.id - s.last.id)
            problem = SharedAcrossStages(name, stages, most, tuple(s.path for s in longest))
            used = Label(longest[0].last.span, "and used again here")
            raise SpecError([Diagnostic.of(problem, longest[0].first.span, [used])])
        raise about_network(self.graph, TooManyStages(name, stages, most))

    def _row(self, samples: int) -> Row:
        forward, backward = self._prefix(samples)
        return Row(
            tuple(forward[at] + backward[at] for at in self._ats),
            tuple(self.cuts.layers[at] for at in self._ats),
            (0, *(place.numbers for place in self.cuts.places), 0),
        )

    def _prefix(self, samples: int) -> tuple[list[int], list[int]]:
        if samples not in self._prefixes:
            costs = self._costs(samples)
            self._prefixes[samples] = (
                list(accumulate((c.forward for c in costs), initial=0)),
                list(accumulate((c.backward for c in costs), initial=0)),
            )
        return self._prefixes[samples]

    def _stage(self, number: int, start: int, stop: int, layout: Layout) -> Stage:
        nodes = [n for n in self.graph.nodes[start:stop] if n.role != "input"]
        forward, backward = self._prefix(layout.samples)
        weights = self._weights_of(start, stop)
        flying = in_flight(self.wish.schedule, number, layout.stages, layout.microbatches)
        shards = layout.replicas if layout.sharded else 1
        kept = self._kept_of(start, stop) * layout.samples
        dtype, optimizer = self.wish.dtype, self.wish.optimizer
        return Stage(
            number=number,
            start=start,
            stop=stop,
            side="before" if is_layer(self.graph.nodes[start]) else "after",
            first=nodes[0].path,
            last=nodes[-1].path,
            layers=self.cuts.layers[stop] - self.cuts.layers[start],
            weights=weights,
            macs=total("macs", (n for n in nodes if n.training is None)),
            forward=forward[stop] - forward[start],
            backward=backward[stop] - backward[start],
            memory=stage_memory(weights, kept, flying, dtype, optimizer, shards),
            sends=self._across(stop),
        )

    def _across(self, at: int) -> tuple[Tensor, ...]:
        return self.cuts.live(at) if 0 < at < len(self.graph.nodes) else ()

    def _weights_of(self, start: int, stop: int) -> Weights:
        key = start, stop
        if key not in self._weights:
            self._weights[key] = weights_of(self.graph, self.graph.nodes[start:stop])
        return self._weights[key]

    def _kept_of(self, start: int, stop: int) -> int:
        """The bytes of activations of a part for one sample."""
        key = start, stop
        if key not in self._kept:
            of = self.cuts.values.of
            taken = self._across(start) or tuple(
                self.graph.nodes[n].outputs[0] for n in self.graph.inputs
            )
            ends = [of(tensor) for tensor in (*taken, *self._across(stop))]
            self._kept[key] = self._activations.bytes(start, stop, ends, self.wish.dtype)
        return self._kept[key]

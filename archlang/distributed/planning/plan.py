"""`distributed.plan`: a network divided into stages of a pipeline, before anything runs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from archlang.distributed.planning.costs import Machine, counted_costs
from archlang.distributed.planning.layouts import Choice, choose
from archlang.distributed.planning.memory import Memory
from archlang.distributed.planning.planner import Costs, Layout, Planner, Stage
from archlang.distributed.planning.wanted import Wanted, wanted
from archlang.given import Given
from archlang.given import network as graph_of
from archlang.graph import Graph
from archlang.record import Record

if TYPE_CHECKING:
    from torch import fx


class Plan(Record):
    """A network divided over devices. Printed, a table; `split` divides its module.

    `choices` are the layouts that were weighed against each other: the first is the plan.
    """

    graph: Graph
    wish: Wanted
    choices: tuple[Choice, ...]
    measured: bool = False
    """Whether costs are times of this machine, instead of counted."""

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the pipeline, in their order."""
        return self.choices[0].stages

    @property
    def layout(self) -> Layout:
        """Stages, replicas, microbatches."""
        return self.choices[0].layout

    @property
    def seconds(self) -> float:
        """How long a step of training takes by the simple model."""
        return self.choices[0].seconds

    @property
    def batch(self) -> int:
        """Samples of one step, on all replicas together."""
        return self.layout.replicas * self.layout.microbatches * self.layout.samples

    @property
    def balance(self) -> float:
        """The cost of the slowest stage over that of the mean one; 1 is best."""
        costs = [stage.cost for stage in self.stages]
        return max(costs) * len(costs) / sum(costs) if sum(costs) else 1.0

    @property
    def memory(self) -> Memory:
        """That of the device that needs most."""
        return max((s.memory for s in self.stages), key=lambda memory: memory.total)

    @cached_property
    def owners(self) -> dict[str, int]:
        """The stage of each layer, by its path."""
        nodes = self.graph.nodes
        return {nodes[i].path: s.number for s in self.stages for i in range(s.start, s.stop)}

    def split(self, model: fx.GraphModule) -> list[fx.GraphModule]:
        """The module of the network as one module for each stage; they share its layers.

        Run one after the other, each with what the one before gave, they are the network: the
        same numbers and the same gradients, to the last bit. All but the last give a tuple of the
        tensors that live across the cut. Their `state_dict`s together are that of the network.

        Args:
            model: what `archlang.load` makes of the same network; it stays as it is.

        Raises:
            SpecError: it is not a module of the network that the plan is of.
        """
        from archlang.distributed.splitting import split

        return split(model, self)

    def as_json(self) -> dict[str, Any]:
        """What `archlang plan --format json` writes."""
        from archlang.distributed.planning.report import as_json

        return as_json(self)

    def __str__(self) -> str:
        from archlang.distributed.planning.report import text

        return text(self)

    def __repr__(self) -> str:
        return f"<Plan of {self.graph.name}: {self.layout.text()}>"


def plan(
    network: Given,
    /,
    *,
    stages: int | None = None,
    devices: int | None = None,
    memory: int | str | None = None,
    batch: int | None = None,
    microbatches: int | None = None,
    dtype: str = "float32",
    optimizer: str = "adam",
    schedule: str = "1f1b",
    machine: Machine | None = None,
    slack: float = 0.0,
    measure: bool = False,
    **parameters: Any,
) -> Plan:
    """Divide a network into balanced stages of a pipeline: `plan("ResNet152", stages=4)`.

    Args:
        network: a spec's address, or what else `archlang.network` takes.
        stages: of the pipeline; with `devices`, there are `devices / stages` replicas of it.
        devices: how many there are. Without `stages` and `memory`, each is a stage; with `memory`,
            stages and replicas are chosen so that it fits and a step takes the least time.
        memory: of each device: `"80GB"`, or bytes; a tenth of it is left free.
        batch: samples of a step, on all devices together; 8 for each microbatch unless said.
        microbatches: into how many a replica's part of the batch is cut; four for each stage
            unless said.
        dtype: the type of weights, gradients and activations.
        optimizer: `"adam"`, `"adamw"`, `"sgd"`, `"momentum"`, `"rmsprop"`, `"adagrad"`, `"lion"`.
        schedule: `"1f1b"` or `"gpipe"`: how many microbatches are under way at once.
        machine: what costs are counted for.
        slack: how much slower than need be the slowest stage may be, so that less has to be sent:
            0.05 is 5 %.
        measure: run each step on this machine and plan by its times, instead of counting.
        **parameters: the network's parameters, by name.

    Raises:
        SpecError: the spec has mistakes; or it cannot be cut into so many stages, the batch cannot
            be dealt out, or nothing fits into the memory.
        ValueError: a number out of its range, or a name that is not known.
        TypeError: neither stages nor devices; or parameters for a graph, which has its own.
    """
    wish = wanted(
        stages=stages, devices=devices, memory=memory, batch=batch, microbatches=microbatches,
        dtype=dtype, optimizer=optimizer, schedule=schedule, machine=machine or Machine(),
        slack=slack,
    )  # fmt: skip
    graph = graph_of(network, **parameters)
    planner = Planner(graph, wish, _costs(graph, wish, measure))
    return Plan(graph, wish, choose(planner), measure)


def _costs(graph: Graph, wish: Wanted, measure: bool) -> Costs:
    if measure:
        from archlang.distributed.measured import measured_costs

        return lambda samples: measured_costs(graph, samples, wish.dtype)
    return lambda samples: counted_costs(graph, samples, wish.dtype, wish.machine)

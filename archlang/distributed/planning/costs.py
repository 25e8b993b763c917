"""What a step costs on paper: arithmetic or memory traffic, whichever takes longer."""

from __future__ import annotations

from math import inf
from types import MappingProxyType
from typing import Literal, NamedTuple

from archlang.distributed.planning.values import VIEWS, is_nothing
from archlang.graph import Graph, Node, shapes
from archlang.ops.base import Shape, numel
from archlang.record import Record

Dtype = Literal["float64", "float32", "bfloat16", "float16"]
ITEM_SIZES = MappingProxyType({"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2})
"""Bytes of a number of each type."""
PICO = 10**12
"""Costs are whole picoseconds, so that sums are exact and plans the same everywhere."""


class Machine(Record):
    """The device that costs are counted for, by what it reaches on real layers.

    The defaults are those of a large accelerator of these years, at about a third of what its
    data sheet promises. Balance depends on the ratio of the first two alone.
    """

    flops: float = 100e12
    """Operations a second on numbers of 16 bits; half as many on those of 32."""
    bandwidth: float = 1.5e12
    """Bytes a second from and to the device's own memory."""
    link: float = 50e9
    """Bytes a second from device to device."""
    latency: float = 5e-6
    """Seconds that any step takes at least: small microbatches do not use the machine well."""

    def holds(self) -> None:
        """Hold that this is a machine.

        Raises:
            ValueError: a rate is not above 0, or not finite.
        """
        for name in ("flops", "bandwidth", "link"):
            rate = getattr(self, name)
            if not 0 < rate < inf:
                raise ValueError(f"{name} is a rate above 0, not {rate}")
        if not 0 <= self.latency < inf:
            raise ValueError(f"latency is a time of 0 seconds or more, not {self.latency}")


class StepCost(NamedTuple):
    """What one step takes for one microbatch, in picoseconds."""

    forward: int
    backward: int


def counted_costs(
    graph: Graph, samples: int, dtype: Dtype, machine: Machine
) -> tuple[StepCost, ...]:
    """The cost of each node, by its id, for a microbatch of so many samples.

    Forward, a step does two operations for each of its MACs, reads inputs and weights, and writes
    its results. Backward, a layer with weights does twice the arithmetic (the gradients of its
    input and of its weights), and every step reads the gradients of its results and its inputs
    again, and writes the gradients of its inputs. A step takes as long as the longer of
    arithmetic and traffic, and the machine's latency. What hands its input on, or gives another
    view of it, costs nothing.
    """
    known: dict[tuple[int, tuple[Shape, ...], str], StepCost] = {}
    costs: list[StepCost] = []
    for node in graph.nodes:
        key = (id(node.op), shapes(node), node.frozen)
        if key not in known:
            known[key] = _cost(node, samples, ITEM_SIZES[dtype], machine)
        costs.append(known[key])
    return tuple(costs)


def _cost(node: Node, samples: int, size: int, machine: Machine) -> StepCost:
    if node.role == "input" or isinstance(node.op, VIEWS) or is_nothing(node):
        return StepCost(0, 0)
    given = shapes(node)
    taken = samples * sum(map(numel, given))
    made = samples * sum(numel(tensor.shape) for tensor in node.outputs)
    weights = node.op.params(*given)
    operations = 2 * samples * node.op.macs(*given)
    times = 1 if node.frozen or not weights else 2  # a frozen layer has no gradient of its own
    rate = machine.flops * 2 / size

    def longest(arithmetic: float, numbers: int) -> int:
        longer = max(arithmetic / rate, size * numbers / machine.bandwidth)
        return round(PICO * (longer + machine.latency))

    forward = longest(operations, taken + made + weights)
    backward = longest(times * operations, made + 2 * taken + times * weights)
    return StepCost(forward, backward)

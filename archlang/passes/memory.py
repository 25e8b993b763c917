"""The passes about memory: what overwrites its input, and in which order numbers lie."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from archlang.analysis.inplace import inplace_nodes
from archlang.graph import Graph
from archlang.passes.model import Goal, Outcome

_BOTH: frozenset[Goal] = frozenset({"inference", "training"})


class InPlace:
    """Let steps overwrite their input where nobody else looks at it."""

    name: ClassVar[str] = "inplace"
    goals: ClassVar[frozenset[Goal]] = _BOTH

    def __call__(self, graph: Graph) -> Outcome:
        """Say which: it is done in every module, optimised or not."""
        found = sorted(inplace_nodes(graph))
        return Outcome(graph, tuple(graph.nodes[number].path for number in found))


class ChannelsLast:
    """Lay maps and volumes out with the channels last."""

    name: ClassVar[str] = "channels-last"
    goals: ClassVar[frozenset[Goal]] = _BOTH

    def __call__(self, graph: Graph) -> Outcome:
        """Turn the inputs that have two or three axes behind the channels, and the filters."""
        inputs = [graph.nodes[number] for number in graph.inputs]
        turned = tuple(node.path for node in inputs if lies_last(node.shape))
        return Outcome(replace(graph, channels_last=True) if turned else graph, turned)


def lies_last(shape: tuple[int, ...]) -> bool:
    """Whether a tensor of this shape has an order with the channels last."""
    return len(shape) in (3, 4)

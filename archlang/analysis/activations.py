"""What activations take in memory, as data; `measuring/memory.py` measures it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from archlang.record import Record


class StepMemory(NamedTuple):
    """What one step of the network takes, in bytes."""

    forward: int
    """The most that is alive at one time while it runs in evaluation."""
    training: int
    """What it makes that is kept for the backward pass."""


class Memory(Record):
    """What the activations of one batch take, in bytes: no parameters, no gradients."""

    batch: int
    """How many samples."""
    forward: int
    """The most that is alive at one time in evaluation, the batch itself included all along."""
    training: int
    """What is kept for the backward pass; the batch itself included if a layer keeps it."""
    steps: Mapping[int, StepMemory]
    """By the id of a node. The forward memory is their maximum, that of training their sum."""

    def of(self, nodes: tuple[int, ...]) -> StepMemory:
        """What some steps take together, by the ids of their nodes."""
        steps = [self.steps[number] for number in nodes]
        return StepMemory(max(s.forward for s in steps), sum(s.training for s in steps))

    def as_json(self) -> dict[str, Any]:
        """The totals as an object of `archlang summary --batch N --json`."""
        return {"batch": self.batch, "forward": self.forward, "training": self.training}

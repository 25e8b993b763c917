"""Copies that run one after the other, written as a loop over a ModuleList."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from archlang.backends.python.parts import Key, Part, Parts, Step


@dataclass(frozen=True, slots=True)
class Loop:
    """All modules of a list in a row: each takes the result of the one before it."""

    container: Part
    source: Key
    result: Key
    pattern: tuple[Key | None, ...]
    """The operands; None stands for what is carried on."""
    stop: int
    """The place of the step behind the loop."""

    @property
    def kept(self) -> tuple[Key, ...]:
        """The operands that are the same in every round, in order."""
        return tuple(key for key in self.pattern if key is not None)


def loop_at(parts: Parts, steps: Sequence[Step], start: int) -> Loop | None:
    """The loop that begins with a step, if one does."""
    first = parts.module_of(steps[start])
    container = first.parent if first is not None else None
    if container is None or container.mode != "list" or len(container.children) < 2:
        return None
    run = steps[start : start + len(container.children)]
    if [parts.module_of(step) for step in run] != list(container.children.values()):
        return None
    if any(len(step.outputs) != 1 or step.training != run[0].training for step in run):
        return None
    pattern = _pattern(run)
    if pattern is None or not _only_carried(run, steps, parts):
        return None
    place = pattern.index(None)
    return Loop(container, run[0].inputs[place], run[-1].outputs[0], pattern, start + len(run))


def _pattern(run: Sequence[Step]) -> tuple[Key | None, ...] | None:
    (carried,) = run[0].outputs
    if run[1].inputs.count(carried) != 1 or len({len(step.inputs) for step in run}) != 1:
        return None
    place = run[1].inputs.index(carried)
    pattern = tuple(None if i == place else key for i, key in enumerate(run[0].inputs))
    if run[0].inputs[place] in pattern:
        return None
    for before, step in pairwise(run):
        expected = tuple(before.outputs[0] if key is None else key for key in pattern)
        if step.inputs != expected:
            return None
    return pattern


def _only_carried(run: Sequence[Step], steps: Sequence[Step], parts: Parts) -> bool:
    """Whether no result but the last is used anywhere else."""
    inner = {step.outputs[0] for step in run[:-1]}
    uses = [key for step in steps for key in step.inputs if key in inner]
    outputs = {parts.source(o.tensor.node, o.tensor.port) for o in parts.graph.outputs}
    return len(uses) == len(inner) and not inner & outputs

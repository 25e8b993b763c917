"""Which sizes can be left open, and the legal ones that what was written is tried at."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

from torch._subclasses import fake_tensor
from torch.fx.experimental import symbolic_shapes

from archlang.analysis.sizes.groups import Group
from archlang.analysis.sizes.sets import Legal
from archlang.graph import Node

if TYPE_CHECKING:
    from torch.export import ExportedProgram

    from archlang.targets.job import Job

Shapes: TypeAlias = tuple[tuple[int, ...], ...]
_SPECIAL = 1
"""torch takes it that no open size is 1, where another rule would hold for it (broadcasting)."""


def input_values(program: ExportedProgram) -> list[Any]:
    """What stands for the inputs: tensors without data, whose open sizes are symbols."""
    names = set(program.graph_signature.user_inputs)
    nodes = [n for n in program.graph.nodes if n.op == "placeholder" and n.name in names]
    return [node.meta["val"] for node in nodes]


def open_axes(job: Job) -> tuple[dict[int, int], ...]:
    """For each input the axes whose size is left open, and the least that each may be."""
    found: dict[str, dict[int, int]] = {name: {} for name in job.inputs}
    if job.dynamic != "sizes":
        return tuple(found.values())
    for group in job.sizes.groups:
        least = next(iter(_candidates(job, group)), None)
        if least is not None and not _is_fixed(job, group):
            for name, axis, factor in _places(job, group):
                found[name][axis] = least * factor
    return tuple(found.values())


def legal_shapes(job: Job) -> list[Shapes]:
    """Shapes of the inputs that differ from the spec's: the smallest that are legal, and about
    half as large as those of the spec, height and width unlike each other where they may be."""
    free = [group for group in job.sizes.groups if not _is_fixed(job, group)]
    chosen: list[dict[tuple[str, int], int]] = [{}, {}]
    for number, group in enumerate(free):
        own = job.sizes.asked.axes[group.axes[0]].size // group.factors[0]
        others = [n for n in _candidates(job, group, own) if n != own]
        middle = [n for n in others if n >= own // 2] or others
        picks = (others[:1], middle[number : number + 1])
        for sizes, (name, axis, factor) in product(range(2), _places(job, group)):
            for n in picks[sizes]:
                chosen[sizes][name, axis] = n * factor
    named = list(zip(job.inputs, job.shapes, strict=True))
    made = [
        tuple(tuple(sizes.get((name, i + 1), n) for i, n in enumerate(s)) for name, s in named)
        for sizes in chosen
    ]
    return [shapes for shapes in dict.fromkeys(made) if shapes != job.shapes]


def fixing(job: Job) -> Node | None:
    """The layer that is built for one size of its input; None if none is known."""
    for group in job.sizes.groups:
        if _is_fixed(job, group):
            for tie in group.ties:
                if tie.kind == "product":
                    return tie.node
            for demand in job.sizes.asked.demands:
                if demand.holds.axis in group.axes and Legal(demand.holds).minimum is None:
                    return demand.node
    return None


def _is_fixed(job: Job, group: Group) -> bool:
    """Whether only so many sizes are legal; where sizes were tried, whether only one is."""
    if not group.factors:
        return True
    legal = Legal(group.equal)
    return legal.minimum is None and (job.sizes.proved or len(legal.first(2)) < 2)


def _candidates(job: Job, group: Group, upto: int = 0) -> list[int]:
    """Legal sizes in increasing order: the first ones, and those up to a size and some more."""
    legal = Legal(group.equal)
    most = max(upto + len(job.sizes.groups) * legal.period, (legal.smallest or 0) + legal.period)
    return [n for n in legal.upto(most) if n > _SPECIAL]


def _places(job: Job, group: Group) -> list[tuple[str, int, int]]:
    """The inputs and axes of a group (0 is the batch), and how many times as large each is."""
    axes = [job.sizes.asked.axes[i] for i in group.axes]
    return [(a.input, a.position + 1, f) for a, f in zip(axes, group.factors, strict=True)]


def node_of(size: Any) -> Any:
    """torch's node of a symbolic size, of which it has no types."""
    return size.node


@contextmanager
def silent() -> Generator[None]:
    """torch logs, with tracebacks, what it refuses, and which inequalities it leaves unsolved;
    here the one is an answer, and the other is checked by what was written."""
    loggers = [logging.getLogger(module.__name__) for module in (fake_tensor, symbolic_shapes)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)

"""Shape inference over again: whether a network that is compiled takes inputs of other sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archlang.analysis.inplace import inplace_nodes
from archlang.diagnostics.model import Mistake
from archlang.graph import Graph, Node, shapes
from archlang.ops.base import Op, Shape, shape_text
from archlang.ops.resampling import Crop, CropLike
from archlang.record import Record

Shapes = tuple[Shape, ...]


class Misfit(Record):
    """Where a size does not fit, and why."""

    node: Node
    reason: str


class Found(Record):
    """What inputs of some sizes lead to."""

    shapes: tuple[Shapes, ...]
    """The results of each node, up to the one where a size does not fit."""
    misfit: Misfit | None = None
    off_centre: tuple[Misfit, ...] = ()
    """The crops that leave an odd rest, so that the two sides lose unequally much."""

    @property
    def legal(self) -> bool:
        """Whether every layer takes what it gets, and every crop is exactly in the centre."""
        return self.misfit is None and not self.off_centre


def reinfer(graph: Graph, inputs: Sequence[Shape], *, training: bool = True) -> Found:
    """Run the shape rules of a graph on other inputs, channels first and without the batch.

    The layers are those of the graph: what one of them fixes (the features of an `fc`) stays.
    `training`: with the parts that run only while training.
    """
    made: list[Shapes] = []
    known: dict[tuple[int, Shapes, Shapes], Shapes | str] = {}
    crops: list[Misfit] = []
    given = dict(zip(graph.inputs, inputs, strict=True))
    overwriting = inplace_nodes(graph)
    for node in graph.nodes:
        if node.id in given:
            made.append((given[node.id],))
            continue
        if node.training is not None and not training:
            made.append(tuple(t.shape for t in node.outputs))
            continue
        before, now = shapes(node), tuple(made[t.node][t.port] for t in node.inputs)
        key = (id(node.op), before, now)
        if key not in known:
            known[key] = _outputs(node, before, now)
        result = known[key]
        if node.id in overwriting and not isinstance(result, str) and result[0] != now[0]:
            result = _grown(now[0])
        if isinstance(result, str):
            return Found(tuple(made), Misfit(node, result), tuple(crops))
        if (rest := odd_rest(node.op, now[0], result[0])) is not None:
            crops.append(Misfit(node, rest))
        made.append(result)
    return Found(tuple(made), None, tuple(crops))


def _outputs(node: Node, before: Shapes, now: Shapes) -> Shapes | str:
    """The shapes of a node's results, or why there are none."""
    if before == now:
        return tuple(t.shape for t in node.outputs)
    try:
        inferred: Any = node.op.infer(*now)
    except Mistake as mistake:
        notes = mistake.problem.notes()
        return mistake.problem.message() + (f": {notes[0]}" if notes else "")
    if node.op.recipe(*before) != node.op.recipe(*now):
        given, built = (", ".join(map(shape_text, each)) for each in (now, before))
        return f"{node.kind} was built for {built}, not for {given}"
    return inferred if inferred and isinstance(inferred[0], tuple) else (inferred,)


def _grown(x: Shape) -> str:
    """What to say of a sum in place whose first operand would have to be repeated."""
    return f"the sum is put where its first operand is, and {shape_text(x)} has no room for it"


def odd_rest(op: Op, x: Shape, y: Shape) -> str | None:
    """What to say of a crop from `x` to `y` that cannot be in the centre; None where it can."""
    if not isinstance(op, (Crop, CropLike)):
        return None
    if not any((n - m) % 2 for n, m in zip(x[1:], y[1:], strict=True)):
        return None
    rests = shape_text(tuple(n - m for n, m in zip(x[1:], y[1:], strict=True)))
    return f"the crop from {shape_text(x[1:])} to {shape_text(y[1:])} leaves {rests}, which is odd"

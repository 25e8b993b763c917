"""The pass that multiplies per-channel maps into the weights of the layer beside them."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal, cast

from archlang.graph import Absorbed, Graph, Node, shapes
from archlang.ops.base import Op
from archlang.ops.classic import Affine
from archlang.ops.convolution import Conv, DepthwiseConv, UpConv
from archlang.ops.linear import FullyConnected
from archlang.ops.normalisation import BatchNorm
from archlang.ops.recipe import Module
from archlang.ops.resampling import Scale
from archlang.passes.model import Goal, Outcome
from archlang.passes.rewrite import Rewriter
from archlang.passes.uses import Uses

LINEAR = (Conv, DepthwiseConv, UpConv, FullyConnected)
"""What is linear, with a weight and perhaps a bias that can be changed."""


class Fold:
    """Multiply batch norm, `affine` and `scale` into the convolution or linear map beside them."""

    name: ClassVar[str] = "fold"
    goals: ClassVar[frozenset[Goal]] = frozenset({"inference"})

    def __init__(self, *, shifts_before: bool = True) -> None:
        """Fold.

        Args:
            shifts_before: also what shifts the input of a layer. In 16 bits the shift and what it
                makes up for would not cancel.
        """
        before = _fold_before if shifts_before else partial(_fold_before, kinds=Scale)
        self._sides = (_fold_after, before)

    def __call__(self, graph: Graph) -> Outcome:
        """Fold what stands behind a layer, and then what stands before one, until none is left."""
        changes: list[str] = []
        for side in self._sides:
            while True:
                outcome = side(graph)
                if not outcome.changes:
                    break
                graph = outcome.graph
                changes += outcome.changes
        return Outcome(graph, tuple(changes))


def _fold_after(graph: Graph) -> Outcome:
    """`conv → bn` to `conv`, where nobody else takes what the convolution gives."""
    uses = Uses(graph)
    users = {n.id: uses.only_user(n) for n in graph.nodes if isinstance(n.op, LINEAR)}
    pairs = {i: u for i, u in users.items() if u is not None and is_per_channel(u.op)}
    rewriter = Rewriter(graph)
    changes: list[str] = []
    for number in sorted(_agreeing(uses, pairs)):
        node, norm = graph.nodes[number], pairs[number]
        rewriter.change(number, **_absorbing(node, norm, "after"))
        rewriter.bypass(norm.id, node.outputs[0])
        changes.append(f"{norm.path} into {node.path}")
    return Outcome(rewriter.graph(), tuple(changes)) if changes else Outcome(graph)


def _fold_before(graph: Graph, kinds: type[Op] = Op) -> Outcome:
    """`bn → conv` to `conv`, where no padding would be normalised along with it."""
    uses = Uses(graph)
    takers = {
        n.id: graph.producer(n.inputs[0])
        for n in graph.nodes
        if isinstance(n.op, LINEAR)
        and isinstance(graph.producer(n.inputs[0]).op, kinds)
        and is_per_channel(graph.producer(n.inputs[0]).op)
        and uses.only_user(graph.producer(n.inputs[0])) is n
        and commutes(n, graph.producer(n.inputs[0]).op)
    }
    rewriter = Rewriter(graph)
    changes: list[str] = []
    for number in sorted(_agreeing(uses, takers)):
        node, norm = graph.nodes[number], takers[number]
        rewriter.change(number, **_absorbing(node, norm, "before"))
        rewriter.bypass(norm.id, norm.inputs[0])
        changes.append(f"{norm.path} into {node.path}")
    return Outcome(rewriter.graph(), tuple(changes)) if changes else Outcome(graph)


def is_per_channel(op: Op) -> bool:
    """Whether it multiplies every channel by a number and adds one, in evaluation."""
    if isinstance(op, BatchNorm):
        return op.track
    return isinstance(op, (Affine, Scale))


def commutes(node: Node, op: Op) -> bool:
    """Whether a per-channel map before a layer can be done by its weights.

    A shift reaches every unit of the result in full only if no zeros are put around the map, and
    each unit of an upconv's result is made of equally many units.
    """
    if isinstance(node.op, FullyConnected) or isinstance(op, Scale):
        return True
    if isinstance(node.op, UpConv):
        return False
    recipe = node.op.recipe(*shapes(node))
    assert isinstance(recipe, Module), "a convolution is a module"
    settings = dict(recipe.kwargs)
    return not _positive(settings.get("padding", 0)) or "padding_mode" in settings


def _positive(padding: object) -> bool:
    return any(cast(tuple[int, ...], padding)) if isinstance(padding, tuple) else bool(padding)


def _agreeing(uses: Uses, partners: dict[int, Node]) -> set[int]:
    """The layers that take in the same layer in each of their uses."""
    return uses.agreed({number: partner.path for number, partner in partners.items()})


def _absorbing(node: Node, norm: Node, side: Literal["before", "after"]) -> dict[str, object]:
    """The fields of a layer that has taken in another one."""
    op = node.op if isinstance(norm.op, Scale) else with_bias(node.op)
    taken = Absorbed(norm.path, norm.op, norm.inputs[0].shape, side)
    return {"op": op, "absorbed": (*node.absorbed, taken)}


def with_bias(op: Op) -> Op:
    """A convolution or linear map that has a bias."""
    return op if getattr(op, "bias", True) else op.model_copy(update={"bias": True})

"""The pass that lets convolutions and linear maps do what follows them."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from archlang.graph import Graph, Node, Tensor
from archlang.ops import activation as activations
from archlang.ops.base import Op
from archlang.ops.merging import Add, Concat, Merge
from archlang.ops.normalisation import BatchNorm
from archlang.ops.pooling import AvgPool, MaxPool
from archlang.passes.fold import LINEAR
from archlang.passes.layers import Clip, Fused
from archlang.passes.model import Goal, Outcome
from archlang.passes.rewrite import Rewriter
from archlang.passes.uses import Uses

ACTIVATIONS = (
    activations.Relu, activations.Relu6, activations.LeakyRelu, activations.Elu, activations.Selu,
    activations.Gelu, activations.Silu, activations.Mish, activations.Hardswish,
    activations.Hardsigmoid, activations.Hardtanh, activations.Softplus, activations.Sigmoid,
    activations.Tanh,
)  # fmt: skip
"""What is done to each number by itself, without weights."""
FRESH = (*LINEAR, *ACTIVATIONS, Fused, Clip, BatchNorm, Merge, Concat, MaxPool, AvgPool)
"""What puts its result in memory of its own, or where nobody else looks."""


class Fuse:
    """Let convolutions and linear maps add and activate what they make."""

    name: ClassVar[str] = "fuse"
    goals: ClassVar[frozenset[Goal]] = frozenset({"inference"})

    def __call__(self, graph: Graph) -> Outcome:
        """`conv → + skip → relu` to one step, which stands where the last of them stood."""
        uses = Uses(graph)
        found = {n.id: run for n in graph.nodes if (run := _run(uses, n)) is not None}
        agreed = uses.agreed({number: run.signature for number, run in found.items()})
        rewriter = Rewriter(graph)
        changes: list[str] = []
        taken: set[int] = set()
        for number in sorted(agreed):
            run = found[number]
            if run.last.id in taken:  # the sum of two convolutions: the first one does it
                continue
            taken.update(node.id for node in run.nodes)
            _join(rewriter, run)
            names = " and ".join(node.path for node in run.nodes[1:])
            changes.append(f"{names} into {run.first.path}")
        return Outcome(_overwriting(rewriter.graph()) if changes else graph, tuple(changes))


class _Run(NamedTuple):
    """A convolution or linear map, the sum and the activation behind it, of which one may lack."""

    first: Node
    sum: Node | None
    activation: Node | None
    other: Tensor | None
    """What is added."""

    @property
    def nodes(self) -> list[Node]:
        return [node for node in (self.first, self.sum, self.activation) if node is not None]

    @property
    def last(self) -> Node:
        return self.nodes[-1]

    @property
    def signature(self) -> tuple[bool, Op | None]:
        """What all uses of a shared layer have to have in common."""
        return self.sum is not None, self.activation and self.activation.op


def _run(uses: Uses, first: Node) -> _Run | None:
    if not isinstance(first.op, LINEAR):
        return None
    following = uses.only_user(first)
    shared = len(uses.by_path[first.path]) > 1  # then one of its uses might not add
    merge = following if not shared and _is_plain_sum(following, first) else None
    other = None
    if merge is not None:
        other = next(t for t in merge.inputs if t.node != first.id)
        following = uses.only_user(merge)
    if following is None or not isinstance(following.op, ACTIVATIONS):
        following = None
    return _Run(first, merge, following, other) if merge or following else None


def _is_plain_sum(node: Node | None, first: Node) -> bool:
    """Whether it adds one other tensor of the same shape."""
    if node is None or not isinstance(node.op, Add) or len(node.inputs) != 2:
        return False
    return all(t.shape == first.shape for t in node.inputs)


def _join(rewriter: Rewriter, run: _Run) -> None:
    """Put one step where the last one stood: by then, what is added is there."""
    first, last = run.first, run.last
    inputs = (first.inputs[0], *([] if run.other is None else [run.other]))
    activation = run.activation and run.activation.op
    op = Fused(layer=first.op, activation=activation, adds=run.sum is not None)
    rewriter.change(
        last.id, op=op, inputs=inputs, path=first.path, scope=first.scope, span=first.span,
        role=first.role, absorbed=first.absorbed, change=first.change, within=first.within,
    )  # fmt: skip
    if run.sum is not None and run.sum is not last:
        rewriter.bypass(run.sum.id, run.sum.inputs[0])
    if first is not last:
        rewriter.bypass(first.id, first.inputs[0])


def _overwriting(graph: Graph) -> Graph:
    """The graph with those layers marked that may put their result where their summand is."""
    uses = Uses(graph)
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        if isinstance(node.op, Fused) and node.op.adds and _is_last_use(uses, node):
            rewriter.change(node.id, op=node.op.model_copy(update={"overwrites": True}))
    return rewriter.graph()


def _is_last_use(uses: Uses, node: Node) -> bool:
    """Whether nobody looks at what is added any more, once it was."""
    source = uses.graph.producer(node.inputs[1])
    if uses.is_output(source) or source.role == "input" or source.id == node.inputs[0].node:
        return False
    others = [n for n in uses.graph.consumers[source.id] if n is not node]
    if any(n.id > node.id or not isinstance(n.op, FRESH) for n in others):
        return False
    return isinstance(source.op, FRESH)

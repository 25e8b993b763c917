"""The pass that lets steps run again in the backward pass, and which steps it may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import ClassVar

from archlang.graph import Again, Graph, Node, Scope, shapes
from archlang.ops.activation import Identity
from archlang.ops.base import numel
from archlang.ops.merging import Add, Concat, Subtract
from archlang.ops.normalisation import BatchNorm, GroupNorm, LayerNorm
from archlang.passes.model import Goal, Outcome
from archlang.record import Record

_NORMS = (BatchNorm, GroupNorm, LayerNorm)
_PASSES = {"norm": 3.0, "activation": 1.0, "merge": 1.0}
"""By a step's family, how often it goes over its numbers: statistics take a norm two more times."""
_MACS = 1 / 50
"""A multiplication beside moving one number through memory, on CPUs and GPUs alike."""


class Recompute:
    """Run cheap steps again in the backward pass, so that their results need not be kept."""

    name: ClassVar[str] = "recompute"
    goals: ClassVar[frozenset[Goal]] = frozenset({"training"})

    def __init__(self, chosen: Sequence[Again] = ()) -> None:
        self._chosen = tuple(chosen)

    def __call__(self, graph: Graph) -> Outcome:
        """Mark what was chosen, of what `cheap_parts` and `whole_parts` gave for this graph."""
        if not self._chosen:
            return Outcome(graph)
        return Outcome(replace(graph, again=self._chosen), described(graph, self._chosen))


class Part(Record):
    """Steps that may run again, and what that is worth."""

    again: Again
    saved: int
    """Numbers for each sample that need not be kept, about."""
    cost: float
    """Numbers for each sample that have to be moved once more, about."""

    @property
    def worth(self) -> float:
        """What is saved for the cost."""
        return self.saved / self.cost


def described(graph: Graph, chosen: Sequence[Again]) -> tuple[str, ...]:
    """One line for each part that runs again."""
    return tuple(_line(graph, again) for again in chosen)


def _line(graph: Graph, again: Again) -> str:
    nodes = [graph.nodes[number] for number in again.nodes]
    if not again.whole:
        return f"{nodes[0].path} to {nodes[-2].path}, for {nodes[-1].path}"
    return f"{nodes[0].path} to {nodes[-1].path}, all {len(nodes)} steps"


# ── cheap steps ──────────────────────────────────────────────────────────────────────────────────


def cheap_parts(graph: Graph) -> list[Part]:
    """Runs of concatenations, norms and activations, each with the layer that alone takes it.

    That layer (a convolution, say) would keep its input for the backward pass. It does not run
    again itself. What is worth most for its cost comes first.
    """
    outputs = {output.tensor.node for output in graph.outputs}
    found: list[Part] = []
    run: list[Node] = []
    for node in graph.nodes:
        if run and not _goes_on(graph, run[-1], node, outputs):
            run = []
        if _is_cheap(node) and (run or not isinstance(node.op, Identity)):
            run.append(node)
        elif run:
            found.append(_cheap_part(graph, [*run, node]))
            run = []
    return _best_first(part for part in found if part.saved > 0)


def _is_cheap(node: Node) -> bool:
    cheap = isinstance(node.op, (Concat, *_NORMS)) or node.op.style.family == "activation"
    return cheap and node.training is None


def _goes_on(graph: Graph, last: Node, node: Node, outputs: set[int]) -> bool:
    """Whether a node is all that takes what the run made so far."""
    return (
        node.training is None
        and last.id not in outputs
        and len(graph.consumers[last.id]) == 1
        and graph.consumers[last.id][0] is node
    )


def _cheap_part(graph: Graph, nodes: list[Node]) -> Part:
    *run, _ = nodes
    kept = sum(numel(a.shape) for a, b in pairwise(nodes) if _is_kept(a, b))
    first = run[0]
    # a norm keeps its input anyway, and the parts of a concatenation go into many of them
    more = 0 if isinstance(first.op, (Concat, *_NORMS)) else numel(first.inputs[0].shape)
    again = Again(tuple(node.id for node in nodes), whole=False)
    return Part(again, kept - more, sum(map(_cost, run)))


def _is_kept(made: Node, taken: Node) -> bool:
    """Whether the backward pass of who makes a tensor, or of who takes it, needs it."""
    if made.op.style.family == "activation" and made.op.keeps_output:
        return True
    if isinstance(taken.op, (Concat, Add, Subtract, Identity)):
        return False
    return taken.op.style.family != "activation" or not taken.op.keeps_output


# ── whole parts ──────────────────────────────────────────────────────────────────────────────────

_LEVELS = 3
"""How many sizes of parts are tried: blocks, what holds them, what holds that."""
_BETWEEN = ("block", "round", "chain", "dense", "repeat")


def whole_parts(graph: Graph) -> list[list[Part]]:
    """Parts that can run again as a whole, by their size: blocks and rounds first, then what holds
    them. Steps outside of any are divided where maps shrink.

    In each list, what is worth most for its cost comes first; no step is in two parts.
    """
    levels: list[list[Part]] = []
    for level in range(_LEVELS):
        parts = _best_first(_of_level(graph, level))
        if parts and parts not in levels:
            levels.append(parts)
    return levels


def _of_level(graph: Graph, level: int) -> Iterator[Part]:
    key = _divider(graph, level)
    for _, together in groupby(graph.nodes, key=key):
        nodes = list(together)
        if nodes[0].role != "input" and nodes[0].training is None and len(nodes) > 1:
            part = _whole_part(nodes)
            if part.saved > 0:
                yield part


def _divider(graph: Graph, level: int) -> Callable[[Node], object]:
    """What tells the part of a node from the next one."""
    pools = 0

    def key(node: Node) -> object:
        nonlocal pools
        around = _home(graph, node).ancestors()
        scopes = [s for s in around if s.kind in _BETWEEN and s.parent is not None]
        scope: Scope | None = scopes[min(level, len(scopes) - 1)] if scopes else None
        current = pools
        if scope is None and node.op.style.family == "pool":
            pools += 1
        return node.role == "input", node.training, current if scope is None else id(scope)

    return key


def _home(graph: Graph, node: Node) -> Scope:
    """The scope that a step serves: what joins the inputs of a block alone belongs to it."""
    users = graph.consumers[node.id]
    if isinstance(node.op, Concat) and len(users) == 1 and users[0].id == node.id + 1:
        return users[0].scope
    return node.scope


def _whole_part(nodes: list[Node]) -> Part:
    inside = {node.id for node in nodes}
    taken = {t for node in nodes for t in node.inputs if t.node not in inside}
    kept = sum(numel(a.shape) for a, b in pairwise(nodes) if _is_kept(a, b))
    again = Again(tuple(node.id for node in nodes), whole=True)
    return Part(again, kept - sum(numel(t.shape) for t in taken) // 2, sum(map(_cost, nodes)))


def _cost(node: Node) -> float:
    passes = _PASSES.get(node.op.style.family, 1.0)
    return passes * numel(node.shape) + _MACS * node.op.macs(*shapes(node)) or 1.0


def _best_first(parts: Iterator[Part] | list[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: (-part.worth, part.again.nodes))

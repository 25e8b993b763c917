"""Skip connections: where a tensor goes past layers to a merge, how far, and through which W.

Lecture's form: `Y_l = f(Z_l + W∘Y_{l-s})`. An operand of a merge is a skip if the other operands
are computed from it; s counts the weighted layers on the longest path that it passes by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from archlang.graph import Graph, Match, Node, Skip, Tensor
from archlang.ops.resampling import CropLike, ResizeLike


def skips(graph: Graph) -> tuple[Skip, ...]:
    """Every skip connection of a network, in the order of the merges.

    Kinds: *dense* within a `dense` statement; *long* if the path passed by enlarges maps again
    (U-Net) or, in the body of a network, leads through whole units; all else is *short*.
    """
    return tuple(
        skip for node in graph.nodes if node.role == "merge" for skip in _of_merge(graph, node)
    )


def _of_merge(graph: Graph, merge: Node) -> Iterator[Skip]:
    if merge.scope.kind == "dense":
        yield from _dense(graph, merge)
        return
    for operand in range(len(merge.inputs)):
        match = _match(graph, merge, operand)
        rest = (i for i in range(len(merge.inputs)) if i != operand)
        ends = [_match(graph, merge, i).source.node for i in rest]
        passed = _between(graph, match.source, ends)
        if passed:
            yield Skip(
                source=match.source,
                merge=merge.id,
                kind=_kind(graph, merge, list(passed)),
                depth=max(passed[n] for n in ends if n in passed),
                matching=match.written,
                operator=match.operator,
                operand=operand,
            )


def _match(graph: Graph, merge: Node, operand: int) -> Match:
    """What stands before W, and W; the operand itself and the identity where no W is written."""
    direct = Match(merge.inputs[operand], "identity", "identity")
    return graph.matching.get((merge.id, operand), direct)


def _dense(graph: Graph, merge: Node) -> Iterator[Skip]:
    """All features but the newest one have come past the layers of a round."""
    newest = graph.depths[merge.inputs[-1].node]
    for operand in range(len(merge.inputs) - 1):
        source, written, operator = _match(graph, merge, operand)
        depth = newest - graph.depths[source.node]
        yield Skip(source, merge.id, "dense", depth, written, operator, operand)


def _between(graph: Graph, source: Tensor, ends: Iterable[int]) -> dict[int, int]:
    """The nodes on the paths from `source` to any of `ends`, the ends included, each with the
    weighted layers on the longest path to it.

    Ids are in the order of computation, so the search never looks before the source.
    """
    seen: set[int] = set()
    waiting = [n for n in ends if n > source.node]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(t.node for t in carried(graph.nodes[node]) if t.node > source.node)
    layers: dict[int, int] = {}
    for number in sorted(seen):
        node = graph.nodes[number]
        before = [layers.get(t.node, 0) for t in carried(node) if t == source or t.node in layers]
        if before:
            layers[number] = max(before) + node.op.weighted
    return layers


def carried(node: Node) -> tuple[Tensor, ...]:
    """The inputs whose values a node passes on, one for each use: those that a gradient goes to.

    Crop and resize only look at the size of another tensor.
    """
    return node.inputs[:1] if isinstance(node.op, (CropLike, ResizeLike)) else node.inputs


def _kind(graph: Graph, merge: Node, passed: list[int]) -> Literal["short", "long"]:
    if any(graph.nodes[n].op.resamples > 0 for n in passed):
        return "long"
    unit = merge.scope.unit
    if unit.kind == "network" and any(graph.nodes[n].scope.unit is not unit for n in passed):
        return "long"
    return "short"

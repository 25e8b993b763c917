"""What is sharded together: the outermost blocks that a spec declares, and heavy layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from archlang.graph import Graph, Node, Scope
from archlang.record import Record

_STEPS_OF_A_BLOCK = ("match",)
"""Scopes that are no parts of a network but belong to the step they stand at."""


class Unit(Record):
    """Layers whose parameters are gathered, and given back, together."""

    name: str
    """The path of the block, or of the layer, that it is; of what runs again, from … to …."""
    paths: tuple[str, ...]
    """Its layers with parameters, in running order."""
    params: int


def units(graph: Graph, together: Iterable[Collection[str]] = ()) -> tuple[Unit, ...]:
    """The units of a network, in running order; what is in none of them is small, or shared.

    A unit is the outermost block around a layer (`layer1.0`, `denseblock1`); a run of layers that
    has no blocks in it (`stage1` of a VGG); or a layer outside of these that weighs as much as
    they do on average. A block that holds most of the network is taken apart. A layer that runs
    more than once belongs to none: it would be gathered and given back each time. What runs only
    while training is by itself, since nothing of it runs in evaluation.

    Args:
        graph: the network.
        together: layers, by their paths, that are needed at the same time (they run again in one
            go); where they would be in several units, they are one by themselves. No layer is in
            two of these.
    """
    uses = Counter(node.path for node in graph.nodes)
    weighted = [n for n in graph.owners if _params(n) and uses[n.path] == 1]
    total = sum(map(_params, weighted))
    found: dict[tuple[str, str], list[Node]] = {}
    loose: list[Node] = []
    weights = _weights(weighted)
    for node in weighted:
        scope = _unit_of(node, weights, total)
        if scope is None:
            loose.append(node)
        else:
            found.setdefault((scope.path, node.training or ""), []).append(node)
    made = [_unit(name, nodes) for (name, _), nodes in found.items()]
    mean = sum(u.params for u in made) / len(made) if made else total / max(1, len(loose))
    made += [_unit(node.path, [node]) for node in loose if _params(node) >= mean]
    nodes = {node.path: node for node in weighted}
    made = _held_together(made, together, nodes)
    return tuple(sorted(made, key=lambda unit: nodes[unit.paths[0]].id))


def _held_together(
    made: list[Unit], together: Iterable[Collection[str]], nodes: Mapping[str, Node]
) -> list[Unit]:
    """The units, where what is needed together is nowhere in two of them."""
    homes = {path: unit.name for unit in made for path in unit.paths}
    apart: list[list[str]] = []
    for paths in together:
        inside = sorted((p for p in paths if p in homes), key=lambda p: nodes[p].id)
        if len({homes[p] for p in inside}) > 1:
            apart.append(inside)
    taken = {path for paths in apart for path in paths}
    left = [(unit.name, [p for p in unit.paths if p not in taken]) for unit in made]
    joined = [(f"{paths[0]} to {paths[-1]}", paths) for paths in apart]
    return [_unit(name, [nodes[p] for p in paths]) for name, paths in left + joined if paths]


def _params(node: Node) -> int:
    return node.op.params(*(tensor.shape for tensor in node.inputs))


def _weights(nodes: Iterable[Node]) -> Counter[str]:
    """The parameters in each scope, by its path."""
    weights: Counter[str] = Counter()
    for node in nodes:
        for scope in _within_network(node):
            weights[scope.path] += _params(node)
    return weights


def _within_network(node: Node) -> Iterator[Scope]:
    """The scopes below the network that a node lies in, outside in."""
    scopes = [s for s in node.scope.ancestors() if s.parent is not None]
    return reversed([s for s in scopes if s.kind not in _STEPS_OF_A_BLOCK])


def _unit_of(node: Node, weights: Counter[str], total: int) -> Scope | None:
    """The scope that a node's parameters are gathered with; None for a loose layer."""
    for scope in _within_network(node):
        parts = [child for child in scope.children if child.kind not in _STEPS_OF_A_BLOCK]
        if not parts:
            return scope
        is_block = scope.kind == "block" or not any(map(_has_blocks, parts))
        if is_block and 2 * weights[scope.path] <= total:
            return scope
    return None


def _has_blocks(scope: Scope) -> bool:
    return scope.kind == "block" or any(map(_has_blocks, scope.children))


def _unit(name: str, nodes: list[Node]) -> Unit:
    return Unit(name, tuple(n.path for n in nodes), sum(map(_params, nodes)))

"""Which part of a network is explained: all of it, or a block by its name or path."""

from __future__ import annotations

from collections.abc import Iterable

from archlang.analysis.skips import carried
from archlang.analysis.stages import stages
from archlang.diagnostics.catalog.chainrule import LayerNotPart, NoSuchPart, TooLargeToExplain
from archlang.diagnostics.model import SpecError
from archlang.diagnostics.suggest import closest
from archlang.graph import Graph, Node, Scope, Tensor
from archlang.problems import about_network
from archlang.record import Record

MOST_STEPS = 60
"""A page of more steps could not be read."""


class Part(Record):
    """Some nodes of a graph, in order, and the tensors that flow in and out of them."""

    graph: Graph
    scope: Scope
    nodes: tuple[Node, ...]
    inputs: tuple[Tensor, ...]
    results: tuple[Tensor, ...]

    @property
    def fits(self) -> bool:
        """Whether it can be read."""
        return len(self.nodes) <= MOST_STEPS

    @property
    def name(self) -> str:
        """What it is called: the block and its path, or the network."""
        if self.scope is self.graph.root:
            return self.graph.name
        named = self.scope.kind in ("block", "network") and self.scope.name
        return f"{self.scope.name}, {self.scope.path}" if named else self.scope.path


def parts_of(graph: Graph, focus: str | None = None) -> tuple[Part, ...]:
    """The parts that are asked for: each use of a block, a unit at a path, or the whole network.

    Some of them may be too large to be written down.

    Raises:
        SpecError: nothing is called so, or all of them are too large.
    """
    scopes = [graph.root] if focus is None else _called(graph, focus)
    members = _members(graph)
    found = [_part(graph, scope, members.get(scope.path, ())) for scope in scopes]
    if not any(part.fits for part in found):
        raise _too_large(graph, found[0])
    return tuple(found)


def blocks_of(graph: Graph) -> tuple[str, ...]:
    """The names of the blocks a network uses, in order; of one without blocks, its stages."""
    blocks = [s.name for s in _below(graph.root) if s.kind == "block"]
    if blocks:
        return tuple(dict.fromkeys(blocks))
    paths = {s.path for s in _below(graph.root)}
    return tuple(stage.name for stage in stages(graph) if stage.name in paths)


def _called(graph: Graph, name: str) -> list[Scope]:
    scopes = [s for s in _below(graph.root) if s.kind != "match"]
    named = [s for s in scopes if s.kind in ("block", "network") and s.name == name]
    found = named or [s for s in scopes if s.path == name][:1]
    found = [s for s in found if s is graph.root or s.path]
    if found:
        return found
    blocks = blocks_of(graph)
    layer = next((n for n in graph.nodes if n.path == name and n.role != "input"), None)
    if layer is not None:
        around = [s.path for s in layer.scope.ancestors() if s.path]
        units = [s.path for s in scopes if s.path and s.kind == "block"]
        near = next(iter([*around, *units]), None)
        problem = LayerNotPart(network=graph.name, layer=name, blocks=blocks, unit=near)
        raise about_network(graph, problem, layer.span)
    near = closest(name, [*blocks, *(s.path for s in scopes if s.path)])
    problem = NoSuchPart(network=graph.name, name=name, blocks=blocks, suggestion=near)
    raise about_network(graph, problem)


def _below(scope: Scope) -> Iterable[Scope]:
    waiting = [scope]
    while waiting:
        now = waiting.pop()
        yield now
        waiting += reversed(now.children)


def _members(graph: Graph) -> dict[str, list[Node]]:
    """The steps in each scope, by its path."""
    found: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if node.role != "input":
            for scope in node.scope.ancestors():
                found.setdefault(scope.path, []).append(node)
    return found


def _part(graph: Graph, scope: Scope, nodes: Iterable[Node]) -> Part:
    members = tuple(nodes)
    inside = {n.id for n in members}
    taken = (t for n in members for t in carried(n) if t.node not in inside)
    ends = {output.tensor for output in graph.outputs}
    used = {t for n in graph.nodes if n.id not in inside for t in carried(n)}
    made = (t for n in members for t in n.outputs)
    results = tuple(t for t in made if t in ends or t in used)
    return Part(graph, scope, members, tuple(dict.fromkeys(taken)), results)


def _too_large(graph: Graph, part: Part) -> SpecError:
    inner = [s.name for s in _below(part.scope) if s.kind == "block" and s is not part.scope]
    problem = TooLargeToExplain(
        part=part.name,
        steps=len(part.nodes),
        most=MOST_STEPS,
        blocks=tuple(dict.fromkeys(inner)),
        network=graph.name,
    )
    return about_network(graph, problem, part.scope.span)

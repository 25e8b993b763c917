"""Which tensors of a network are shown with their receptive fields, and which unit of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archlang.analysis.receptive.field import Field
from archlang.analysis.receptive.follow import receptive_fields
from archlang.analysis.receptive.lines import Span
from archlang.analysis.stages import part_of, stages
from archlang.diagnostics.catalog.fields import NoPlace, NoSuchUnit, UnknownLayerPath
from archlang.diagnostics.suggest import closest
from archlang.graph import Graph, Node
from archlang.ops.base import Shape, spatial
from archlang.problems import about_network
from archlang.record import Record

_FEW = 3
"""A network of fewer stages is shown step by step."""


class Shown(Record):
    """A tensor under the name it is shown by, and one of its units."""

    name: str
    node: Node
    field: Field
    unit: tuple[int, ...]
    """The number of the unit on each axis; empty where units have no place."""

    @property
    def spans(self) -> tuple[Span | None, ...]:
        """The first and last pixel that the unit sees, on each axis of the input."""
        unit = self.unit or (0,) * len(self.field.axes)
        return tuple(self.field.span(axis, number) for axis, number in enumerate(unit))


def shown_at(graph: Graph, paths: Sequence[str], unit: tuple[int, ...] | None) -> list[Shown]:
    """The tensors at some paths, or at the ends of all stages; and their unit, or the middle one.

    Raises:
        SpecError: a path is none of the network's, a tensor has no such unit, or the input is a
            vector.
    """
    shape = graph.nodes[graph.inputs[0]].shape
    if not spatial(shape):
        raise about_network(graph, NoPlace(network=graph.name, features=shape[0]))
    fields = receptive_fields(graph)
    places = [(p, _node_at(graph, p)) for p in paths] if paths else _ends(graph, fields)
    found: list[Shown] = []
    for name, node in places:
        asked = _unit_of(graph, name, node, fields[node.id], unit)
        found.append(Shown(name, node, fields[node.id], asked))
    return found


def _unit_of(
    graph: Graph, name: str, node: Node, field: Field, unit: tuple[int, ...] | None
) -> tuple[int, ...]:
    size = field.units if len(field.units) == len(field.axes) else ()
    if unit is None:
        return tuple(n // 2 for n in size)
    if len(unit) != len(size) or any(i >= n for i, n in zip(unit, size, strict=True)):
        raise about_network(graph, NoSuchUnit(path=name, unit=unit, size=size), at=node.span)
    return unit


def _node_at(graph: Graph, path: str) -> Node:
    """The last step of that path, or of the part of that path.

    Raises:
        SpecError: there is none.
    """
    found: Node | None = None
    for node in graph.nodes:
        if path in _names(node):
            found = node
    if found is not None:
        return found
    known = dict.fromkeys(name for node in graph.nodes for name in _names(node))
    parts = dict.fromkeys(part_of(node) or node.path for node in graph.nodes if node.inputs)
    alike = _numbered_alike(path, known)
    near = alike[0] if alike else closest(path, known)
    in_order = tuple(name for name in known if name in alike)
    problem = UnknownLayerPath(graph.name, path, near, tuple(parts), in_order)
    raise about_network(graph, problem)


def _numbered_alike(path: str, known: Iterable[str]) -> list[str]:
    """Those that are called so but for the number at the end, the nearest first: `layer4` to
    `layer1` for `layer5`."""
    stem = path.rstrip("0123456789")
    if stem == path:
        return []
    wanted = int(path.removeprefix(stem)[:9])
    ends = {name: name.removeprefix(stem) for name in known if name.startswith(stem)}
    numbers = {name: int(end) for name, end in ends.items() if end.isdecimal()}
    return sorted(numbers, key=lambda name: abs(numbers[name] - wanted))


def _names(node: Node) -> Iterator[str]:
    yield node.path
    yield from (scope.path for scope in node.scope.ancestors() if scope.path)


def _ends(graph: Graph, fields: Sequence[Field]) -> list[tuple[str, Node]]:
    """The last step of each stage; of a network without stages, all that see more than before."""
    found: list[tuple[str, Node]] = []
    for stage in stages(graph):
        steps = [node for node in stage.nodes if node.training is None]
        if steps:
            last = steps[-1]
            found.append((part_of(last) or last.path, last))
    if len(found) >= _FEW:
        return found
    return [(node.path, node) for node in _widening(graph.nodes, fields)]


def _widening(nodes: Iterable[Node], fields: Sequence[Field]) -> Iterator[Node]:
    for node in nodes:
        if node.inputs and node.training is None:
            before = fields[node.inputs[0].node]
            if fields[node.id].axes != before.axes:
                yield node


def unit_text(unit: Shape) -> str:
    """A unit as it is asked for: `3x4`; empty where there are no places."""
    return "x".join(map(str, unit))

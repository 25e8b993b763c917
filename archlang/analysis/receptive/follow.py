"""Fields followed through a network, from its inputs along every edge."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from archlang.analysis.receptive.field import Field
from archlang.analysis.receptive.lines import START, followed, has_holes, joined
from archlang.graph import Graph, Node, shapes
from archlang.ops.base import Shape, spatial
from archlang.ops.reach import Reach

Seen: TypeAlias = dict[int, Field]
"""What is seen of each input, by the number of its node."""


def receptive_fields(graph: Graph) -> tuple[Field, ...]:
    """For every node, what a unit of its results sees of the first input that it depends on.

    Every channel counts: a unit sees what any of its channels sees. The results of a node with
    several are not told apart. Layers are taken as in evaluation. The time is linear in the edges;
    behind what makes maps larger, also in by how much.

    After Araujo, Norris, Sim: Computing Receptive Fields of Convolutional Neural Networks. Distill
    2019, doi:10.23915/distill.00021; extended by transposed windows, interpolation and crops.
    """
    return tuple(seen[min(seen)] for seen in _followed(graph))


def fields_of(graph: Graph, number: int) -> dict[str, Field]:
    """What a unit of a node's results sees of each input that it depends on, by its name."""
    return {field.input: field for field in _followed(graph)[number].values()}


def receptive_field(graph: Graph) -> Field:
    """The field of a network: that of the last tensor with a place on the input.

    It lies on the way to the main output; what comes after it (global pooling, fully connected
    layers) sees everything that it sees.
    """
    fields = receptive_fields(graph)
    return fields[last_with_a_place(graph, fields)]


def last_with_a_place(graph: Graph, fields: Sequence[Field]) -> int:
    """The number of the last node, on the way to the main output, whose units have a place.

    `fields` are those of all nodes; the first input's number, if nothing has a place.
    """
    on_way = {graph.outputs[0].tensor.node}
    for node in reversed(graph.nodes[: max(on_way) + 1]):
        if node.id in on_way:
            if fields[node.id].placed:
                return node.id
            on_way.update(tensor.node for tensor in node.inputs)
    return graph.inputs[0]


def _followed(graph: Graph) -> list[Seen]:
    found: list[Seen] = []
    known: dict[tuple[int, tuple[Shape, ...]], Sequence[Reach | None]] = {}
    for node in graph.nodes:
        if node.role == "input":
            found.append({node.id: _input(node)})
            continue
        key = (id(node.op), shapes(node))  # networks repeat themselves
        if key not in known:
            known[key] = node.op.reach(*key[1])
        found.append(_result(node, known[key], found))
    return found


def _input(node: Node) -> Field:
    size = spatial(node.shape)
    return Field(node.path, size, size, (START,) * len(size))


def _result(node: Node, reaches: Sequence[Reach | None], found: Sequence[Seen]) -> Seen:
    parts: dict[int, list[tuple[Field, Reach]]] = {}
    for tensor, reach in zip(node.inputs, reaches, strict=True):
        if reach is not None:
            for source, field in found[tensor.node].items():
                parts.setdefault(source, []).append((field, reach))
    operands = sum(reach is not None for reach in reaches)
    units = spatial(node.shape)
    return {s: _union(seen, operands, units) for s, seen in parts.items()}


def _union(seen: Sequence[tuple[Field, Reach]], operands: int, units: Shape) -> Field:
    """What is seen through any of the operands of a node."""
    fields = [_through(field, reach, units) for field, reach in seen]
    if len(fields) == 1 == operands:
        return fields[0]
    even = all(field.even for field in fields)
    if seen[0][1].channels == "part":
        even = even and len(fields) == operands and all(a == b for a, b in pairwise(fields))
    # what sees nothing on one axis sees nothing at all, which axes by themselves do not know
    holes = len(units) > 1 and any(has_holes(axis) for field in fields for axis in field.axes)
    axes = tuple(
        joined(line for axis in same for line in axis)
        for same in zip(*(field.axes for field in fields), strict=True)
    )
    exact = all(line.exact for axis in axes for line in axis)
    return Field(
        input=fields[0].input,
        pixels=fields[0].pixels,
        units=units,
        axes=axes,
        exact=all(field.exact for field in fields) and exact and not holes,
        even=even,
    )


def _through(field: Field, reach: Reach, units: Shape) -> Field:
    """What the result of a layer sees through one operand."""
    axes = field.axes
    if len(reach.hops) == len(axes):  # otherwise there are no places any more to follow
        outs = units if len(units) == len(axes) else (1,) * len(axes)
        axes = tuple(map(followed, axes, reach.hops, field.units, outs, field.pixels))
    even = field.even or reach.channels == "mixed"
    return Field(
        input=field.input,
        pixels=field.pixels,
        units=units,
        axes=axes,
        exact=(
            field.exact
            and reach.exact
            and (field.even or reach.channels != "picked")
            and all(line.exact for axis in axes for line in axis)
        ),
        even=even and reach.channels != "apart",
    )

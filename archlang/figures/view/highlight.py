"""Accents the parts of a view that were asked for; all else steps back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from archlang.diagnostics.suggest import closest
from archlang.figures.errors import DrawingError
from archlang.figures.view.builder import Builder
from archlang.figures.view.model import Panel, View
from archlang.graph import Graph, Node, Scope
from archlang.paths import prefixes, under, without_indices, without_numbers

_MOST_NAMES = 12


def highlight(builder: Builder, view: View, paths: Sequence[str]) -> None:
    """Set the emphasis of all boxes and lines of a view.

    A path is one of the `state_dict` (`layer3`, `layer1.0.conv1`), the name of a block, or a path
    without its numbers (`layer1.conv1`: in all units; `fc`: all of them). A folded box is accented
    if any of its layers is; in an inset, what stands for an accented layer of an equal unit.

    Raises:
        DrawingError: nothing is called so, or it does not show in this view.
    """
    wanted = {node.id for path in paths for node in called(builder.graph, path)}
    accented = False
    for panel in view.panels:
        chosen = wanted | _standing_for(builder, panel, wanted)
        accented |= _accent(panel, chosen)
    if not accented:
        raise DrawingError(
            f"{', '.join(paths)} does not show in this drawing; --view blocks shows the network"
        )


def called(graph: Graph, path: str) -> list[Node]:
    """The nodes of a path or of the blocks of a name.

    Raises:
        DrawingError: there are none.
    """
    found = [n for n in graph.nodes if under(n.path, path)]
    found = found or [n for n in graph.nodes if path in _blocks(n)]
    for bare in (without_indices, without_numbers):
        found = found or [n for n in graph.nodes if under(bare(n.path), path)]
    if found and path:
        return found
    top = list(dict.fromkeys(n.path.partition(".")[0] for n in graph.nodes))
    blocks = dict.fromkeys(name for n in graph.nodes for name in _blocks(n))
    paths = dict.fromkeys(prefix for n in graph.nodes for prefix in prefixes(n.path))
    near = closest(path, [*top, *blocks, *paths])
    hint = f"did you mean {near}? " if near else ""
    shown = ", ".join(top[:_MOST_NAMES]) + (", …" if len(top) > _MOST_NAMES else "")
    raise DrawingError(
        f"there is no part {path!r} in {graph.root.name}; {hint}at the top level are {shown}"
    )


def _blocks(node: Node) -> Iterator[str]:
    return (s.name for s in node.scope.ancestors() if s.kind == "block")


def _standing_for(builder: Builder, panel: Panel, wanted: set[int]) -> set[int]:
    """The nodes of an inset that stand for wanted ones in units of the same structure."""
    shown = panel.unit
    if shown is None:
        return set()
    inside = {_within(n, shown): n.id for n in builder.units.nodes(shown)}
    names = {
        _within(builder.graph.nodes[number], unit)
        for unit in builder.equal_units(shown)
        for number in wanted & {n.id for n in builder.units.nodes(unit)}
    }
    return {inside[name] for name in names if name in inside}


def _within(node: Node, unit: Scope) -> str:
    """What a node is called within a unit."""
    return node.path[len(unit.path) :] if node.path.startswith(unit.path) else node.path


def _accent(panel: Panel, chosen: set[int]) -> bool:
    """Whether anything was accented."""
    for box in panel.boxes:
        box.emphasis = "accent" if chosen & set(box.nodes) else "dim"
    bright = {box.id for box in panel.boxes if box.emphasis == "accent"}
    ends = {box.id for box in panel.boxes if not box.nodes}
    if panel.unit is not None and len(bright | ends) == len(panel.boxes):
        for number in ends:  # what enters and leaves a unit that is accented as a whole
            panel.boxes[number].emphasis = ""
        bright |= ends
    panel.lines = [
        replace(line, emphasis="accent" if {line.tail, line.head} <= bright else "dim")
        for line in panel.lines
    ]
    return bool(bright - ends)

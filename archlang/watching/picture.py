"""The figure of a graph as the page wants it, with the facts that a pointer over a box shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from archlang.analysis.summary import Row, Summary
from archlang.figures.errors import DrawingError
from archlang.figures.options import Options
from archlang.figures.scene.compose import best
from archlang.figures.scene.model import Group, Scene
from archlang.figures.view.build import views
from archlang.figures.view.model import View
from archlang.figures.view.units import UNITS
from archlang.figures.writers.svg import write_svg
from archlang.graph import Graph, Node, Scope
from archlang.ops.base import shape_text
from archlang.source import Span
from archlang.watching.edition import Superseded

_MOST_LINES = 4
"""Of a spec in a tooltip."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as data for the page. `error`: why there is none."""

    svg: str = ""
    boxes: dict[str, Any] | None = None
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """What the page reads."""
        return {"svg": self.svg, "boxes": self.boxes or {}, "error": self.error}


def picture(
    graph: Graph, summary: Summary, options: Options, superseded: Callable[[], bool]
) -> Picture:
    """Draw a graph.

    Raises:
        Superseded: nobody waits for it any more.
    """

    def wanted() -> Iterator[View]:
        for view in views(graph, options):
            if superseded():
                raise Superseded
            yield view

    try:
        scene = best(wanted(), options)
    except DrawingError as problem:
        return Picture(error=str(problem))
    return Picture(write_svg(scene, named=True), _boxes(graph, summary, scene))


def _boxes(graph: Graph, summary: Summary, scene: Scene) -> dict[str, Any]:
    rows = {row.node: row for row in summary.rows}
    units = {s.path: s for n in graph.nodes for s in n.scope.ancestors() if _folds(s)}
    found: dict[str, Any] = {}
    for group in scene.groups:
        if group.role == "box" and group.nodes:
            found[group.name] = _facts(graph, group, rows, units.get(group.unit))
        elif group.role == "frame" and group.unit in units:
            found[f"unit {group.unit}"] = _of_frame(units[group.unit])
    return found


def _of_frame(unit: Scope) -> dict[str, Any]:
    return {"title": unit.name, "path": unit.path, "lines": _lines([unit.span])}


def _facts(graph: Graph, group: Group, rows: dict[int, Row], unit: Scope | None) -> dict[str, Any]:
    """What is to be known of a box; a box of several equal parts counts them all."""
    nodes = [graph.nodes[i] for i in group.nodes]
    own = [rows[i] for i in group.nodes if i in rows]
    first, last = nodes[0], nodes[-1]
    spans = [unit.span] if unit else [n.span for n in nodes]
    return {
        "title": unit.name if unit else " → ".join(_labels(nodes)),
        "path": unit.path if unit else first.path,
        "lines": _lines(spans),
        "in": " and ".join(map(shape_text, _entering(graph, nodes))),
        "out": shape_text(last.shape),
        "params": sum(row.params for row in own),
        "macs": sum(row.macs for row in own),
        "field": _field(graph, own),
        "within": _around(unit.parent if unit else first.scope),
    }


def _field(graph: Graph, rows: list[Row]) -> str:
    """What a unit of the box's last map sees: behind it, flattened, one would see all there is."""
    maps = [row for row in rows if len(graph.nodes[row.node].shape) > 1]
    return (maps or rows)[-1].field.text() if rows else ""


def _labels(nodes: Iterable[Node]) -> list[str]:
    """What a paper would write; of equal copies one after the other the first."""
    labels = [n.op.label() for n in nodes]
    for size in range(1, len(labels) // 2 + 1):
        if len(labels) % size == 0 and labels == labels[:size] * (len(labels) // size):
            return labels[:size]
    return labels


def _entering(graph: Graph, nodes: list[Node]) -> list[tuple[int, ...]]:
    """The shapes that come from outside, each tensor once."""
    inside = {n.id for n in nodes}
    tensors = {t: t.shape for n in nodes for t in n.inputs if t.node not in inside}
    return list(tensors.values())[:4]


def _around(scope: Scope | None) -> str:
    """The path of the innermost open unit that a box is drawn in; empty in the network itself."""
    around = scope.ancestors() if scope else ()
    return next((s.path for s in around if _folds(s)), "")


def _folds(scope: Scope) -> bool:
    return scope.kind in UNITS and scope.parent is not None


def _lines(spans: Iterable[Span | None]) -> list[dict[str, Any]]:
    """The lines that spans begin at, each once."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for span in spans:
        if span is None or not span.source.text:
            continue
        at = span.begin
        key = span.source.name, at.line
        text = span.source.line(at.line).strip()
        found.setdefault(key, {"file": key[0], "line": at.line, "column": at.column, "text": text})
    return list(found.values())[:_MOST_LINES]

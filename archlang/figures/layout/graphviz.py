"""Asking Graphviz for coordinates: boxes of known size in, positions and routes out, in points."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archlang.figures.errors import DrawingError
from archlang.figures.geometry import Point

_INCH = 72.0
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class DotEdge:
    """An edge by the numbers of its ends. `upward`: the head is to lie above the tail."""

    tail: int
    head: int
    weight: int = 1
    upward: bool = False
    level: bool = False
    """Tail and head are to lie on one level, the tail to the left."""
    middle: bool = False
    """It leaves at the middle of the tail's foot and arrives at the middle of the head's top."""


@dataclass(frozen=True, slots=True)
class DotGraph:
    """What is to be laid out: sizes, edges, and groups of boxes that are to stay together."""

    sizes: Sequence[tuple[float, float]]
    edges: Sequence[DotEdge]
    groups: Sequence[frozenset[int]] = ()
    ranksep: float = 22.0
    nodesep: float = 16.0


@dataclass(eq=False, slots=True)
class DotLayout:
    """Centres of the boxes, Bézier routes of the edges (from the tail), y downwards."""

    centres: list[Point] = field(default_factory=list[Point])
    routes: list[list[Point]] = field(default_factory=list[list[Point]])


def layouts(graphs: Sequence[DotGraph]) -> list[DotLayout]:
    """Lay out several graphs in one run of Graphviz.

    Raises:
        DrawingError: no Graphviz is there, or it fails.
    """
    if not graphs:
        return []
    answer = _run("".join(_text(g) for g in graphs))
    decoder = json.JSONDecoder()
    found: list[DotLayout] = []
    position = 0
    for graph in graphs:
        while answer[position].isspace():
            position += 1
        data, position = decoder.raw_decode(answer, position)
        found.append(_layout(data, graph))
    return found


def binary() -> list[str]:
    """The command that lays out: the one that comes with `graphviz-pure`, else the system's dot.

    Raises:
        DrawingError: there is neither.
    """
    beside = shutil.which("graphviz-pure", path=str(Path(sys.executable).parent))
    pure = beside or shutil.which("graphviz-pure")
    if pure:
        return [pure, "-Kdot"]
    system = shutil.which("dot")
    if system:
        return [system]
    raise DrawingError(
        "drawing needs Graphviz, and neither graphviz-pure nor dot was found; "
        "install one: pip install graphviz-pure, or your system's package graphviz"
    )


def _run(text: str) -> str:
    command = [*binary(), "-Tjson0"]
    try:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            encoding="utf-8",
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise DrawingError(f"Graphviz could not lay out the figure: {problem}") from problem
    if done.returncode != 0:
        raise DrawingError(
            f"Graphviz could not lay out the figure ({Path(command[0]).name} ended with "
            f"{done.returncode}): {done.stderr.strip()[:300]}; draw with fewer levels open"
        )
    return done.stdout


def _text(graph: DotGraph) -> str:
    """The graph in dot's language. Nothing of a spec is in it: boxes are numbers."""
    lines = [
        "digraph {",
        f"graph [ranksep={graph.ranksep / _INCH:.4f}, nodesep={graph.nodesep / _INCH:.4f}];",
        'node [shape=box, fixedsize=true, label=""];',
        "edge [arrowhead=none, arrowtail=none];",
    ]
    for number, (w, h) in enumerate(graph.sizes):
        lines.append(f"n{number} [width={w / _INCH:.4f}, height={h / _INCH:.4f}];")
    for number, group in enumerate(graph.groups):
        inside = "; ".join(f"n{i}" for i in sorted(group))
        lines.append(f"subgraph cluster_{number} {{ margin=14; {inside}; }}")
    lines += [_edge_text(edge) for edge in graph.edges]
    return "\n".join([*lines, "}\n"])


def _edge_text(edge: DotEdge) -> str:
    tail, head = (edge.head, edge.tail) if edge.upward else (edge.tail, edge.head)
    ports = ", tailport=s, headport=n" if edge.middle else ""
    text = f"n{tail} -> n{head} [weight={edge.weight}{ports}];"
    if edge.level:
        return f"{{ rank=same; n{tail} -> n{head} [weight={edge.weight}, minlen=2]; }}"
    return text


def _layout(data: Any, graph: DotGraph) -> DotLayout:
    height = float(data["bb"].split(",")[3])
    objects = {o["name"]: o for o in data["objects"]}
    by_number = {o["_gvid"]: o["name"] for o in data["objects"]}
    found = DotLayout()
    for number in range(len(graph.sizes)):
        x, y = map(float, objects[f"n{number}"]["pos"].split(","))
        found.centres.append((x, height - y))
    routes: dict[tuple[str, str], list[list[Point]]] = {}
    for edge in data.get("edges", []):
        points = [_point(p, height) for p in edge["pos"].split()]
        ends = by_number[edge["tail"]], by_number[edge["head"]]
        routes.setdefault(ends, []).append(points)
    for edge in graph.edges:
        tail, head = (edge.head, edge.tail) if edge.upward else (edge.tail, edge.head)
        points = routes[f"n{tail}", f"n{head}"].pop(0)
        found.routes.append(points[::-1] if edge.upward else points)
    return found


def _point(text: str, height: float) -> Point:
    x, y = text.split(",")
    return float(x), height - float(y)

"""Figures: graph → view (what is shown) → placement (where) → scene (in points) → svg."""

from __future__ import annotations

from archlang.draw.build import views
from archlang.draw.compose import best
from archlang.draw.dot import DrawingError
from archlang.draw.scene import Scene
from archlang.draw.svg import write_svg
from archlang.draw.theme import Theme
from archlang.graph import Graph

__all__ = ["DrawingError", "draw_scene", "draw_svg"]


def draw_scene(graph: Graph, *, depth: int | None = None) -> Scene:
    """The figure of a network, everything in its place, for a writer to write.

    `depth` levels of units are drawn open; None: all of a small network, none of a large one.

    Raises:
        DrawingError: there is no Graphviz to lay it out, or it fails.
    """
    return best(views(graph, depth), Theme())


def draw_svg(graph: Graph, *, depth: int | None = None) -> str:
    """The figure of a network as the text of an SVG file, the same bytes on every run.

    `depth` levels of units are drawn open; None: all of a small network, none of a large one.

    Raises:
        DrawingError: there is no Graphviz to lay it out, or it fails.
    """
    return write_svg(draw_scene(graph, depth=depth))

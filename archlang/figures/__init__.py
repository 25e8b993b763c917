"""Figures: graph → view (what is shown) → layout (where) → scene (in points) → a file."""

from __future__ import annotations

from archlang.figures.drawing import draw, draw_scene, draw_svg
from archlang.figures.errors import DrawingError
from archlang.figures.figure import Figure
from archlang.figures.options import Options

__all__ = ["DrawingError", "Figure", "Options", "draw", "draw_scene", "draw_svg"]

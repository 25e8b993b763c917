"""Figures: graph → view (what is shown) → layout (where) → scene (in points) → a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlang.figures.errors import DrawingError

if TYPE_CHECKING:
    from archlang.figures.drawing import draw, draw_scene, draw_svg
    from archlang.figures.figure import Figure
    from archlang.figures.options import Options

__all__ = ["DrawingError", "Figure", "Options", "draw", "draw_scene", "draw_svg"]

_HOMES = {
    "draw": "drawing",
    "draw_scene": "drawing",
    "draw_svg": "drawing",
    "Figure": "figure",
    "Options": "options",
}


def __getattr__(name: str) -> Any:
    # Every command knows the error of a figure; only those that draw pay for the rest.
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"archlang.figures.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'archlang.figures' has no attribute {name!r}")

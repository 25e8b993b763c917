"""The signs of merges, drawn: ⊕ a sum, ⊖ a difference, ⊗ a product, two bars a concatenation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from archlang.figures.geometry import Point, Rect
from archlang.figures.scene.model import Route

_LEVEL = ((-1.0, 0.0), (1.0, 0.0))
_UPRIGHT = ((0.0, -1.0), (0.0, 1.0))
_D = sqrt(0.5)
_ASIDE, _HALF = 0.3, sqrt(1 - 0.3**2)


@dataclass(frozen=True, slots=True)
class Sign:
    """What a merge does, and the strokes that say it, in a circle of radius 1 around 0."""

    name: str
    strokes: tuple[tuple[Point, Point], ...]


SIGNS = {
    "+": Sign("sum", (_LEVEL, _UPRIGHT)),
    "−": Sign("difference", (_LEVEL,)),
    "×": Sign("product", (((-_D, -_D), (_D, _D)), ((-_D, _D), (_D, -_D)))),
    "++": Sign(
        "concatenation",
        (((-_ASIDE, -_HALF), (-_ASIDE, _HALF)), ((_ASIDE, -_HALF), (_ASIDE, _HALF))),
    ),
}
"""By what the caption of a merge says; other merges are written in words."""


def strokes(caption: str, circle: Rect, colour: str, width: float) -> Iterator[Route]:
    """The strokes of a merge's sign in its circle; none, if it has no sign."""
    (x, y), r = circle.centre, circle.w / 2
    for stroke in SIGNS[caption].strokes if caption in SIGNS else ():
        points = tuple((x + r * a, y + r * b) for a, b in stroke)
        yield Route(points, colour, width, curved=False, arrow=False)

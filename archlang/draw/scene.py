"""A figure with everything in its place: shapes, routes and texts in points, y downwards.

Writers read this and nothing else, so that all formats show the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rect:
    """An upright rectangle."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    @property
    def centre(self) -> Point:
        return self.x + self.w / 2, self.y + self.h / 2

    def moved(self, dx: float, dy: float) -> Rect:
        """The same somewhere else."""
        return Rect(self.x + dx, self.y + dy, self.w, self.h)

    def grown(self, by: float) -> Rect:
        """With `by` more on each side."""
        return Rect(self.x - by, self.y - by, self.w + 2 * by, self.h + 2 * by)

    def overlaps(self, other: Rect, slack: float = 0.01) -> bool:
        """Whether they share more than their borders."""
        return (
            self.x < other.right - slack
            and other.x < self.right - slack
            and self.y < other.bottom - slack
            and other.y < self.bottom - slack
        )

    def holds(self, other: Rect, slack: float = 0.01) -> bool:
        """Whether another lies within."""
        return (
            self.x <= other.x + slack
            and self.y <= other.y + slack
            and self.right >= other.right - slack
            and self.bottom >= other.bottom - slack
        )


def around(rects: Sequence[Rect]) -> Rect:
    """The smallest rectangle that holds all of some (at least one)."""
    x, y = min(r.x for r in rects), min(r.y for r in rects)
    return Rect(x, y, max(r.right for r in rects) - x, max(r.bottom for r in rects) - y)


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `x` is its start, middle or end, `y` its baseline."""

    x: float
    y: float
    text: str
    size: float
    anchor: Literal["start", "middle", "end"] = "middle"
    bold: bool = False
    colour: str = ""
    halo: bool = False
    """Whether it stands on the paper's colour, to be read over lines."""
    turned: bool = False
    """Whether it is read from bottom to top."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A rectangle with rounded corners (a circle, if the radius is half its width)."""

    rect: Rect
    fill: str
    stroke: str = ""
    radius: float = 0.0
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """A line through points: Bézier (1 + 3n points) or straight pieces with rounded corners."""

    points: tuple[Point, ...]
    colour: str
    width: float = 1.2
    curved: bool = True
    dashed: bool = False
    arrow: bool = True


Mark = Shape | Route | Text


@dataclass(frozen=True, slots=True)
class Group:
    """Marks that belong together: a box with its labels, a line with its label.

    `role`: box, line, ground, frame, legend, heading. `ends`: the names of the boxes that a line
    joins. `tip` is what a pointer held over it shows.
    """

    role: str
    name: str
    marks: tuple[Mark, ...]
    tip: str = ""
    ends: tuple[str, str] | None = None
    bounds: Rect | None = None
    """Of a box: the shape that lines end at."""


@dataclass(eq=False, slots=True)
class Scene:
    """A whole figure."""

    width: float
    height: float
    title: str
    description: str
    paper: str
    fonts: str
    groups: list[Group] = field(default_factory=list[Group])

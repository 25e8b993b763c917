"""How lines run between strands of boxes: level or upright, around at most two corners.

Here x is across the flow and y along it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archlang.figures.geometry import Point, Rect

BUS = 12.0
"""From the box where strands part to the line across, and from there to where they meet."""
ASIDE = frozenset({"out", "home", "around"})
"""Ways that take a lane beside a body."""


@dataclass(eq=False, slots=True)
class Way:
    """How a line runs, before all boxes have their place; `at` is its lane's place across.

    *part* and *meet*: across near its tail, or near its head; *out* and *home*: to a lane and from
    one; *around*: both.
    """

    line: int
    course: Literal["straight", "part", "meet", "out", "home", "around"]
    at: float = 0.0
    shift: float = 0.0
    """How far from the middle of its box it leaves or arrives, along the flow."""


def run(way: Way, tail: Rect, head: Rect) -> tuple[Point, ...]:
    """The corners of a line from one box to another."""
    a, b = tail.centre[0], head.centre[0]
    foot, top = tail.bottom, head.y
    out, home = tail.centre[1] + way.shift, head.centre[1] - way.shift
    match way.course:
        case "around":
            return ((tail.right, out), (way.at, out), (way.at, home), (head.right, home))
        case "out":
            return ((tail.right, out), (b, out), (b, top))
        case "home":
            return ((a, foot), (a, home), (head.right, home))
        case "part" | "meet" if abs(a - b) > 0.1:
            across = foot + BUS if way.course == "part" else top - BUS
            return ((a, foot), (a, across), (b, across), (b, top))
        case _ if tail.bottom > head.y:  # a chain that hangs at the side of its box
            return ((tail.right, tail.centre[1]), (head.x, tail.centre[1]))
        case _:
            return ((a, foot), (b, top))

"""A dense block in a row: its rounds from left to right, its skips as arcs above them."""

from __future__ import annotations

from archlang.figures.geometry import Point, Rect
from archlang.figures.layout.place import Placed, Placement, sizes
from archlang.figures.view.model import Line, Panel

_GAP = 20.0
_LOWEST, _PER_STEP = 12.0, 7.0
"""Height of the shortest arc, and how much higher each box passed makes it."""


def in_a_row(panel: Panel) -> Placement:
    """The placement of a panel of arcs."""
    placement = Placement(panel)
    x = 0.0
    for box, (w, h) in zip(panel.boxes, sizes(panel, common=False), strict=True):
        placement.rects[box.id] = Rect(x, -h / 2, w, h)
        x += w + _GAP
    for line in panel.lines:
        route = _arc if line.kind != "flow" else _straight
        placement.lines.append(Placed(line, route(line, placement.rects)))
    return placement


def _straight(line: Line, rects: dict[int, Rect]) -> tuple[Point, ...]:
    tail, head = rects[line.tail], rects[line.head]
    a, b = tail.right, head.x
    return ((a, 0.0), (a + (b - a) / 3, 0.0), (b - (b - a) / 3, 0.0), (b, 0.0))


def _arc(line: Line, rects: dict[int, Rect]) -> tuple[Point, ...]:
    """Up from the tail's top, over all that lies between, down to the head's top."""
    tail, head = rects[line.tail], rects[line.head]
    steps = line.head - line.tail
    highest = min(r.y for i, r in rects.items() if line.tail <= i <= line.head)
    top = highest - _LOWEST - _PER_STEP * steps
    a, b = (tail.centre[0], tail.y), (head.centre[0], head.y)
    middle = ((a[0] + b[0]) / 2, top)
    bend = min(40.0, (b[0] - a[0]) / 2)
    return (
        a, (a[0], top), (a[0], top), (a[0] + bend, top),
        (a[0] + bend, top), middle, middle,
        (b[0] - bend, top), (b[0] - bend, top), (b[0] - bend, top),
        (b[0], top), (b[0], top), b,
    )  # fmt: skip

"""More height where lines of the flow cross one another, so that it can be seen where each goes."""

from __future__ import annotations

from itertools import combinations
from math import hypot

from archlang.figures.geometry import Point, Rect
from archlang.figures.layout.place import Placed, Placement

_MORE = 26.0
_FLAT = 0.8
"""Lines steeper than this can be followed as they are (down over across)."""
_NEAR = 12.0
"""From a row of boxes to where its lines begin."""


def opened(placement: Placement) -> Placement:
    """The same drawing, pulled apart between rows of boxes where flat lines cross."""
    merges: set[int] = set()
    for top, bottom in _bands(placement):
        heads = _crossed(placement, top, bottom)
        if heads:
            _pull(placement, (top + bottom) / 2)
            merges |= {h for h in heads if placement.panel.boxes[h].form == "circle"}
    bands = _bands(placement) if merges else []
    for placed in placement.lines:
        line = placed.line
        touched = line.kind == "flow" and merges & {line.tail, line.head}
        if touched and any(_spans(placed, *band) for band in bands):
            placed.points = _aimed(placement, placed)
    return placement


def _bands(placement: Placement) -> list[tuple[float, float]]:
    """Heights at which there is no box, the lowest first."""
    found: list[tuple[float, float]] = []
    rects = sorted(placement.rects.values(), key=lambda r: r.y)
    reach = rects[0].bottom
    for rect in rects[1:]:
        if rect.y > reach:
            found.append((reach, rect.y))
        reach = max(reach, rect.bottom)
    return found[::-1]


def _crossed(placement: Placement, top: float, bottom: float) -> set[int]:
    """Where flat lines go that begin above and end below such a band, and cross in it."""
    lines = [
        placed
        for placed in placement.lines
        if placed.line.kind == "flow" and _spans(placed, top, bottom) and _flat(placed)
    ]
    return {p.line.head for a, b in combinations(lines, 2) if _cross(a, b) for p in (a, b)}


def _spans(placed: Placed, top: float, bottom: float) -> bool:
    """Whether a line begins just above a band and ends just below it."""
    begin, end = placed.points[0][1], placed.points[-1][1]
    return abs(begin - top) <= _NEAR and abs(end - bottom) <= _NEAR


def _flat(placed: Placed) -> bool:
    (ax, ay), (bx, by) = placed.points[0], placed.points[-1]
    return by - ay < _FLAT * abs(bx - ax)


def _cross(a: Placed, b: Placed) -> bool:
    apart = a.line.tail != b.line.tail and a.line.head != b.line.head
    begin, end = a.points[0][0] - b.points[0][0], a.points[-1][0] - b.points[-1][0]
    return apart and begin * end < 0


def _pull(placement: Placement, y: float) -> None:
    """All below some height goes down; lines across it are stretched."""

    def lowered(point: Point) -> Point:
        return (point[0], point[1] + _MORE) if point[1] > y else point

    def stretched(rect: Rect) -> Rect:
        low = lowered((rect.x, rect.y))[1]
        return Rect(rect.x, low, rect.w, lowered((rect.x, rect.bottom))[1] - low)

    placement.rects = {i: stretched(r) for i, r in placement.rects.items()}
    placement.frames = [(f, stretched(r)) for f, r in placement.frames]
    for placed in placement.lines:
        placed.points = tuple(lowered(p) for p in placed.points)


def _aimed(placement: Placement, placed: Placed) -> tuple[Point, ...]:
    """A straight line from one box to the next, towards the middle where that is a merge."""
    ends = [
        rect.centre if placement.panel.boxes[b].form == "circle" else point
        for b, point in (
            (placed.line.tail, placed.points[0]),
            (placed.line.head, placed.points[-1]),
        )
        for rect in [placement.rects[b]]
    ]
    (ax, ay), (bx, by) = ends
    length = hypot(bx - ax, by - ay)
    begin, end = (
        (placement.rects[b].w / 2 if placement.panel.boxes[b].form == "circle" else 0.0) / length
        for b in (placed.line.tail, placed.line.head)
    )
    shares = [begin + (1 - end - begin) * k / 3 for k in range(4)]
    return tuple((ax + (bx - ax) * t, ay + (by - ay) * t) for t in shares)

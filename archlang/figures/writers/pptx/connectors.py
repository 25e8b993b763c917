"""Lines between boxes as connectors that are glued to them.

A connector that PowerPoint knows by name is taken wherever it runs as the line does: it is led
anew when a box is moved. Any other line is a connector with a path of its own, glued as well.
LibreOffice leads every connector by rules of its own: from the middle of a side to the middle of
another, straight, with one corner, or with two of which it takes no account where the file has
them: it turns half-way. Straight lines, and those it leads like this to within a few points, are
connectors for all programs. Curves, lines with more corners and those that it would lead through
boxes have a plain line for all programs that are not PowerPoint, by the rules of markup
compatibility (ISO/IEC 29500-3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import dist, hypot

from archlang.figures.geometry import Point, Rect
from archlang.figures.scene.model import Route
from archlang.figures.writers.pptx import geometry
from archlang.figures.writers.pptx.parts import Label, Part, stroke
from archlang.figures.writers.pptx.xml import EMU, Box, Pen, element

_STRAIGHT = 0.75
"""How far a curve may leave the straight line that is drawn instead, in points."""
_OFF = 0.6
"""How far from a connection site a line may end that looks as if it ended there."""
_CLEAR = 3.0
"""What is left between such a middle and the boxes."""
_MOST = 6
"""Points of the longest connector that PowerPoint knows, its ends and corners."""
_ASIDE = 12.0
"""How far LibreOffice may draw the middle of a line with two corners from its place, in points."""
_QUARTER = 5400000
"""A turn by 90°, in 1/60000°."""


@dataclass(frozen=True, slots=True)
class Target:
    """A shape that lines end at; `number` is that of the shape."""

    number: int
    rect: Rect
    circle: bool = False
    name: str = ""
    within: tuple[str, ...] = ()
    """What it is part of, outside in."""
    whole: Rect | None = None
    """With the sheets that lie under it."""

    @property
    def sites(self) -> list[Point]:
        """Where connectors hold on to it, in the order that PowerPoint numbers them: from the top
        against the clock."""
        r = self.rect
        x, y = r.centre
        if not self.circle:
            return [(x, r.y), (r.x, y), (x, r.bottom), (r.right, y)]
        a, b = r.w / 8**0.5, r.h / 8**0.5
        return [
            (x, r.y), (x - a, y - b), (r.x, y), (x - a, y + b),
            (x, r.bottom), (x + a, y + b), (r.right, y), (x + a, y - b),
        ]  # fmt: skip

    def site(self, end: Point) -> int:
        """The number of the connection site for a line that ends there."""
        sites = self.sites
        if self.circle:
            return min(range(8), key=lambda k: dist(sites[k], end))
        r = self.rect
        gaps = [abs(end[1] - r.y), abs(end[0] - r.x), abs(end[1] - r.bottom), abs(end[0] - r.right)]
        return min(range(4), key=lambda k: (round(gaps[k]), dist(sites[k], end)))

    def snug(self, end: Point) -> bool:
        """Whether a line that is led to the site from there is the same to the eye."""
        return dist(self.sites[self.site(end)], end) <= _OFF


def connector(
    route: Route,
    ends: tuple[Target, Target],
    label: Label,
    pen: Pen,
    *,
    under: bool,
    boxes: Iterable[Rect] = (),
) -> Part:
    """A line from one box to another, glued to both.

    `under`: it lies below its tail; `boxes`: those that no program may lead it through.
    """
    tail, head = ends
    if not under:
        route = _cleared(route, tail.whole or tail.rect)
    points = _corners(route)
    look = _shape(route, points, pen)
    line = geometry.pattern(route.colour, route.width, route.dash, pen, arrow=route.arrow)
    start, end = route.points[0], route.points[-1]
    glue = _glue("a:stCxn", tail, start) + _glue("a:endCxn", head, end)
    about = element("p:nvCxnSpPr", label.xml(), element("p:cNvCxnSpPr", glue), element("p:nvPr"))
    glued = element("p:cxnSp", about, element("p:spPr", look, line))
    plain = stroke(route, label, pen)
    snug = tail.snug(start) and head.snug(end)
    alike = len(points) == 2 or (snug and _is_led_so(points, boxes))
    return Part(glued if alike else _either(glued, plain.xml), plain.box)


def _is_led_so(points: Sequence[Point], boxes: Iterable[Rect]) -> bool:
    """Whether LibreOffice leads a line with corners that way: with two, it turns half-way."""
    if len(points) != 4:
        return len(points) == 3
    (ax, ay), turn, _, (bx, by) = points
    upright = abs(turn[0] - ax) < 0.01
    (a, b, at) = (ay, by, turn[1]) if upright else (ax, bx, turn[0])
    if not min(a, b) < at < max(a, b) or abs(at - (a + b) / 2) > _ASIDE:
        return False
    low, high = sorted((ax, bx) if upright else (ay, by))
    middle, length = (a + b) / 2, high - low
    run = Rect(low, middle, length, 0) if upright else Rect(middle, low, 0, length)
    return not any(box.overlaps(run.grown(_CLEAR)) for box in boxes)


def _either(glued: str, plain: str) -> str:
    """The first for PowerPoint from 2016 on, which knows what `p159` means, else the second."""
    return element(
        "mc:AlternateContent",
        element("mc:Choice", glued, Requires="p159"),
        element("mc:Fallback", plain),
    )


def _glue(name: str, target: Target, end: Point) -> str:
    return element(name, id=target.number, idx=target.site(end))


def _cleared(route: Route, whole: Rect) -> Route:
    """A line that begins where it leaves the sheets under its tail, if it goes on straight."""
    corners = _corners(route)
    if not corners:
        return route
    (x, y), (ahead_x, ahead_y), *rest = corners
    if abs(ahead_x - x) < 0.01 and y < whole.bottom < ahead_y:
        y = whole.bottom
    elif abs(ahead_y - y) < 0.01 and x < whole.right < ahead_x:
        x = whole.right
    else:
        return route
    return replace(route, points=((x, y), (ahead_x, ahead_y), *rest), curved=False)


def _corners(route: Route) -> tuple[Point, ...]:
    """Where a line begins, bends and ends; nothing if no connector of PowerPoint runs so."""
    points = route.points
    if all(_off(p, points[0], points[-1]) <= _STRAIGHT for p in points[1:-1]):
        return points[0], points[-1]
    turns = () if route.curved else tuple(_turns(points))
    return turns if len(turns) <= _MOST and _is_square(turns) else ()


def _turns(points: Sequence[Point]) -> Iterator[Point]:
    """The points of a line with straight pieces, without those where it goes on straight."""
    yield points[0]
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        if _off(point, before, after) > 0.01:
            yield point
    yield points[-1]


def _off(point: Point, start: Point, end: Point) -> float:
    """How far a point is from the straight line between two others."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    square = dx * dx + dy * dy or 1.0
    along = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / square
    along = min(max(along, 0.0), 1.0)
    return hypot(point[0] - start[0] - along * dx, point[1] - start[1] - along * dy)


def _is_square(points: Sequence[Point]) -> bool:
    """Whether a line goes level and upright in turn."""
    if not points:
        return False
    level = [(abs(a[1] - b[1]) < 0.01, abs(a[0] - b[0]) < 0.01) for a, b in pairwise(points)]
    first = level[0][0]
    return all(way[k % 2 ^ (not first)] for k, way in enumerate(level))


def _shape(route: Route, points: Sequence[Point], pen: Pen) -> str:
    """Where a connector is and which way it takes."""
    if len(points) == 2:
        return _straight(points[0], points[1], pen)
    return _bent(points, pen) if points else _along(route, pen)


def _straight(start: Point, end: Point, pen: Pen) -> str:
    (ax, ay), (bx, by) = pen.at(start), pen.at(end)
    box = Box(min(ax, bx), min(ay, by), abs(bx - ax), abs(by - ay))
    frame = box.frame(flipH=1 if bx < ax else None, flipV=1 if by < ay else None)
    return frame + geometry.preset("straightConnector1")


def _bent(points: Sequence[Point], pen: Pen) -> str:
    """The bent connector that runs through corners.

    In its own frame it begins to the right and ends at the opposite corner; one that begins
    upright is that frame turned by a quarter and mirrored.
    """
    places = [pen.at(point) for point in points]
    (ax, ay), (bx, by) = places[0], places[-1]
    upright = abs(points[0][0] - points[1][0]) < 0.01
    along, across = (by - ay, bx - ax) if upright else (bx - ax, by - ay)
    w, h = max(abs(along), EMU), max(abs(across), EMU)
    flip_h, flip_v = along < 0, (across > 0) if upright else (across < 0)
    adjustments: dict[str, int] = {}
    for number, (x, y) in enumerate(places[1:-2], 1):
        u, v = (y - ay, x - ax) if upright else (x - ax, y - ay)
        share = (-u if along < 0 else u) / w if number % 2 else (-v if across < 0 else v) / h
        adjustments[f"adj{number}"] = round(100000 * share)
    box = Box((ax + bx - w) // 2, (ay + by - h) // 2, w, h)
    turn = {"rot": _QUARTER if upright else None, "flipH": flip_h or None, "flipV": flip_v or None}
    frame = box.frame(**{key: None if value is None else int(value) for key, value in turn.items()})
    return frame + geometry.preset(f"bentConnector{len(points) - 1}", **adjustments)


def _along(route: Route, pen: Pen) -> str:
    outline, box = geometry.trail(route, pen)
    return box.frame() + outline + geometry.fill("")

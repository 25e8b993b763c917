"""What DrawingML draws: outlines of shapes, paths, lines with their pattern and arrow head."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from archlang.figures.geometry import Point, Rect
from archlang.figures.scene.model import PATTERNS, Dash, Polygon, Route, Shape
from archlang.figures.writers.pptx.xml import EMU, Box, Pen, element
from archlang.figures.writers.strokes import HEAD_LENGTH, HEAD_WIDTH, Command, Curve, path

_STEPS = 16
"""Into how many pieces a curve is cut to find out how far it reaches."""
NO_LINE = element("a:ln", element("a:noFill"))
_HEADS = {"sm": 2.0, "med": 3.0, "lg": 5.0}
_THINNEST = 2.0 * EMU
"""Arrow heads are measured in widths of their line, or of this, if it is thinner."""


def preset(name: str, **adjustments: int) -> str:
    """One of the shapes that PowerPoint knows by name."""
    guides = (element("a:gd", name=k, fmla=f"val {v}") for k, v in adjustments.items())
    return element("a:prstGeom", element("a:avLst", *guides), prst=name)


def outline(shape: Shape) -> str:
    """The outline of a box: a rectangle, a rounded one or a circle."""
    short = min(shape.rect.w, shape.rect.h)
    if is_circle(shape):
        return preset("ellipse")
    if shape.radius <= 0 or short <= 0:
        return preset("rect")
    return preset("roundRect", adj=min(50000, round(100000 * shape.radius / short)))


def is_circle(shape: Shape) -> bool:
    """Whether the rounded corners are all there is of a shape."""
    w, h = shape.rect.w, shape.rect.h
    return abs(w - h) < 0.01 and shape.radius >= w / 2 - 0.01


def polygon(mark: Polygon, pen: Pen) -> tuple[str, Box]:
    """The outline of a shape with straight sides, a rectangle by its name, and its box."""
    box = pen.box(_bounds(mark.points))
    if is_upright(mark.points):
        return preset("rect"), box
    commands = [_command("a:moveTo", mark.points[:1], box, pen)]
    commands += [_command("a:lnTo", [point], box, pen) for point in mark.points[1:]]
    return _custom([*commands, element("a:close")], box), box


def is_upright(points: Sequence[Point]) -> bool:
    """Whether a polygon is an upright rectangle."""
    xs, ys = {round(x, 2) for x, _ in points}, {round(y, 2) for _, y in points}
    return len(points) == 4 and len(xs) == len(ys) == 2 and len(set(points)) == 4


def trail(route: Route, pen: Pen) -> tuple[str, Box]:
    """A line along its route up to the tip of its arrow head, and its box."""
    commands = path(replace(route, arrow=False))  # the head is a part of the line here
    box = pen.box(reach(commands))
    drawn = [_command("a:moveTo", [commands[0].to], box, pen)]
    for command in commands[1:]:
        if isinstance(command, Curve):
            points = command.first, command.second, command.to
            drawn.append(_command("a:cubicBezTo", points, box, pen))
        else:
            drawn.append(_command("a:lnTo", [command.to], box, pen))
    return _custom(drawn, box, fill="none"), box


def reach(commands: Sequence[Command]) -> Rect:
    """The smallest rectangle that holds a line."""
    points = [commands[0].to]
    for command in commands[1:]:
        if isinstance(command, Curve):
            ends = points[-1], command.first, command.second, command.to
            points += [_bezier(ends, step / _STEPS) for step in range(1, _STEPS)]
        points.append(command.to)
    return _bounds(points)


def pattern(
    colour: str, width: float, dash: Dash, pen: Pen, *, arrow: bool = False, cap: str | None = None
) -> str:
    """How a line is drawn; no colour: not at all."""
    if not colour:
        return NO_LINE
    thick = max(1, pen.length(width))
    parts = [element("a:solidFill", element("a:srgbClr", val=colour[1:]))]
    if PATTERNS[dash]:
        mark, gap = (round(100000 * part / width) for part in PATTERNS[dash])
        parts.append(element("a:custDash", element("a:ds", d=mark, sp=gap)))
    parts.append(element("a:round"))
    if arrow:
        base = max(thick, _THINNEST)
        wide, long = (_nearest(pen.length(x) / base) for x in (HEAD_WIDTH, HEAD_LENGTH))
        parts.append(element("a:tailEnd", type="triangle", w=wide, len=long))
    return element("a:ln", *parts, w=thick, cap=cap or "flat")


def fill(colour: str) -> str:
    """A fill with one colour, or with none."""
    if not colour:
        return element("a:noFill")
    return element("a:solidFill", element("a:srgbClr", val=colour[1:]))


def _nearest(share: float) -> str:
    return min(_HEADS, key=lambda name: abs(_HEADS[name] - share))


def _custom(commands: Iterable[str], box: Box, fill: str | None = None) -> str:
    drawn = element("a:path", *commands, w=box.w, h=box.h, fill=fill)
    return element(
        "a:custGeom",
        *(element(f"a:{name}") for name in ("avLst", "gdLst", "ahLst", "cxnLst")),
        element("a:rect", l="0", t="0", r="r", b="b"),
        element("a:pathLst", drawn),
    )


def _command(name: str, points: Iterable[Point], box: Box, pen: Pen) -> str:
    places = (pen.at(point) for point in points)
    return element(name, *(element("a:pt", x=x - box.x, y=y - box.y) for x, y in places))


def _bezier(ends: tuple[Point, Point, Point, Point], t: float) -> Point:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ends
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    return a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy


def _bounds(points: Sequence[Point]) -> Rect:
    x, y = min(x for x, _ in points), min(y for _, y in points)
    return Rect(x, y, max(x for x, _ in points) - x, max(y for _, y in points) - y)

"""The lines of a scene as paths to be drawn: where they run, bend and end, for every format alike.

A writer asks `path(route)` for the commands of the line and `head(route)` for its arrow head:

    for command in path(route):
        match command:
            case Move(to): ...
            case Line(to): ...
            case Curve(first, second, to): ...  # a cubic Bézier curve with two control points
    triangle = head(route)  # tip and two corners, to be filled; () without an arrow
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, hypot, sin

from archlang.figures.geometry import Point
from archlang.figures.scene.model import Route

CORNER = 6.0
"""Radius of the rounded corners of lines with straight pieces, in points."""
HEAD_LENGTH, HEAD_WIDTH = 6.0, 5.0
"""Of an arrow head, in points."""
_COVERED = 0.7
"""How much of the head covers the line's end: a line up to the tip would stick out of it."""


@dataclass(frozen=True, slots=True)
class Move:
    """Begin at a point."""

    to: Point


@dataclass(frozen=True, slots=True)
class Line:
    """Go straight to a point."""

    to: Point


@dataclass(frozen=True, slots=True)
class Curve:
    """Go to a point along a cubic Bézier curve."""

    first: Point
    second: Point
    to: Point
    corner: Point | None = None
    """Of a rounded corner: the control point of the quadratic Bézier curve that is the same."""


Command = Move | Line | Curve


def path(route: Route) -> list[Command]:
    """How to draw a line, from its tail to within its arrow head; one `Move`, then the rest."""
    points = _shortened(route.points) if route.arrow else route.points
    return _bezier(points) if route.curved else _rounded(points)


def head(route: Route) -> tuple[Point, ...]:
    """The triangle of a line's arrow head, its tip first; nothing if it has none."""
    if not route.arrow:
        return ()
    (x, y), (ax, ay) = route.points[-1], _aim(route.points)
    angle = atan2(y - ay, x - ax)
    bx, by = x - HEAD_LENGTH * cos(angle), y - HEAD_LENGTH * sin(angle)
    dx, dy = HEAD_WIDTH / 2 * sin(angle), -HEAD_WIDTH / 2 * cos(angle)
    return (x, y), (bx + dx, by + dy), (bx - dx, by - dy)


def _bezier(points: tuple[Point, ...]) -> list[Command]:
    start, *rest = points
    thirds = zip(rest[::3], rest[1::3], rest[2::3], strict=True)
    return [Move(start), *(Curve(*third) for third in thirds)]


def _rounded(points: tuple[Point, ...]) -> list[Command]:
    commands: list[Command] = [Move(points[0])]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(CORNER, _distance(before, corner) / 2, _distance(corner, after) / 2)
        enter, leave = _toward(corner, before, radius), _toward(corner, after, radius)
        commands += [Line(enter), _corner(enter, corner, leave)]
    return [*commands, Line(points[-1])]


def _corner(enter: Point, corner: Point, leave: Point) -> Curve:
    """The quadratic curve around a corner; a cubic one has its control points 2/3 on the way."""
    first, second = _between(enter, corner, 2 / 3), _between(leave, corner, 2 / 3)
    return Curve(first, second, leave, corner)


def _shortened(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Ending within the arrow's head."""
    return (*points[:-1], _toward(points[-1], _aim(points), HEAD_LENGTH * _COVERED))


def _aim(points: tuple[Point, ...]) -> Point:
    """The last point before the end that tells where the line comes from."""
    end = points[-1]
    return next((p for p in reversed(points) if _distance(p, end) > 0.5), points[0])


def _distance(a: Point, b: Point) -> float:
    return hypot(a[0] - b[0], a[1] - b[1])


def _toward(start: Point, goal: Point, length: float) -> Point:
    whole = _distance(start, goal) or 1.0
    return _between(start, goal, length / whole)


def _between(start: Point, goal: Point, share: float) -> Point:
    return start[0] + (goal[0] - start[0]) * share, start[1] + (goal[1] - start[1]) * share

"""What marks of a scene are to Graphviz: splines, the signs of merges, runs of text."""

from __future__ import annotations

from archlang.figures.geometry import Point, Rect
from archlang.figures.scene.model import Group, Route, Shape, Text
from archlang.figures.scene.signs import SIGNS, strokes
from archlang.figures.writers.strokes import Curve, Line, path


def spline(route: Route) -> list[Point]:
    """A line as the control points of Bézier curves, one after the other."""
    points: list[Point] = []
    for command in path(route):
        if isinstance(command, Curve):
            points += [command.first, command.second, command.to]
        elif isinstance(command, Line):
            points += [points[-1], command.to, command.to]
        else:
            points.append(command.to)
    return points


def sign_of(routes: list[Route], rect: Rect | None) -> tuple[str, list[Route]]:
    """The sign that strokes within a box make, such as +, and the lines that are no part of it."""
    inside = [r for r in routes if rect and all(_within(rect, point) for point in r.points)]
    if rect is None or not inside:
        return "", routes
    points = [point for route in inside for point in route.points]
    for caption in SIGNS:
        wanted = [p for route in strokes(caption, rect, "", 1) for p in route.points]
        if len(wanted) == len(points) and all(map(_near, wanted, points)):
            return caption, [route for route in routes if route not in inside]
    return "", [route for route in routes if route not in inside]


def _within(rect: Rect, point: Point) -> bool:
    return rect.grown(0.5).holds(Rect(*point, 0, 0))


def _near(one: Point, other: Point) -> bool:
    return abs(one[0] - other[0]) + abs(one[1] - other[1]) < 0.5


def text_runs(texts: list[Text]) -> list[list[Text]]:
    """Lines that stand one right under the other together, the longest such run first."""
    found: list[list[Text]] = []
    for text in texts:
        last = found[-1][-1] if found else None
        if last and abs(text.x - last.x) < 1 and 0 < text.y - last.y < 1.5 * text.size:
            found[-1].append(text)
        else:
            found.append([text])
    return sorted(found, key=len, reverse=True)


def holds(backdrop: Group, box: Group) -> bool:
    """Whether a box lies on a stage or in a frame."""
    shape = next((m for m in backdrop.marks if isinstance(m, Shape)), None)
    return shape is not None and box.bounds is not None and shape.rect.holds(box.bounds)

"""Writes a scene as SVG."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from math import atan2, cos, hypot, sin

from archlang.figures.geometry import Point
from archlang.figures.scene.model import (
    PATTERNS,
    SUB_DROP,
    SUB_SIZE,
    Dash,
    Group,
    Polygon,
    Route,
    Scene,
    Shape,
    Text,
    runs,
)
from archlang.figures.theme import FONT_STACK

_FONTS = ", ".join(f"'{name}'" if " " in name else name for name in FONT_STACK)
_CORNER = 6.0
_HEAD_LENGTH, _HEAD_WIDTH = 6.0, 5.0
_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_svg(scene: Scene) -> str:
    """The text of an SVG file; the same bytes for the same scene."""
    size = f"{_n(scene.width)} {_n(scene.height)}"
    w, h = _n(scene.width), _n(scene.height)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}pt" height="{h}pt" '
        f'viewBox="0 0 {size}" role="img" aria-labelledby="title desc" '
        f'font-family="{_FONTS}">',
        f'<title id="title">{_safe(scene.title)}</title>',
        f'<desc id="desc">{_safe(scene.description)}</desc>',
        f'<rect width="{w}" height="{h}" fill="{scene.paper}"/>',
    ]
    for group in scene.groups:
        lines += _group(group, scene)
    return "\n".join([*lines, "</svg>", ""])


def _group(group: Group, scene: Scene) -> Iterator[str]:
    yield f'<g class="{_safe(group.role)}">'
    if group.tip:
        yield f"<title>{_safe(group.tip)}</title>"
    for mark in group.marks:
        if isinstance(mark, Shape):
            yield _shape(mark)
            yield from (_text(text, scene) for text in mark.texts)
        elif isinstance(mark, Polygon):
            yield _polygon(mark)
        elif isinstance(mark, Route):
            yield from _route(mark)
        else:
            yield _text(mark, scene)
    yield "</g>"


def _shape(shape: Shape) -> str:
    r = shape.rect
    return (
        f'<rect x="{_n(r.x)}" y="{_n(r.y)}" width="{_n(r.w)}" height="{_n(r.h)}" '
        f'rx="{_n(shape.radius)}" fill="{shape.fill or "none"}"{_stroke(shape)}/>'
    )


def _polygon(polygon: Polygon) -> str:
    points = " ".join(_p(p) for p in polygon.points)
    return f'<polygon points="{points}" fill="{polygon.fill or "none"}"{_stroke(polygon)}/>'


def _stroke(mark: Shape | Polygon) -> str:
    if not mark.stroke:
        return ""
    dash = _dash("dashed" if mark.dashed else "solid")
    return f' stroke="{mark.stroke}" stroke-width="{_n(mark.width)}" stroke-linejoin="round"{dash}'


def _dash(dash: Dash) -> str:
    pattern = " ".join(map(_n, PATTERNS[dash]))
    return f' stroke-dasharray="{pattern}"' if pattern else ""


def _route(route: Route) -> Iterator[str]:
    points = _shortened(route.points) if route.arrow else route.points
    path = _bezier(points) if route.curved else _rounded(points)
    yield (
        f'<path d="{path}" fill="none" stroke="{route.colour}" '
        f'stroke-width="{_n(route.width)}" stroke-linejoin="round"{_dash(route.dash)}/>'
    )
    if route.arrow:
        yield f'<path d="{_head(route.points)}" fill="{route.colour}"/>'


def _bezier(points: tuple[Point, ...]) -> str:
    start, *rest = points
    curves = (" ".join(_p(p) for p in rest[i : i + 3]) for i in range(0, len(rest), 3))
    return f"M{_p(start)} " + " ".join(f"C{c}" for c in curves)


def _rounded(points: tuple[Point, ...]) -> str:
    text = [f"M{_p(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(_CORNER, _distance(before, corner) / 2, _distance(corner, after) / 2)
        enter, leave = _toward(corner, before, radius), _toward(corner, after, radius)
        text.append(f"L{_p(enter)} Q{_p(corner)} {_p(leave)}")
    return " ".join([*text, f"L{_p(points[-1])}"])


def _shortened(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Ending within the arrow's head, so that the line does not stick out at its tip."""
    end = points[-1]
    return (*points[:-1], _toward(end, _aim(points), _HEAD_LENGTH * 0.7))


def _aim(points: tuple[Point, ...]) -> Point:
    """The last point before the end that tells where the line comes from."""
    end = points[-1]
    return next((p for p in reversed(points) if _distance(p, end) > 0.5), points[0])


def _head(points: tuple[Point, ...]) -> str:
    (x, y), (ax, ay) = points[-1], _aim(points)
    angle = atan2(y - ay, x - ax)
    bx, by = x - _HEAD_LENGTH * cos(angle), y - _HEAD_LENGTH * sin(angle)
    dx, dy = _HEAD_WIDTH / 2 * sin(angle), -_HEAD_WIDTH / 2 * cos(angle)
    return f"M{_p((x, y))} L{_p((bx + dx, by + dy))} L{_p((bx - dx, by - dy))} Z"


def _distance(a: Point, b: Point) -> float:
    return hypot(a[0] - b[0], a[1] - b[1])


def _toward(start: Point, goal: Point, length: float) -> Point:
    whole = _distance(start, goal) or 1.0
    return (
        start[0] + (goal[0] - start[0]) * length / whole,
        start[1] + (goal[1] - start[1]) * length / whole,
    )


def _text(text: Text, scene: Scene) -> str:
    weight = ' font-weight="bold"' if text.bold else ""
    halo = (
        f' stroke="{scene.paper}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
        if text.halo
        else ""
    )
    turn = f' transform="rotate(-90 {_n(text.x)} {_n(text.y)})"' if text.turned else ""
    return (
        f'<text x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}" '
        f'text-anchor="{text.anchor}" fill="{text.colour}"{weight}{halo}{turn}>'
        f"{''.join(_runs(text))}</text>"
    )


def _runs(text: Text) -> Iterator[str]:
    """The pieces of a line. What follows a subscript is raised again, since `baseline-shift` is
    not understood everywhere."""
    drop, low = text.size * SUB_DROP, False
    for run, subscript in runs(text):
        if subscript:
            small = _n(text.size * SUB_SIZE)
            yield f'<tspan font-size="{small}" dy="{_n(drop)}">{_safe(run)}</tspan>'
        elif low:
            yield f'<tspan dy="{_n(-drop)}">{_safe(run)}</tspan>'
        else:
            yield _safe(run)
        low = subscript


def _safe(text: str) -> str:
    """Text for XML: markup escaped, characters that XML cannot hold left out."""
    return escape(_FORBIDDEN.sub("", text))


def _p(point: Point) -> str:
    return f"{_n(point[0])},{_n(point[1])}"


def _n(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text

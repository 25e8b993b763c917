"""Writes a scene as SVG: text stays text, nothing is loaded and nothing runs.

Several figures may stand in one page: names in it begin with `archlang-`, and those that must be
unique are made of the figure's content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from html import escape

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
from archlang.figures.writers.strokes import Command, Curve, Line, Move, head, path

_FONTS = ", ".join(f"'{name}'" if " " in name else name for name in FONT_STACK)
_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_svg(scene: Scene, *, named: bool = False) -> str:
    """The text of an SVG file; the same bytes for the same scene.

    `named`: boxes, lines and frames carry the names of the scene's groups, for a page that lets
    its reader point at them.
    """
    w, h = _n(scene.width), _n(scene.height)
    title, description = _safe(scene.title), _safe(scene.description)
    drawn = [f'<rect width="{w}" height="{h}" fill="{scene.paper}"/>']
    for group in scene.groups:
        drawn += _group(group, _names(group) if named else "")
    name = f"archlang-{_digest([title, description, *drawn])}"
    head = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}pt" height="{h}pt" '
        f'viewBox="0 0 {w} {h}" role="img" aria-labelledby="{name}-title {name}-desc" '
        f'font-family="{_FONTS}">',
        f'<title id="{name}-title">{title}</title>',
        f'<desc id="{name}-desc">{description}</desc>',
    ]
    return "\n".join([*head, *drawn, "</svg>", ""])


def _digest(lines: list[str]) -> str:
    """A short name for what is drawn."""
    return sha256("\n".join(lines).encode()).hexdigest()[:10]


def _names(group: Group) -> str:
    """What a page finds a group by: a box's name, the ends of a line, the unit of a frame."""
    data = {"box": group.name if group.role == "box" else "", "unit": group.unit}
    data["ends"] = " ".join(group.ends or ())
    return "".join(f' data-{key}="{_safe(value)}"' for key, value in data.items() if value)


def _group(group: Group, names: str) -> Iterator[str]:
    yield f'<g class="archlang-{_safe(group.role)}"{names}>'
    if group.tip:
        yield f"<title>{_safe(group.tip)}</title>"
    for mark in group.marks:
        if isinstance(mark, Shape):
            yield _shape(mark)
            yield from map(_text, mark.texts)
        elif isinstance(mark, Polygon):
            yield _polygon(mark)
        elif isinstance(mark, Route):
            yield from _route(mark)
        else:
            yield _text(mark)
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
    line = " ".join(map(_command, path(route)))
    yield (
        f'<path d="{line}" fill="none" stroke="{route.colour}" '
        f'stroke-width="{_n(route.width)}" stroke-linejoin="round"{_dash(route.dash)}/>'
    )
    if route.arrow:
        corners = " L".join(map(_p, head(route)))
        yield f'<path d="M{corners} Z" fill="{route.colour}"/>'


def _command(command: Command) -> str:
    match command:
        case Move(to):
            return f"M{_p(to)}"
        case Line(to):
            return f"L{_p(to)}"
        case Curve(first, second, to, corner):
            rounded = corner and f"Q{_p(corner)} {_p(to)}"
            return rounded or f"C{_p(first)} {_p(second)} {_p(to)}"


def _text(text: Text) -> str:
    weight = ' font-weight="bold"' if text.bold else ""
    halo = (
        f' stroke="{text.halo}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
        if text.halo
        else ""
    )
    # without it librsvg drops the space after a subscript
    space = ' xml:space="preserve"' if text.math else ""
    turn = f' transform="rotate(-90 {_n(text.x)} {_n(text.y)})"' if text.turned else ""
    return (
        f'<text x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}" '
        f'text-anchor="{text.anchor}" fill="{text.colour}"{weight}{halo}{turn}{space}>'
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

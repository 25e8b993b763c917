"""Routes as TikZ paths: where they begin and end at a box, and how they run between."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import atan2, degrees, hypot

from archlang.figures.geometry import Point, Rect
from archlang.figures.writers.strokes import CORNER
from archlang.figures.writers.tikz.styles import number

_NEAR = 0.6
"""What is nearer than that to where it would look right is put there."""


def point(at: Point) -> str:
    """A place as TikZ writes it."""
    return f"({number(at[0])},{number(at[1])})"


@dataclass(frozen=True, slots=True)
class Ends:
    """The node of a box, at which lines begin and end."""

    name: str
    rect: Rect
    circle: bool

    def anchor(self, at: Point, reach: float) -> str:
        """A point of its outline, or up to `reach` points off it, in terms of the node; a point
        elsewhere as it is."""
        if self.circle:
            return self._angle(at)
        rect = self.rect
        (x, y), (cx, cy) = at, rect.centre
        off = {
            "north": (rect.y - y, x - cx, rect.w),
            "south": (y - rect.bottom, x - cx, rect.w),
            "west": (rect.x - x, cy - y, rect.h),
            "east": (x - rect.right, cy - y, rect.h),
        }
        side = max(off, key=lambda name: off[name][0])
        away, along, length = off[side]
        if not -1.0 <= away <= reach or abs(along) > length / 2:
            return point(at)
        return self._shifted(side, 0.0 if abs(away) <= 1.0 else away, along)

    def _shifted(self, side: str, away: float, along: float) -> str:
        """TikZ shifts upwards."""
        if side in ("north", "south"):
            dx, dy = along, away if side == "north" else -away
        else:
            dx, dy = away if side == "east" else -away, along
        shifts = (("xshift", dx), ("yshift", dy))
        shown = ", ".join(f"{name}={number(d)}pt" for name, d in shifts if abs(d) > _NEAR)
        return f"([{shown}]{self.name}.{side})" if shown else f"({self.name}.{side})"

    def _angle(self, at: Point) -> str:
        (cx, cy), radius = self.rect.centre, self.rect.w / 2
        if abs(hypot(at[0] - cx, at[1] - cy) - radius) > 1.0:
            return point(at)
        angle = round(degrees(atan2(cy - at[1], at[0] - cx))) % 360
        sides = {0: "east", 90: "north", 180: "west", 270: "south"}
        near = next((a for a in (0, 90, 180, 270, 360) if abs(a - angle) <= 3), None)
        return f"({self.name}.{angle if near is None else sides[near % 360]})"


def curve(points: tuple[Point, ...], start: str, end: str) -> tuple[str, list[str]]:
    """A Bézier curve through 1 + 3n points, its controls told from where each piece begins and
    ends; and no further options."""
    if _straight(points):
        return f"{start} -- {end}", []
    text = start
    for i in range(1, len(points), 3):
        before, first, second, after = points[i - 1 : i + 3]
        to = end if i + 3 >= len(points) else point(after)
        out, back = _relative(first, before), _relative(second, after)
        text += f" .. controls {out} and {back} .. {to}"
    return text, []


def pieces(points: tuple[Point, ...], start: str, end: str) -> tuple[str, list[str]]:
    """Straight pieces, two upright ones at a time as `|-`; and the option that rounds corners."""
    text, rest = start, list(points)
    while len(rest) > 1:
        step = 1 + (len(rest) > 2 and _turn(*rest[:3]) != "")
        sign = _turn(*rest[:3]) if step == 2 else "--"
        rest = rest[step:]
        text += f" {sign} {point(rest[0]) if len(rest) > 1 else end}"
    return text, _bend(points)


def _bend(points: tuple[Point, ...]) -> list[str]:
    if len(points) < 3:
        return []
    radius = min(CORNER, *(hypot(b[0] - a[0], b[1] - a[1]) / 2 for a, b in pairwise(points)))
    return ["arch bent" if radius == CORNER else f"rounded corners={number(radius)}pt"]


def _turn(a: Point, b: Point, c: Point) -> str:
    """How a right angle is written that begins or ends upright; '' if it is none."""
    if abs(a[0] - b[0]) < 0.05 and abs(b[1] - c[1]) < 0.05:
        return "|-"
    if abs(a[1] - b[1]) < 0.05 and abs(b[0] - c[0]) < 0.05:
        return "-|"
    return ""


def _relative(at: Point, origin: Point) -> str:
    return f"+{point((at[0] - origin[0], at[1] - origin[1]))}"


def _straight(points: tuple[Point, ...]) -> bool:
    """Whether all points are near the line from the first to the last, one after the other."""
    (ax, ay), (bx, by) = points[0], points[-1]
    dx, dy = bx - ax, by - ay
    length = hypot(dx, dy) or 1.0
    far = max(abs((x - ax) * dy - (y - ay) * dx) / length for x, y in points)
    along = [((x - ax) * dx + (y - ay) * dy) / length for x, y in points]
    return far < _NEAR and all(a <= b + _NEAR for a, b in pairwise(along))

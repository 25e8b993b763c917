"""Where the labels of lines go: beside their line, clear of boxes, lines and each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archlang.figures.geometry import Point, Rect, around
from archlang.figures.layout.place import Placed, Placement, full, sampled
from archlang.figures.scene.model import Text
from archlang.figures.theme import SMALL, TITLE

_OFF = 4.0
_MIDDLE = (0.5, 0.35, 0.65, 0.2, 0.8)
_FIRST_LEG = (0.3, 0.26, 0.34, 0.5, 0.6, 0.4)
"""Where along a line its label may stand, best first; lines to the next column run level first."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text beside a line."""

    placed: Placed
    text: str
    rect: Rect


@dataclass(frozen=True, slots=True)
class _Sampled:
    """Points along a line, and what it keeps within."""

    points: list[Point]
    bounds: Rect

    @classmethod
    def of(cls, placed: Placed) -> _Sampled:
        points = sampled(placed)
        return cls(points, around([Rect(x, y, 0, 0) for x, y in points]).grown(1))


def labels(placement: Placement) -> list[Label]:
    """All labels: W on skips first, then each tensor's shape once."""
    boxes = [full(placement.panel.boxes[i], r) for i, r in placement.rects.items()]
    titled = [(t, r) for t, r, _ in placement.grounds]
    titled += [(f.title, r) for f, r in placement.frames]
    strips = [Rect(r.x - TITLE, r.y, TITLE, r.h) for title, r in titled if title]
    lines = [_Sampled.of(placed) for placed in placement.lines]
    found: list[Label] = []
    seen: set[tuple[int, str]] = set()
    wanted = [(p, p.line.label) for p in placement.lines if p.line.label]
    for placed in sorted(placement.lines, key=lambda p: (p.line.kind != "flow", p.line.training)):
        key = (placed.line.tail, placed.line.shape)
        if placed.line.shape and placed.line.kind != "long" and key not in seen:
            seen.add(key)
            wanted.append((placed, placed.line.shape))
    for placed, text in wanted:
        taken = boxes + strips + [label.rect for label in found]
        found.append(Label(placed, text, _best(placed, text, taken, lines)))
    return found


def _best(placed: Placed, text: str, taken: list[Rect], lines: list[_Sampled]) -> Rect:
    math = placed.line.math and text == placed.line.label
    w, h = Text(0, 0, text, SMALL, math=math).width, SMALL * 1.15
    path = sampled(placed)
    spots = list(_spots(path, w, h, _FIRST_LEG if len(placed.points) == 6 else _MIDDLE))
    room = around(spots).grown(1)
    taken = [r for r in taken if r.overlaps(room)]
    others = [line.points for line in lines if line.bounds.overlaps(room)]

    def cost(spot: Rect) -> int:
        return sum(4 for r in taken if r.overlaps(spot)) + sum(
            any(_inside(p, spot) for p in line) for line in others
        )

    return min(spots, key=cost)


def _inside(point: Point, rect: Rect) -> bool:
    return rect.x - 1 < point[0] < rect.right + 1 and rect.y < point[1] < rect.bottom


def _spots(points: list[Point], w: float, h: float, shares: tuple[float, ...]) -> Iterator[Rect]:
    """Places along a line, the middle first: to its right and left, or above and below."""
    n = len(points) - 1
    for share in shares:
        k = round(share * n)
        (x, y), (ax, ay), (bx, by) = points[k], points[max(k - 1, 0)], points[min(k + 1, n)]
        if abs(by - ay) >= abs(bx - ax):
            for off in (_OFF, 3 * _OFF):
                yield Rect(x + off, y - h / 2, w, h)
                yield Rect(x - off - w, y - h / 2, w, h)
        else:
            yield Rect(x - w / 2, y - _OFF / 2 - h, w, h)
            yield Rect(x - w / 2, y + _OFF / 2, w, h)

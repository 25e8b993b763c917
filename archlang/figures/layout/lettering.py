"""Where the labels of lines go: beside their line, clear of boxes, lines and each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from archlang.figures.geometry import Point, Rect
from archlang.figures.layout.place import (
    LABEL_OFF,
    MARKER,
    STACK,
    Label,
    Placed,
    Placement,
    sampled,
)
from archlang.figures.scene.model import Text
from archlang.figures.theme import SMALL, TITLE

_SQUARE = 48.0
_DIGIT = SMALL * 0.73
"""How high a digit is."""
_CLOSE = 5.0
_MIDDLE = (0.5, 0.35, 0.65, 0.2, 0.8, 0.58, 0.605, 0.625, 0.42)
_FIRST_LEG = (0.3, 0.26, 0.34, 0.5, 0.6, 0.4)
"""Where along a line its label may stand, best first; lines to the next column run level first."""


def labels(placement: Placement) -> list[Label]:
    """All labels: W on skips first, then each tensor's shape once. Found once per placement."""
    if placement.beside is None:
        placement.beside = _labels(placement)
    return placement.beside


def _labels(placement: Placement) -> list[Label]:
    plan = _Plan(placement)
    found: list[Label] = []
    for placed, text in _wanted(placement):
        label = Label(placed, text, plan.best(placed, text))
        plan.take(label.rect)
        found.append(label)
    return found


def _wanted(placement: Placement) -> Iterator[tuple[Placed, str]]:
    seen: set[tuple[int, str]] = set()
    yield from ((p, p.line.label) for p in placement.lines if p.line.label)
    for placed in sorted(placement.lines, key=_rank):
        key = (placed.line.tail, placed.line.shape)
        if placed.line.shape and placed.line.kind != "long" and key not in seen:
            seen.add(key)
            yield placed, placed.line.shape


def _rank(placed: Placed) -> tuple[bool, bool, bool]:
    """Which of the lines that carry one tensor has its shape: the first of the lowest."""
    (ax, ay), (bx, by) = placed.points[0], placed.points[-1]
    slanted = placed.curved and abs(bx - ax) > abs(by - ay)
    return placed.line.kind != "flow", placed.line.training, slanted


_Cell = tuple[int, int]


class _Plan:
    """What is where, by squares of a grid, so that only what is near a label is looked at."""

    def __init__(self, placement: Placement) -> None:
        self._taken: defaultdict[_Cell, list[Rect]] = defaultdict(list)
        self._paths: defaultdict[_Cell, list[tuple[int, Point]]] = defaultdict(list)
        self._halos: list[Rect] = []
        """The markers under accented boxes, better left free too."""
        for i, r in placement.rects.items():
            box = placement.panel.boxes[i]
            self.take(placement.whole(i))
            if box.emphasis == "accent":
                sheets = 2 * STACK if box.count > 1 else 0.0
                self._halos.append(Rect(r.x, r.y, r.w + sheets, r.h + sheets).grown(MARKER))
        titled = [(t, r) for t, r, _ in placement.grounds]
        titled += [(f.title, r) for f, r in placement.frames]
        for title, r in titled:
            if title:
                self.take(Rect(r.x - TITLE, r.y, TITLE, r.h))
        for number, placed in enumerate(placement.lines):
            for point in _dense(sampled(placed)):
                self._paths[_cell(point)].append((number, point))

    def take(self, rect: Rect) -> None:
        """Nothing else is to stand here."""
        for cell in _cells(rect):
            self._taken[cell].append(rect)

    def best(self, placed: Placed, text: str) -> Rect:
        """The first of the places along a line that are least in the way."""
        math = placed.line.math and text == placed.line.label
        w, h = Text(0, 0, text, SMALL, math=math).width, SMALL * 1.15
        shares = _FIRST_LEG if len(placed.points) == 6 else _MIDDLE
        found, least = None, 0.0
        for spot in _spots(sampled(placed), w, h, shares):
            cost = self._cost(spot)
            if found is None or cost < least:
                found, least = spot, cost
            if not cost:
                break
        assert found is not None
        return found

    def _cost(self, spot: Rect) -> float:
        cells = _cells(spot.grown(1))
        rects = {id(r): r for cell in cells for r in self._taken.get(cell, ())}
        lines = {n for cell in cells for n, p in self._paths.get(cell, ()) if _inside(p, spot)}
        ink = Rect(spot.x, spot.centre[1] - _DIGIT / 2, spot.w, _DIGIT)
        marked = sum(_shared(r, ink) for r in self._halos)
        return 4 * sum(r.overlaps(spot) for r in rects.values()) + len(lines) + min(marked, 0.9)


def _cell(point: Point) -> _Cell:
    return int(point[0] // _SQUARE), int(point[1] // _SQUARE)


def _cells(rect: Rect) -> list[_Cell]:
    (left, top), (right, bottom) = _cell((rect.x, rect.y)), _cell((rect.right, rect.bottom))
    return [(i, j) for i in range(left, right + 1) for j in range(top, bottom + 1)]


def _dense(points: list[Point]) -> Iterator[Point]:
    """Points along a line so close that a label between two of them is seen."""
    for (ax, ay), (bx, by) in pairwise(points):
        pieces = 1 + int(max(abs(bx - ax), abs(by - ay)) / _CLOSE)
        for k in range(pieces):
            yield ax + (bx - ax) * k / pieces, ay + (by - ay) * k / pieces
    yield points[-1]


def _inside(point: Point, rect: Rect) -> bool:
    return rect.x - 1 < point[0] < rect.right + 1 and rect.y < point[1] < rect.bottom


def _shared(a: Rect, b: Rect) -> float:
    """How much of the second's height lies on the first, which is next to it."""
    if a.right < b.x or b.right < a.x:
        return 0.0
    h = min(a.bottom, b.bottom) - max(a.y, b.y)
    return round(max(h, 0.0) / b.h, 3)


def _spots(points: list[Point], w: float, h: float, shares: tuple[float, ...]) -> Iterator[Rect]:
    """Places along a line, the middle first: to its right and left, or above and below."""
    n = len(points) - 1
    for share in shares:
        k = round(share * n)
        (ax, ay), (bx, by) = points[max(k - 1, 0)], points[min(k + 1, n)]
        x, y = _at(points, share * n)
        if abs(by - ay) >= abs(bx - ax):
            for off in (LABEL_OFF, 3 * LABEL_OFF):
                yield Rect(x + off, y - h / 2, w, h)
                yield Rect(x - off - w, y - h / 2, w, h)
        else:
            yield Rect(x - w / 2, y - LABEL_OFF / 2 - h, w, h)
            yield Rect(x - w / 2, y + LABEL_OFF / 2, w, h)


def _at(points: list[Point], place: float) -> Point:
    """A point on a line, by its place between the points given."""
    k = min(int(place), len(points) - 2)
    (ax, ay), (bx, by) = points[k], points[k + 1]
    return ax + (bx - ax) * (place - k), ay + (by - ay) * (place - k)

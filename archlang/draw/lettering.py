"""Where the labels of lines go: beside their line, clear of boxes, lines and each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from archlang.draw.metrics import width
from archlang.draw.place import Placed, Placement, full
from archlang.draw.scene import Point, Rect
from archlang.draw.theme import SMALL

_OFF = 4.0
_STEPS = 12


@dataclass(frozen=True, slots=True)
class Label:
    """A text beside a line."""

    placed: Placed
    text: str
    rect: Rect


def labels(placement: Placement) -> list[Label]:
    """All labels: W on skips first, then each tensor's shape once."""
    boxes = [full(placement.panel.boxes[i], r) for i, r in placement.rects.items()]
    samples = [(placed, sampled(placed)) for placed in placement.lines]
    found: list[Label] = []
    seen: set[tuple[int, str]] = set()
    wanted = [(p, p.line.label) for p in placement.lines if p.line.label]
    for placed in sorted(placement.lines, key=lambda p: (p.line.kind != "flow", len(p.points))):
        key = (placed.line.tail, placed.line.shape)
        if placed.line.shape and placed.line.kind != "long" and key not in seen:
            seen.add(key)
            wanted.append((placed, placed.line.shape))
    for placed, text in wanted:
        others = [pts for _, pts in samples]
        taken = boxes + [label.rect for label in found]
        found.append(Label(placed, text, _best(placed, text, taken, others)))
    return found


def sampled(placed: Placed) -> list[Point]:
    """Points along a line, close enough to see what it crosses."""
    points = placed.points
    if not placed.curved:
        return [p for a, b in pairwise(points) for p in _between(a, b)]
    return [
        _bezier(points[i : i + 4], k / _STEPS)
        for i in range(0, len(points) - 3, 3)
        for k in range(_STEPS + 1)
    ]


def _between(a: Point, b: Point) -> Iterator[Point]:
    for k in range(_STEPS + 1):
        t = k / _STEPS
        yield a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t


def _bezier(p: tuple[Point, ...], t: float) -> Point:
    s = 1 - t
    weights = (s**3, 3 * s * s * t, 3 * s * t * t, t**3)
    return (
        sum(w * q[0] for w, q in zip(weights, p, strict=True)),
        sum(w * q[1] for w, q in zip(weights, p, strict=True)),
    )


def _best(placed: Placed, text: str, taken: list[Rect], others: list[list[Point]]) -> Rect:
    w, h = width(text, SMALL), SMALL * 1.15
    spots = list(_spots(sampled(placed), w, h))

    def cost(spot: Rect) -> int:
        return sum(4 for r in taken if r.overlaps(spot)) + sum(
            any(_inside(p, spot) for p in line) for line in others
        )

    return min(spots, key=cost)


def _inside(point: Point, rect: Rect) -> bool:
    return rect.x - 1 < point[0] < rect.right + 1 and rect.y < point[1] < rect.bottom


def _spots(points: list[Point], w: float, h: float) -> Iterator[Rect]:
    """Places along a line, the middle first: to its right and left, or above and below."""
    n = len(points) - 1
    for share in (0.5, 0.35, 0.65, 0.2, 0.8):
        k = round(share * n)
        (x, y), (ax, ay), (bx, by) = points[k], points[max(k - 1, 0)], points[min(k + 1, n)]
        if abs(by - ay) >= abs(bx - ax):
            for off in (_OFF, 3 * _OFF):
                yield Rect(x + off, y - h / 2, w, h)
                yield Rect(x - off - w, y - h / 2, w, h)
        else:
            yield Rect(x - w / 2, y - _OFF / 2 - h, w, h)
            yield Rect(x - w / 2, y + _OFF / 2, w, h)

"""Where the boxes and lines of a panel go, in points, before panels are put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from archlang.figures.geometry import Point, Rect, around
from archlang.figures.layout.graphviz import DotEdge, DotGraph, DotLayout
from archlang.figures.metrics import width
from archlang.figures.scene.model import Text
from archlang.figures.theme import LEADING, SMALL, TITLE
from archlang.figures.view.model import Box, Frame, Line, Panel

PADDING = 8.0
CIRCLE = 24.0
LOOP = 16.0
"""How far the arc of a skip reaches out of a folded box."""
STACK = 3.0
"""Distance of the sheets behind a box that stands for several."""
MARKER = 4.5
"""How far the marker under an accented box reaches out from it."""
FRAME_TITLE = 16.0
_WIDEST_COMMON = 170.0
LABEL_OFF = 4.0
"""From a line to its label."""
_CLOSE = 13.0
_FLOW_WEIGHT = 12
_TITLED = 24.0
_CROSSED = 60.0
"""How much wider boxes count that need room at their sides."""
_STEPS = 12
"""Into how many pieces a curve is cut to see where it goes."""


Side = Literal["right", "left", "above"]


@dataclass(eq=False, slots=True)
class Placed:
    """One line in its place."""

    line: Line
    points: tuple[Point, ...]
    curved: bool = True

    def moved(self, dx: float, dy: float) -> Placed:
        """The same somewhere else."""
        return Placed(self.line, tuple((x + dx, y + dy) for x, y in self.points), self.curved)


@dataclass(frozen=True, slots=True)
class Label:
    """A text beside a line."""

    placed: Placed
    text: str
    rect: Rect


Ground = tuple[str, Rect, tuple[int, ...]]
"""Under the boxes of a stage: its name, the room it takes, the boxes."""


@dataclass(eq=False, slots=True)
class Placement:
    """A panel with everything in its place."""

    panel: Panel
    rects: dict[int, Rect] = field(default_factory=dict[int, Rect])
    lines: list[Placed] = field(default_factory=list[Placed])
    frames: list[tuple[Frame, Rect]] = field(default_factory=list[tuple[Frame, Rect]])
    grounds: list[Ground] = field(default_factory=list[Ground])
    arcs: dict[int, Side] = field(default_factory=dict[int, Side], kw_only=True)
    """Where the arcs of folded units are, if not at the right, where a line leaves."""
    beside: list[Label] | None = field(default=None, kw_only=True)
    """The labels of its lines, as soon as they have their place."""

    @property
    def bounds(self) -> Rect:
        """What the boxes with their arcs, the frames and the lines take."""
        rects = [self.whole(i) for i in self.rects]
        rects += [r for _, r in self.frames] + [r for _, r, _ in self.grounds]
        rects += [Rect(x, y, 0, 0) for placed in self.lines for x, y in placed.points]
        return around(rects)

    def whole(self, b: int) -> Rect:
        """A box with all that belongs to it."""
        box, r = self.panel.boxes[b], self.rects[b]
        if self.arcs.get(b, "right") == "right":
            return full(box, r)
        sheets = 2 * STACK if box.count > 1 else 0.0
        if self.arcs[b] == "left":
            reach = side(box) - sheets
            return Rect(r.x - reach, r.y, r.w + reach + sheets, r.h + sheets)
        return Rect(r.x, r.y - LOOP, r.w + sheets, r.h + LOOP + sheets)

    def moved(self, dx: float, dy: float) -> Placement:
        """The same somewhere else."""
        lines = {id(placed): placed.moved(dx, dy) for placed in self.lines}
        beside = self.beside and [
            Label(lines[id(b.placed)], b.text, b.rect.moved(dx, dy)) for b in self.beside
        ]
        return Placement(
            self.panel,
            {i: r.moved(dx, dy) for i, r in self.rects.items()},
            [*lines.values()],
            [(f, r.moved(dx, dy)) for f, r in self.frames],
            [(t, r.moved(dx, dy), boxes) for t, r, boxes in self.grounds],
            arcs=self.arcs,
            beside=beside,
        )


def badge(box: Box) -> str:
    """The mark of a box that stands for several."""
    return f"×{box.count}" if box.count > 1 else ""


def text_width(box: Box) -> float:
    """Width of the widest line in a box."""
    small = max(width(box.caption.over, SMALL), width(box.caption.under, SMALL))
    title = Text(0, 0, box.caption.title, TITLE, bold=box.folded, math=box.caption.math)
    return max(title.width, small)


def text_height(box: Box) -> float:
    """Height of the lines in a box."""
    rows = bool(box.caption.over) + bool(box.caption.under)
    return TITLE * LEADING + rows * SMALL * LEADING


def badge_width(box: Box) -> float:
    """Width of the part of a box that holds its mark."""
    return width(badge(box), TITLE, bold=True) + 10 if box.count > 1 else 0.0


def size(box: Box) -> tuple[float, float]:
    """Width and height of the shape itself."""
    if box.form == "circle":
        return CIRCLE, CIRCLE
    w = text_width(box) + badge_width(box) + 2 * PADDING
    return max(w, 44.0), text_height(box) + (6.0 if box.form == "pill" else 10.0)


def side(box: Box) -> float:
    """What stands out of a box to its right: the sheets behind it, its arcs and their label."""
    sheets = 2 * STACK if box.count > 1 else 0.0
    if not box.loops:
        return sheets
    label = max(width(loop.matching, SMALL) for loop in box.loops)
    return sheets + LOOP + (label + 4 if label else 0.0)


def full(box: Box, rect: Rect) -> Rect:
    """A box with all that belongs to it."""
    below = 2 * STACK if box.count > 1 else 0.0
    return Rect(rect.x, rect.y, rect.w + side(box), rect.h + below)


def sizes(panel: Panel, common: bool) -> list[tuple[float, float]]:
    """The sizes of a panel's boxes; `common`: equally wide, as far as that is sensible."""
    found = [size(box) for box in panel.boxes]
    if not common:
        return found
    shared = max((w for w, _ in found if w <= _WIDEST_COMMON), default=0.0)
    return [
        (max(w, shared), h) if box.form == "box" else (w, h)
        for box, (w, h) in zip(panel.boxes, found, strict=True)
    ]


def request(panel: Panel, common: bool, titled: Collection[int] = ()) -> DotGraph:
    """What Graphviz is asked: the flow straight down, skips around it. `titled`: boxes that need
    room at their sides for the title of their frame."""
    outer = [
        (w + 2 * side(b) + (_TITLED if b.id in titled else 0.0) + _apart(b, panel), h)
        for b, (w, h) in zip(panel.boxes, sizes(panel, common), strict=True)
    ]
    edges = [
        DotEdge(line.tail, line.head, 1 if line.training or line.kind != "flow" else _FLOW_WEIGHT)
        for line in panel.lines
    ]
    groups = [frame.boxes for frame in panel.frames]
    if panel.math:  # all of a block's layers one below the other: a chain that has to be low
        return DotGraph(outer, edges, groups, ranksep=_CLOSE)
    return DotGraph(outer, edges, groups)


def _apart(box: Box, panel: Panel) -> float:
    """More room around merges of the same tensors, whose lines cross each other."""
    if box.form != "circle":
        return 0.0
    tails = {line.tail for line in panel.lines if line.head == box.id}
    shared = Counter(
        line.head for line in panel.lines if line.tail in tails and line.head != box.id
    )
    return _CROSSED if any(count > 1 for count in shared.values()) else 0.0


def received(panel: Panel, layout: DotLayout, common: bool) -> Placement:
    """Graphviz's answer as a placement."""
    placement = Placement(panel)
    for box, (w, h), (x, y) in zip(panel.boxes, sizes(panel, common), layout.centres, strict=True):
        placement.rects[box.id] = Rect(x - w / 2, y - h / 2, w, h)
    for line, points in zip(panel.lines, layout.routes, strict=True):
        placement.lines.append(Placed(line, _straight(points)))
    for frame in panel.frames:
        inside = around(
            [full(panel.boxes[i], placement.rects[i]) for i in frame.boxes]
            + [Rect(x, y, 0, 0) for p in placement.lines for x, y in p.points
               if {p.line.tail, p.line.head} <= frame.boxes]
        ).grown(7)  # fmt: skip
        placement.frames.append((frame, inside))
    return placement


def _straight(points: list[Point]) -> tuple[Point, ...]:
    """A route without the tremble of rounding where it is a vertical or horizontal line."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    if max(xs) - min(xs) < 1.5:
        x = points[0][0]
        return tuple((x, y) for y in ys)
    if max(ys) - min(ys) < 1.5:
        return tuple((x, ys[0]) for x in xs)
    return tuple(points)


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
